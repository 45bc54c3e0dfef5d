/* A recording's memory. */
#include "recording/recording.h"

#include <stdlib.h>
#include <string.h>

static void free_decisions(struct recording *r);

void recording_free(struct recording *r)
{
    for (size_t i = 0; i < r->messages.count; i++) {
        recording_bytes_free(&r->messages.items[i].bytes);
    }
    for (size_t i = 0; i < r->records.count; i++) {
        recording_bytes_free(&r->records.items[i].wire);
    }
    for (size_t i = 0; i < r->steps.count; i++) {
        recording_bytes_free(&r->steps.items[i].in);
        recording_bytes_free(&r->steps.items[i].context);
        recording_bytes_free(&r->steps.items[i].out);
    }
    for (size_t i = 0; i < r->shares.count; i++) {
        recording_bytes_free(&r->shares.items[i].random);
    }
    for (size_t i = 0; i < r->notes.count; i++) {
        free(r->notes.items[i].about);
        free(r->notes.items[i].text);
    }
    free_decisions(r);
    free(r->messages.items);
    free(r->records.items);
    free(r->keys.items);
    free(r->steps.items);
    free(r->shares.items);
    free(r->decisions.items);
    free(r->states.items);
    free(r->ops.items);
    free(r->alerts.items);
    free(r->notes.items);
    free(r->errors.items);
    *r = (struct recording){0};
}

static void free_decisions(struct recording *r)
{
    for (size_t i = 0; i < r->decisions.count; i++) {
        struct recorded_decision *d = &r->decisions.items[i];
        for (size_t k = 0; k < d->candidate_count; k++) {
            free(d->candidates[k].name);
            free(d->candidates[k].reason);
        }
        free(d->candidates);
        free(d->name);
        free(d->reason);
    }
}

bool recording_grow(struct recording *r, void **items, const size_t *count, size_t *cap,
                    size_t size, size_t max)
{
    if (*count < *cap) {
        /* A pop may have left something behind. */
        memset((char *)*items + *count * size, 0, size);
        return true;
    }
    if (*count >= max) {
        return false;
    }
    const size_t doubled = *cap == 0 ? 16 : *cap * 2;
    const size_t grown = doubled < max ? doubled : max;
    void *moved = reallocarray(*items, grown, size);
    if (moved == NULL) {
        r->no_memory = true;
        return false;
    }
    memset((char *)moved + *count * size, 0, (grown - *count) * size);
    *items = moved;
    *cap = grown;
    return true;
}

struct recording_bytes recording_copy(struct recording *r, hf_span bytes)
{
    struct recording_bytes copy = {NULL, 0};
    if (bytes.len == 0) {
        return copy;
    }
    copy.ptr = malloc(bytes.len);
    if (copy.ptr == NULL) {
        r->no_memory = true;
        return copy;
    }
    memcpy(copy.ptr, bytes.data, bytes.len);
    copy.len = bytes.len;
    return copy;
}

void recording_bytes_free(struct recording_bytes *bytes)
{
    if (bytes->ptr != NULL) {
        explicit_bzero(bytes->ptr, bytes->len);
    }
    free(bytes->ptr);
    *bytes = (struct recording_bytes){NULL, 0};
}

bool recording_same(hf_span a, hf_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int recording_step_of(const struct recording *r, hf_span secret, size_t before)
{
    for (size_t i = before; secret.len > 0 && i > 0; i--) {
        if (recording_same(recording_span(&r->steps.items[i - 1].out), secret)) {
            return (int)(i - 1);
        }
    }
    return RECORDING_NONE;
}
