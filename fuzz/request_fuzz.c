/* Any bytes as HTTP requests, at once and in pieces of the first byte's length: both ways come to
 * the same requests and refusals. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/request.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { REQUESTS_MAX = 64 };

/* What an answer depends on. */
struct seen {
    unsigned status;
    enum request_state state;
    enum request_form form;
    bool keep_alive, head, is_safe, said_early, http10;
    char method[16];
    char path[REQUEST_PATH_MAX];
};

static struct seen see(const struct request *r)
{
    struct seen seen = {.status = r->status,
                        .state = r->state,
                        .form = r->form,
                        .keep_alive = r->keep_alive,
                        .head = r->head,
                        .is_safe = r->is_safe,
                        .said_early = r->said_early,
                        .http10 = r->http10};
    CHECK(memchr(r->path, '\0', sizeof r->path) != NULL);
    CHECK(strlen(request_method(r)) < sizeof seen.method);
    strcpy(seen.method, request_method(r));
    strcpy(seen.path, r->path);
    return seen;
}

static bool is_same(const struct seen *a, const struct seen *b)
{
    return a->status == b->status && a->state == b->state && a->form == b->form &&
           a->keep_alive == b->keep_alive && a->head == b->head && a->is_safe == b->is_safe &&
           a->said_early == b->said_early && a->http10 == b->http10 &&
           strcmp(a->method, b->method) == 0 && strcmp(a->path, b->path) == 0;
}

/* Returns how many requests there are, with what is left at the end as one more. */
static size_t read_all(const uint8_t *data, size_t size, size_t piece,
                       struct seen out[REQUESTS_MAX])
{
    struct request r;
    size_t count = 0;
    request_init(&r);
    for (size_t at = 0; at < size && r.state != REQUEST_BAD && count + 1 < REQUESTS_MAX;) {
        const size_t len = piece < size - at ? piece : size - at;
        /* Nothing may be read behind the piece. */
        uint8_t *const copy = malloc(len);
        CHECK(copy != NULL);
        memcpy(copy, data + at, len);
        const size_t used = request_feed(&r, copy, len);
        free(copy);
        CHECK(used <= len && (used == len || r.state == REQUEST_READY));
        CHECK(r.body_len <= REQUEST_BODY_MAX || r.state == REQUEST_BAD);
        at += used;
        if (r.state == REQUEST_READY) {
            CHECK(request_feed(&r, data, size) == 0);
            out[count++] = see(&r);
            request_next(&r);
        }
    }
    out[count++] = see(&r);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct seen whole[REQUESTS_MAX];
    static struct seen pieces[REQUESTS_MAX];
    if (size < 2) {
        return 0;
    }
    request_setup();
    const size_t count = read_all(data + 1, size - 1, size, whole);
    CHECK(read_all(data + 1, size - 1, 1 + (size_t)data[0] % 31, pieces) == count);
    for (size_t i = 0; i + 1 < count; i++) {
        CHECK(is_same(&whole[i], &pieces[i]));
    }
    /* The last is cut off or refused: how far it was read may differ, but not whether it is one. */
    CHECK(whole[count - 1].state == pieces[count - 1].state &&
          (whole[count - 1].state != REQUEST_BAD ||
           whole[count - 1].status == pieces[count - 1].status));
    return 0;
}
