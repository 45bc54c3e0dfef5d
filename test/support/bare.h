/* A handshake without a connection, for tests of what lies below the machines: extensions,
 * pre-shared keys, messages out.
 *
 *     struct bare b;
 *     hf_config *config = bare_config(HF_SERVER);
 *     ... setters ...
 *     bare_open(&b, config);                  // freezes, takes the reference over
 *     ... ext_alpn_read(b.hs, body, &b.hs->s.offer) ...
 *     bare_close(&b);
 *
 * Its sink keeps what is said and which keys were installed.
 */
#ifndef TEST_SUPPORT_BARE_H
#define TEST_SUPPORT_BARE_H

#include "hs/ext/extensions.h"
#include "hs/hs.h"

enum { BARE_SAID_MAX = 8192, BARE_KEYS_MAX = 8 };

struct bare_key {
    hf_direction direction;
    hf_level level;
    struct secret secret;
};

struct bare {
    hf_config *config;
    struct hs *hs;
    struct hs_result result;
    struct inbox in;
    struct tracer tr;
    hf_error error;
    uint8_t said[BARE_SAID_MAX]; /* messages, one after the other */
    size_t said_len;
    struct bare_key key[BARE_KEYS_MAX];
    size_t key_count;
    size_t ccs_count;
    size_t drop_count;
    uint64_t seed;
};

/* Not frozen. A server chooses its identity outside and a client verifies nobody, so that nothing
 * needs to be there. */
hf_config *bare_config(hf_role role);
void bare_open(struct bare *b, hf_config *config);
/* With a name to send. */
void bare_open_for(struct bare *b, hf_config *config, const char *sni);
void bare_close(struct bare *b);

/* The error so far, which is forgotten. HF_E_NONE: there was none. */
hf_err bare_error(struct bare *b);

/* --- Extensions --- */

typedef bool bare_write_fn(struct hs *hs, struct wr *w);
typedef hf_status bare_read_fn(struct hs *hs, hf_span body, struct hs_offer *out);
typedef hf_status bare_answered_fn(struct hs *hs, hf_span body);

/* What a writer writes must be these bytes (hexadecimal), and at every smaller capacity it must say
 * that it did not fit. NULL: it must decline. */
void bare_must_write(struct bare *b, bare_write_fn *write, const char *expected);

/* Reads a body (hexadecimal) out of exact memory and gives the error; with HF_E_NONE the offer's
 * spans point into memory that is valid until bare_close. */
hf_err bare_read(struct bare *b, bare_read_fn *read, const char *body);
hf_err bare_answered(struct bare *b, bare_answered_fn *answered, const char *body);

/* Every truncation of the body and every byte behind it must be refused with HF_E_DECODE_EXTENSION.
 */
void bare_must_be_whole(struct bare *b, bare_read_fn *read, const char *body);
void bare_must_be_whole_answer(struct bare *b, bare_answered_fn *answered, const char *body);

#endif
