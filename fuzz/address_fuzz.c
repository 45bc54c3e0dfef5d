/* Any text as an address of somebody's command line: what is read can be written so that it reads
 * the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/address.h"

const char *tool_name = "handfast";

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void write_again(const struct address *a)
{
    char text[ADDRESS_HOST_MAX + 10];
    const bool has_colon = strchr(a->host, ':') != NULL || strchr(a->host, '%') != NULL;
    char port[8] = "";
    if (a->has_port) {
        (void)snprintf(port, sizeof port, ":%u", a->port);
    }
    (void)snprintf(text, sizeof text, has_colon ? "[%s]%s" : "%s%s", a->host, port);
    struct address again;
    struct trouble trouble = {0};
    CHECK(address_parse("again", text, &again, &trouble) == 0);
    CHECK(strcmp(again.host, a->host) == 0 && again.port == a->port);
    CHECK(again.has_port == a->has_port && again.is_literal == a->is_literal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[600];
    struct address address;
    struct trouble trouble = {0};
    if (size >= sizeof text) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (address_parse("HOST:PORT", text, &address, &trouble) == 0) {
        CHECK(memchr(address.host, '\0', sizeof address.host) != NULL);
        (void)address_is_loopback(&address);
        write_again(&address);
    } else {
        CHECK(trouble.exit_code != 0);
    }
    CHECK(!address_is_name(text) || strlen(text) < ADDRESS_HOST_MAX);
    return 0;
}
