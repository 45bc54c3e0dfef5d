/* Places of Redis. */
#include "fleet/place.h"

#include <stdio.h>
#include <string.h>

#include "fleet/resp.h"
#include "tool.h"

int place_parse(const char *option, const char *written, struct place *out, struct trouble *trouble)
{
    char address[ADDRESS_HOST_MAX + 16];
    *out = (struct place){0};
    const char *host = written + sizeof PLACE_SCHEME - 1;
    const size_t host_len = strcspn(host, "/");
    if (memchr(host, '@', host_len) != NULL) {
        return trouble_set(trouble, TOOL_USAGE, "Give it with --redis-auth FILE.",
                           "%s: a password does not belong on a command line", option);
    }
    const char *path = host[host_len] == '/' ? host + host_len + 1 : host + host_len;
    if (host_len == 0 || host_len >= sizeof address || strlen(path) >= sizeof out->path) {
        return trouble_set(trouble, TOOL_USAGE,
                           "Write redis://HOST:PORT/..., such as "
                           "redis://127.0.0.1:6379.",
                           "%s %s: this names no place", option, written);
    }
    (void)snprintf(address, sizeof address, "%.*s", (int)host_len, host);
    if (address_parse(option, address, &out->at, trouble) != 0) {
        return trouble->exit_code;
    }
    if (out->at.host[0] == '\0') {
        return trouble_set(trouble, TOOL_USAGE, "Write redis://127.0.0.1:6379.",
                           "%s %s: there is no host", option, written);
    }
    out->at.port = out->at.has_port ? out->at.port : PLACE_PORT;
    (void)snprintf(out->path, sizeof out->path, "%s", path);
    return 0;
}

size_t place_auth(hf_span secret, hf_span words[3])
{
    while (secret.len > 0 &&
           (secret.data[secret.len - 1] == '\n' || secret.data[secret.len - 1] == '\r')) {
        secret.len--;
    }
    if (secret.len == 0) {
        return 0;
    }
    words[0] = resp_word("AUTH");
    const uint8_t *blank = memchr(secret.data, ' ', secret.len);
    if (blank == NULL) {
        words[1] = secret;
        return 2;
    }
    const size_t user_len = (size_t)(blank - secret.data);
    words[1] = (hf_span){secret.data, user_len};
    words[2] = (hf_span){blank + 1, secret.len - user_len - 1};
    return 3;
}
