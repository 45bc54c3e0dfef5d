/* Addresses as people write them: HOST, HOST:PORT, [IPV6]:PORT, and back. */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include <sys/socket.h>

#include <handfast/types.h>

#include "cli/trouble.h"

enum { ADDRESS_HOST_MAX = 254, ADDRESS_TEXT_MAX = 64 };

struct address {
    char host[ADDRESS_HOST_MAX]; /* without brackets; "" in ":PORT" and "*:PORT" */
    uint16_t port;
    bool has_port;
    bool is_literal; /* an IP address, not a name */
};

/* Reads written. Returns 0 or the exit code of *trouble; what says which option or argument it
 * is. */
int address_parse(const char *what, const char *written, struct address *out,
                  struct trouble *trouble);

/* Whether name can be asked for as a server name: a DNS name in ASCII (RFC 6066, 3) or an
 * address. */
bool address_is_name(const char *name);

/* "127.0.0.1:443", "[::1]:443" */
void address_text(const struct sockaddr *sa, char out[ADDRESS_TEXT_MAX]);

/* Whether it is this machine speaking to itself: 127.0.0.0/8, ::1, or localhost (RFC 6761, 6.3). */
bool address_is_loopback(const struct address *address);

/* The same of an address that is at hand. */
bool address_is_local(const struct sockaddr *sa);

/* The bytes of the IP address alone, into room: what a cookie is bound to. */
hf_span address_bytes(const struct sockaddr *sa, uint8_t room[16]);

#endif
