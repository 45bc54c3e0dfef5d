/* Clients over sockets that do not block. */
#include "storm/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 16 };

static bool read_file(const char *path, uint8_t *bytes, hf_span *out);
static bool load_trust(struct peer_world *world, hf_span pem);
static bool load_identity(struct peer_world *world, hf_span chain, hf_span key);

bool peer_world_open(struct peer_world *world, const char *ca, const char *cert, const char *key)
{
    static uint8_t bytes[3][FILE_MAX];
    hf_span pem = {0}, chain = {0}, secret = {0};
    *world = (struct peer_world){0};
    return read_file(ca, bytes[0], &pem) && load_trust(world, pem) &&
           (cert == NULL ||
            (read_file(cert, bytes[1], &chain) && read_file(key, bytes[2], &secret) &&
             load_identity(world, chain, secret)));
}

void peer_world_close(struct peer_world *world)
{
    hf_trust_store_free(world->trust);
    hf_identity_store_free(world->identities);
}

static bool read_file(const char *path, uint8_t *bytes, hf_span *out)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    *out = (hf_span){bytes, fread(bytes, 1, FILE_MAX, file)};
    (void)fclose(file);
    return true;
}

static bool load_trust(struct peer_world *world, hf_span pem)
{
    hf_error error = {0};
    hf_trust *trust = hf_trust_new();
    if (trust == NULL || hf_trust_add(trust, pem, &error) != HF_OK) {
        (void)fprintf(stderr, "no trust: %s\n", error.detail);
        hf_trust_free(trust);
        return false;
    }
    world->trust = hf_trust_store_new(trust);
    hf_trust_free(trust);
    return world->trust != NULL;
}

static bool load_identity(struct peer_world *world, hf_span chain, hf_span key)
{
    const hf_identity_source source = {.size = sizeof source, .chain = chain, .key = key};
    hf_error error = {0};
    hf_identity *identity = NULL;
    if (hf_identity_load(&source, &error, &identity) != HF_OK) {
        (void)fprintf(stderr, "no identity: %s\n", error.detail);
        return false;
    }
    world->identities = hf_identity_store_new(&identity, 1);
    hf_identity_free(identity);
    return world->identities != NULL;
}

hf_config *peer_config(const struct peer_world *world, const struct peer_wish *wish)
{
    hf_config *config = hf_config_new(HF_CLIENT, NULL);
    if (config == NULL) {
        return NULL;
    }
    if (hf_config_set_versions(config, wish->version, wish->version) != HF_OK ||
        hf_config_set_trust(config, world->trust) != HF_OK ||
        hf_config_set_resumption(config, true) != HF_OK ||
        hf_config_set_groups(config, "X25519,secp256r1") != HF_OK ||
        (wish->retry && hf_config_set_key_shares(config, "") != HF_OK) ||
        (wish->mutual && hf_config_set_identities(config, world->identities) != HF_OK) ||
        hf_config_freeze(config) != HF_OK) {
        (void)fprintf(stderr, "no configuration: %s\n", hf_config_error(config)->detail);
        hf_config_free(config);
        return NULL;
    }
    return config;
}

hf_conn *peer_new(const hf_config *config, const hf_session *session, bool early_data)
{
    const hf_conn_params params = {
        .size = sizeof params,
        .now_ms = (int64_t)time(NULL) * 1000,
        .server_name = "localhost",
        .session = session,
        .early_data = early_data,
    };
    hf_conn *conn = NULL;
    if (hf_conn_new(config, &params, &conn) != HF_OK) {
        return NULL;
    }
    if (hf_conn_drive(conn) == HF_FAILED) {
        hf_conn_free(conn);
        return NULL;
    }
    return conn;
}

int peer_dial(uint16_t port)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        const int why = errno;
        (void)close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

int64_t peer_clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Marsaglia's xorshift64*, the upper half. */
uint32_t peer_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * 0x2545f4914f6cdd1dU) >> 32);
}

void peer_fill(uint64_t *state, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)peer_random(state);
    }
}

uint8_t *peer_out_room(struct peer_out *out, size_t len)
{
    if (out->sent == out->len) {
        out->sent = out->len = 0;
    }
    if (out->cap - out->len < len) {
        uint8_t *bytes = realloc(out->bytes, out->len + len);
        if (bytes == NULL) {
            return NULL;
        }
        out->bytes = bytes;
        out->cap = out->len + len;
    }
    return out->bytes + out->len;
}

bool peer_out_write(struct peer_out *out, int fd, size_t most)
{
    while (out->sent < out->len && most > 0) {
        const size_t left = out->len - out->sent;
        const ssize_t n = send(fd, out->bytes + out->sent, left < most ? left : most, MSG_NOSIGNAL);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        out->sent += (size_t)n;
        most -= (size_t)n;
    }
    return true;
}

bool peer_out_flush(struct peer_out *out, hf_conn *conn)
{
    const size_t pending = hf_conn_pending(conn);
    uint8_t *room = pending == 0 ? NULL : peer_out_room(out, pending);
    if (pending == 0 || room == NULL) {
        return pending == 0;
    }
    hf_buf buf = {room, pending, 0};
    const hf_status status = hf_conn_flush(conn, &buf);
    out->len += buf.pos;
    return status == HF_OK;
}
