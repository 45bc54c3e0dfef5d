/* Extension blocks: found, placed and counted, not yet understood. */
#ifndef WIRE_EXT_H
#define WIRE_EXT_H

#include <handfast/err.h>

#include "wire/rd.h"

/* Messages that carry extensions, as a mask. */
enum ext_where {
    EXT_CH = 1,    /* ClientHello */
    EXT_SH = 2,    /* ServerHello */
    EXT_HRR = 4,   /* HelloRetryRequest */
    EXT_EE = 8,    /* EncryptedExtensions */
    EXT_CR = 16,   /* CertificateRequest */
    EXT_CT = 32,   /* CertificateEntry */
    EXT_NST = 64,  /* NewSessionTicket */
    EXT_SH12 = 128 /* ServerHello of TLS 1.2 */
};

/* Positions in a view and in masks: EXT_server_name and so on. */
enum ext_index {
#define X(name, code, where) EXT_##name,
#include "wire/ext.def"
#undef X
    EXT_COUNT
};

/* Code points: EXT_CODE_server_name and so on. */
enum ext_code {
#define X(name, code, where) EXT_CODE_##name = (code),
#include "wire/ext.def"
#undef X
};

#define EXT_BIT(index) (UINT32_C(1) << (index))

/* A parsed block. body[i] is valid when present has bit i. */
struct ext_view {
    uint32_t present;
    size_t unknown_count;
    uint16_t first_unknown; /* when unknown_count > 0 */
    uint16_t last_code;     /* code point of the last extension, 0 for an empty block */
    hf_span body[EXT_COUNT];
};

/* Parses the extensions of one message. block: without its outer length. Refuses malformed
 * blocks, doubles (known or not) and known extensions in the wrong message. */
hf_status ext_parse(hf_span block, unsigned where, hf_error *error, struct ext_view *out);

/* Refuses known extensions that do not belong into this message, of one that ext_parse took for
 * several. */
hf_status ext_check_placed(const struct ext_view *view, unsigned where, hf_error *error);

/* In a message that answers one of ours: refuses what we did not send (asked: mask of EXT_BIT)
 * and all that we do not know (RFC 9846, 4.3). */
hf_status ext_check_solicited(const struct ext_view *view, uint32_t asked, hf_error *error);

static inline bool ext_has(const struct ext_view *v, enum ext_index i)
{
    return (v->present & EXT_BIT(i)) != 0;
}

/* The code point of a known extension. */
uint16_t ext_code_of(enum ext_index index);

#endif
