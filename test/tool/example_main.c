/* The surroundings of the README's example: example PORT CA-FILE. Fetches / from localhost. */
#include <arpa/inet.h>
#include <handfast/handfast.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

hf_status fetch(hf_conn *conn, int fd, hf_span request);

static hf_config *make_config(const char *ca_file);
static int connect_to(const char *port);

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 2;
    }
    hf_config *config = make_config(argv[2]);
    const hf_conn_params params = {
        .size = sizeof params, .now_ms = (int64_t)time(NULL) * 1000, .server_name = "localhost"};
    hf_conn *conn = NULL;
    if (config == NULL || hf_conn_new(config, &params, &conn) != HF_OK) {
        return 3;
    }
    const char *request = "GET / HTTP/1.0\r\n\r\n";
    const int fd = connect_to(argv[1]);
    const hf_status s = fetch(conn, fd, (hf_span){(const uint8_t *)request, strlen(request)});
    if (s != HF_CLOSED) {
        const hf_error *error = hf_conn_error(conn);
        fprintf(stderr, "%s %s\n", hf_err_lookup(error->code)->sentence, error->detail);
    }
    close(fd);
    hf_conn_free(conn);
    hf_config_free(config);
    return s == HF_CLOSED ? 0 : 1;
}

static hf_config *make_config(const char *ca_file)
{
    static uint8_t pem[1 << 14];
    FILE *file = fopen(ca_file, "rb");
    if (file == NULL) {
        return NULL;
    }
    const hf_span ca = {pem, fread(pem, 1, sizeof pem, file)};
    fclose(file);
    hf_error error = {0};
    hf_trust *trust = hf_trust_new();
    if (trust == NULL || hf_trust_add(trust, ca, &error) != HF_OK) {
        fprintf(stderr, "%s\n", error.detail);
        return NULL;
    }
    hf_trust_store *store = hf_trust_store_new(trust);
    hf_config *config = hf_config_new(HF_CLIENT, NULL);
    if (hf_config_set_trust(config, store) != HF_OK || hf_config_freeze(config) != HF_OK) {
        fprintf(stderr, "%s\n", hf_config_error(config)->detail);
        return NULL;
    }
    hf_trust_store_free(store);
    hf_trust_free(trust);
    return config;
}

static int connect_to(const char *port)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)atoi(port)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 ? fd : -1;
}
