/* Hello-like messages taken apart, changed, and put together again with right lengths.
 *
 *     static struct edit e;
 *     edit_open(&e, message);
 *     edit_set(&e, EXT_CODE_key_share, "\0\x1d", 2);
 *     edit_drop(&e, EXT_CODE_cookie);
 *     hf_span changed = edit_close(&e);
 *
 * ClientHello, ServerHello (HelloRetryRequest), EncryptedExtensions and CertificateRequest.
 */
#ifndef TEST_SUPPORT_EDIT_H
#define TEST_SUPPORT_EDIT_H

#include <handfast/types.h>

#include "wire/ext.h"

enum { EDIT_EXTENSIONS_MAX = 400, EDIT_FIELD_MAX = 600, EDIT_MAX = 70000 };

struct edit_bytes {
    size_t len;
    uint8_t data[EDIT_FIELD_MAX];
};

struct edit_extension {
    uint16_t code;
    size_t len;
    size_t at; /* in heap */
};

struct edit {
    uint8_t type;
    uint16_t legacy_version;
    uint8_t random[32];
    struct edit_bytes session_id;
    struct edit_bytes suites;      /* ClientHello: the list; ServerHello: the one */
    struct edit_bytes compression; /* as suites */
    struct edit_bytes context;     /* CertificateRequest */
    bool no_extensions;            /* leave out even their length */
    struct edit_extension ext[EDIT_EXTENSIONS_MAX];
    size_t count;
    uint8_t heap[EDIT_MAX];
    size_t heap_len;
    uint8_t out[EDIT_MAX];
};

void edit_open(struct edit *e, hf_span message);
hf_span edit_close(struct edit *e);

/* The body of an extension that is there. */
hf_span edit_find(const struct edit *e, uint16_t code);
/* Replaces an extension's body, or adds it: before pre_shared_key if that is last. */
void edit_set(struct edit *e, uint16_t code, const void *body, size_t len);
/* Adds it at the very end, whether it is there or not. */
void edit_append(struct edit *e, uint16_t code, const void *body, size_t len);
void edit_drop(struct edit *e, uint16_t code);

#endif
