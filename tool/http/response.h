/* Asks for one page and reads the answer, in any pieces, with any form of body. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <http_parser.h>

#include <handfast/types.h>

#include "cli/text.h"
#include "io/address.h"

/* Adds the request for path to out. */
void response_ask(struct text *out, const char *path, const struct address *host, const char *name);

struct response {
    http_parser parser;
    void (*body)(void *ctx, const uint8_t *data, size_t len);
    void *ctx;
    unsigned status;
    bool complete;
    const char *error; /* NULL: none; static */
    uint64_t body_len;
};

void response_init(struct response *r, void (*body)(void *ctx, const uint8_t *data, size_t len),
                   void *ctx);
void response_feed(struct response *r, const uint8_t *data, size_t len);
/* The stream has ended: the answer is whole if it had no length, else cut off. */
void response_end(struct response *r);

#endif
