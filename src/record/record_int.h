/* Inside the record room. */
#ifndef RECORD_RECORD_INT_H
#define RECORD_RECORD_INT_H

#include "record/record.h"

/* What the first bytes of something that is not TLS look like, with an article: "an HTTP
 * response". Never NULL. */
const char *rec_looks_like(hf_span in);

/* Writes the beginning of in for people: its first line in quotes when it is text, else its
 * first bytes in hexadecimal. Always terminated; cap at least 8. */
void rec_excerpt(hf_span in, char *out, size_t cap);

/* RFC 9846, 5.3: the sequence number, padded on the left, XOR the IV. */
void rec_make_nonce(const struct rec_keys *keys, uint8_t nonce[HF_AEAD_NONCE_LEN]);
void rec_write_header(uint8_t *dst, uint8_t type, uint16_t version, size_t len);

/* protect12.c: the forms of TLS 1.2. Bytes that stand before the ciphertext. */
size_t rec_explicit_len(const struct rec_keys *keys);
/* Lengths and the sequence are judged already. */
hf_status rec_seal12(struct rec_keys *keys, const struct rec_seal_args *args, uint8_t *dst,
                     hf_error *error);
/* False: not authentic. */
bool rec_open12(struct rec_keys *keys, uint8_t *record, const struct rec_header *header,
                struct rec_plain *out);

#endif
