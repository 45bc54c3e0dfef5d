/* Compressed Certificate messages of an identity, made once and kept with it: compressing costs
 * more than the rest of a handshake.
 *
 * Threads: all at all times. Who comes first makes the variant; who comes second at the same moment
 * makes it in vain and takes the first's.
 */
#ifndef IDENTITY_PACKED_H
#define IDENTITY_PACKED_H

#include <handfast/identity.h>

/* Three methods, with and without staple, with and without SCTs. */
enum { PACKED_VARIANTS = 12 };

/* One variant, in one block. */
struct packed {
    size_t size; /* of the block */
    size_t plain_len;
    size_t len;
    uint8_t data[];
};

/* Which variant this is; method: a code point of identity/compress.h. */
size_t packed_variant(uint16_t method, bool has_ocsp, bool has_sct);

/* The variant, or NULL: not made yet. Lives as long as the identity. */
const struct packed *packed_find(const hf_identity *identity, size_t variant);

/* An empty variant for len bytes, or NULL without memory; goes to packed_keep or packed_free. */
struct packed *packed_new(size_t plain_len, hf_span data);
void packed_free(struct packed *packed);

/* Gives the variant to the identity; returns the one that is kept. */
const struct packed *packed_keep(const hf_identity *identity, size_t variant,
                                 struct packed *packed);

#endif
