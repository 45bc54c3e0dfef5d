/* Any bytes as a server's HTTP answer, at once and in pieces of the first byte's length: both ways
 * come to the same answer and the same body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/response.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A sum over the body, which knows nothing of pieces. */
struct body {
    uint64_t len, sum;
};

static void take_body(void *ctx, const uint8_t *data, size_t len)
{
    struct body *body = ctx;
    for (size_t i = 0; i < len; i++) {
        body->sum = body->sum * 31 + data[i];
    }
    body->len += len;
}

static void read_all(const uint8_t *data, size_t size, size_t piece, struct body *body,
                     struct response *r)
{
    response_init(r, take_body, body);
    for (size_t at = 0; at < size; at += piece) {
        const size_t len = piece < size - at ? piece : size - at;
        uint8_t *const copy = malloc(len); /* nothing may be read behind the piece */
        CHECK(copy != NULL);
        memcpy(copy, data + at, len);
        response_feed(r, copy, len);
        free(copy);
    }
    response_end(r);
    CHECK(r->complete != (r->error != NULL));
    CHECK(r->body_len == body->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct response whole;
    struct response pieces;
    struct body whole_body = {0};
    struct body pieces_body = {0};
    if (size < 2) {
        return 0;
    }
    read_all(data + 1, size - 1, size, &whole_body, &whole);
    read_all(data + 1, size - 1, 1 + (size_t)data[0] % 31, &pieces_body, &pieces);
    CHECK(whole.complete == pieces.complete && whole.status == pieces.status);
    CHECK(!whole.complete ||
          (whole_body.len == pieces_body.len && whole_body.sum == pieces_body.sum));
    return 0;
}
