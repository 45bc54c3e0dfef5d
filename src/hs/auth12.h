/* Authentication of TLS 1.2 (RFC 5246, 7.4), as leaf functions for both machines. */
#ifndef HS_AUTH12_H
#define HS_AUTH12_H

#include "hs/hs.h"

/* --- Certificate ------------------------------------------------------------------------------ */

/* identity NULL: an empty list. */
hf_status auth12_send_certificate(struct hs *hs, const hf_identity *identity);
/* Bytes of its body at most. */
size_t auth12_certificate_size(const hf_identity *identity);

/* Reads the Certificate of the present step, which goes to the transcript, into result->chain; an
 * empty list leaves that NULL. */
hf_status auth12_read_certificate(struct hs *hs);

/* --- Signatures ------------------------------------------------------------------------------- */

/* Whose keys sign so; enum suite_auth. */
uint8_t auth12_of_scheme(uint16_t scheme);

/* The schemes of a list16 that keys of these kinds sign with, in host order, in the arena. auth:
 * bit n for enum suite_auth n. */
hf_status auth12_schemes(struct hs *hs, hf_span list, unsigned auth, uint16_t **out, size_t *count);

/* The answer to choose_identity becomes this end's identity and scheme. */
hf_status auth12_take_identity(struct hs *hs);

/* What a ServerKeyExchange signs: both randoms and the parameters (RFC 8422, 5.4). */
hf_status auth12_key_exchange_input(struct hs *hs, hf_span params, hf_span *out);

/* Reads the CertificateVerify of the present step and asks whether it is good. */
hf_status auth12_read_certificate_verify(struct hs *hs, enum hs_state wait);

/* --- Secrets and Finished --------------------------------------------------------------------- */

/* The transcript ends with ClientKeyExchange: the master secret into the result, and from it the
 * keys of both directions. The premaster secret is wiped. */
hf_status auth12_make_keys(struct hs *hs, uint8_t *premaster, size_t premaster_len);

/* The same with the master secret of the session that is resumed; the randoms are there. */
hf_status auth12_resume_keys(struct hs *hs, const struct secret *secret);

/* The peer's half of the key exchange as its group has it: TLS 1.2 leaves leading zeros of a finite
 * field's value to taste, so they are put back, in the arena. */
hf_status auth12_whole_share(struct hs *hs, hf_span share, hf_span *out);
/* Bytes of length before a half of the key exchange: one for points, two for the others. */
static inline size_t auth12_share_length_bytes(const struct hs *hs)
{
    return hs->result->suite.exchange == SUITE_ECDHE ? 1 : 2;
}

hf_status auth12_send_finished(struct hs *hs, const char *label);
/* Compares and adds to the transcript. */
hf_status auth12_read_finished(struct hs *hs, const char *label);

#endif
