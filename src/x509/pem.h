/* PEM (RFC 7468): blocks of Base64 between lines, with any text around them. */
#ifndef X509_PEM_H
#define X509_PEM_H

#include <handfast/types.h>

struct pem {
    hf_span rest;
    size_t line; /* of rest's first byte, from 1 */
};

struct pem_block {
    hf_span label; /* "CERTIFICATE" */
    hf_span body;  /* what stands between the two lines */
    size_t line;   /* of the BEGIN line */
};

enum pem_found {
    PEM_FOUND,
    PEM_NONE,  /* no further block */
    PEM_BROKEN /* a block that never ends, or ends with another label; *out is that block */
};

static inline struct pem x5_pem_over(hf_span text)
{
    return (struct pem){text, 1};
}

/* The next block. Explanatory text before it is skipped (RFC 7468, 2). */
HF_MUST_CHECK enum pem_found x5_pem_next(struct pem *p, struct pem_block *out);

/* Room that x5_pem_decode may need. */
static inline size_t x5_pem_decoded_max(const struct pem_block *block)
{
    return block->body.len / 4 * 3 + 3;
}

/* Decodes the body: RFC 7468, 3, with white space anywhere. False: not Base64, or empty. */
HF_MUST_CHECK bool x5_pem_decode(const struct pem_block *block, uint8_t *out, size_t *out_len);

#endif
