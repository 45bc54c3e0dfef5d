/* Addresses in words. */
#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tool.h"

static int malformed(const char *what, const char *written, const char *why,
                     struct trouble *trouble);
static bool is_ipv6_literal(const char *host);
static bool parse_port(const char *s, uint16_t *out);

int address_parse(const char *what, const char *written, struct address *out,
                  struct trouble *trouble)
{
    *out = (struct address){0};
    const char *host = written, *end = NULL, *port = NULL;
    if (written[0] == '[') {
        host = written + 1;
        end = strchr(host, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
            return malformed(what, written, "the brackets of an IPv6 address do not match",
                             trouble);
        }
        port = end[1] == ':' ? end + 2 : NULL;
    } else {
        const char *first = strchr(written, ':');
        const char *last = strrchr(written, ':');
        /* More than one colon and no brackets: an IPv6 address without a port. */
        port = first != NULL && first == last ? first + 1 : NULL;
        end = port != NULL ? first : written + strlen(written);
    }
    if (strstr(written, "://") != NULL || (port != NULL && strchr(port, '/') != NULL)) {
        return malformed(what, written, "a URL is not taken, only the host and the port in it",
                         trouble);
    }
    const size_t len = (size_t)(end - host);
    if (len >= sizeof out->host) {
        return malformed(what, written, "the host is longer than a name can be", trouble);
    }
    memcpy(out->host, host, len);
    if (strcmp(out->host, "*") == 0) {
        out->host[0] = '\0';
    }
    if (port != NULL && !parse_port(port, &out->port)) {
        return malformed(what, written, "the port is not a number from 0 to 65535", trouble);
    }
    out->has_port = port != NULL;
    uint8_t bytes[16];
    const bool is_ipv6 = is_ipv6_literal(out->host);
    out->is_literal = is_ipv6 || inet_pton(AF_INET, out->host, bytes) == 1;
    if (!is_ipv6 && (written[0] == '[' || strpbrk(out->host, ":%") != NULL)) {
        return malformed(what, written, "it is not an IPv6 address", trouble);
    }
    return 0;
}

/* Perhaps with a zone behind '%' (RFC 4007, 11): the name of an interface, or its number. */
static bool is_ipv6_literal(const char *host)
{
    uint8_t bytes[16];
    char address[INET6_ADDRSTRLEN];
    const char *zone = strchr(host, '%');
    const size_t len = zone == NULL ? strlen(host) : (size_t)(zone - host);
    if (len >= sizeof address || (zone != NULL && (zone[1] == '\0' || strpbrk(zone + 1, "[]:%")))) {
        return false;
    }
    memcpy(address, host, len);
    address[len] = '\0';
    return inet_pton(AF_INET6, address, bytes) == 1;
}

bool address_is_name(const char *name)
{
    uint8_t bytes[16];
    if (inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1) {
        return true;
    }
    size_t label = 0;
    for (const char *c = name; *c != '\0'; c++) {
        const bool usual = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                           (*c >= '0' && *c <= '9') || *c == '-' || *c == '_';
        if (*c == '.' ? label == 0 : !usual || label == 63) {
            return false;
        }
        label = *c == '.' ? 0 : label + 1;
    }
    return label > 0 && strlen(name) <= 253;
}

void address_text(const struct sockaddr *sa, char out[ADDRESS_TEXT_MAX])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;
        (void)inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof ip);
        (void)snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%u", ip, ntohs(in6->sin6_port));
    } else {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;
        (void)inet_ntop(AF_INET, &in->sin_addr, ip, sizeof ip);
        (void)snprintf(out, ADDRESS_TEXT_MAX, "%s:%u", ip, ntohs(in->sin_port));
    }
}

static bool is_loopback_ip(int family, const uint8_t *ip)
{
    static const uint8_t ip6_loopback[16] = {[15] = 1};
    static const uint8_t mapped[13] = {
        [10] = 0xff, [11] = 0xff, [12] = 127}; /* ::ffff:127.0.0.0/104 */
    if (family == AF_INET) {
        return ip[0] == 127;
    }
    return memcmp(ip, ip6_loopback, sizeof ip6_loopback) == 0 ||
           memcmp(ip, mapped, sizeof mapped) == 0;
}

bool address_is_loopback(const struct address *address)
{
    uint8_t ip[16];
    if (inet_pton(AF_INET, address->host, ip) == 1) {
        return is_loopback_ip(AF_INET, ip);
    }
    if (inet_pton(AF_INET6, address->host, ip) == 1) {
        return is_loopback_ip(AF_INET6, ip);
    }
    return strcasecmp(address->host, "localhost") == 0;
}

bool address_is_local(const struct sockaddr *sa)
{
    uint8_t room[16];
    const hf_span ip = address_bytes(sa, room);
    return ip.len > 0 && is_loopback_ip(sa->sa_family, ip.data);
}

hf_span address_bytes(const struct sockaddr *sa, uint8_t room[16])
{
    if (sa->sa_family == AF_INET6) {
        memcpy(room, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
        return (hf_span){room, 16};
    }
    memcpy(room, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    return (hf_span){room, 4};
}

static int malformed(const char *what, const char *written, const char *why,
                     struct trouble *trouble)
{
    return trouble_set(trouble, TOOL_USAGE, "Write HOST:PORT, 192.0.2.1:443 or [2001:db8::1]:443.",
                       "%s %s: %s", what, written, why);
}

static bool parse_port(const char *s, uint16_t *out)
{
    char *end = NULL;
    const unsigned long port = strtoul(s, &end, 10);
    if (s[0] < '0' || s[0] > '9' || *end != '\0' || port > 65535) {
        return false;
    }
    *out = (uint16_t)port;
    return true;
}
