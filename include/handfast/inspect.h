/* Looking at TLS from outside: the names of code points, and the pieces with which somebody who
 * holds the secrets (of a key log, say) opens the records of a connection that was captured.
 *
 * Nothing here takes part in a connection. An hf_opener is one direction under one traffic secret:
 *
 *     hf_opener *o;
 *     if (hf_opener_new(0x1301, secret, &o) != HF_OK) ...
 *     hf_opened got;
 *     if (hf_opener_open(o, record, len, &got) == HF_OK) ... got.type, got.data, got.len
 *     hf_opener_free(o);
 *
 * Threads: an opener is used by one at a time; the rest are functions of their arguments.
 */
#ifndef HANDFAST_INSPECT_H
#define HANDFAST_INSPECT_H

#include <handfast/crypto.h>
#include <handfast/types.h>

HF_BEGIN_DECLS

/* The lists of code points that IANA keeps for TLS. */
typedef enum hf_code_list {
    HF_CODES_CIPHER_SUITE,
    HF_CODES_GROUP,
    HF_CODES_SIGNATURE_SCHEME,
    HF_CODES_EXTENSION,
    HF_CODES_CERTIFICATE_COMPRESSION,
    HF_CODES_VERSION,         /* "TLS 1.3" */
    HF_CODES_HANDSHAKE,       /* "client_hello" */
    HF_CODES_HANDSHAKE_TITLE, /* "ClientHello" */
    HF_CODES_CONTENT,
    HF_CODES_PSK_MODE,
    HF_CODES_CERTIFICATE_TYPE
} hf_code_list;

/* The name of a code point: IANA's, "GREASE" (RFC 8701), or "unknown". Never NULL; static. */
HF_API const char *hf_code_name(hf_code_list list, unsigned code);
/* Whether RFC 8701 reserves the value so that nobody ever gives it a meaning. */
HF_API bool hf_code_is_grease(unsigned code);

/* The hash of a cipher suite of TLS 1.3, or of TLS 1.2 with an AEAD; NULL for another suite. */
HF_API const hf_hash *hf_cipher_suite_hash(uint16_t cipher_suite);
/* Its AEAD, or NULL. */
HF_API const hf_aead *hf_cipher_suite_aead(uint16_t cipher_suite);

/* HKDF-Expand-Label (RFC 9846, 7.1): label without "tls13 " in front. False: a length is out of
 * range, and nothing was written. */
HF_API bool hf_expand_label(const hf_hash *hash, hf_span secret, const char *label, hf_span context,
                            uint8_t *out, size_t out_len);

/* HMAC (RFC 2104). out: digest_len bytes. */
HF_API void hf_hmac(const hf_hash *hash, hf_span key, hf_span data, uint8_t *out);

/* The PRF of TLS 1.2 (RFC 5246, 5). */
HF_API void hf_prf12(const hf_hash *hash, hf_span secret, const char *label, hf_span seed,
                     uint8_t *out, size_t out_len);

/* One direction's record protection. Opaque. */
typedef struct hf_opener hf_opener;

/* What was in a record. data points into the record that was given. */
typedef struct hf_opened {
    uint8_t type; /* ContentType */
    uint8_t *data;
    size_t len;
    size_t padding;
    uint64_t sequence;
} hf_opened;

/* An opener for a TLS 1.3 suite and a traffic secret, at sequence number 0. HF_FAILED: the suite is
 * not of TLS 1.3, the secret is not as long as its hash, or there is no memory; *out is NULL. */
HF_API HF_MUST_CHECK hf_status hf_opener_new(uint16_t cipher_suite, hf_span traffic_secret,
                                             hf_opener **out);

/* What keys of TLS 1.2 come from: a suite with an AEAD, and whose records they are. */
typedef struct hf_opener12 {
    uint16_t cipher_suite;
    hf_role from;
    hf_span master_secret;
    hf_span client_random, server_random; /* 32 bytes each */
} hf_opener12;

/* The same for TLS 1.2, at the first record behind change_cipher_spec. */
HF_API HF_MUST_CHECK hf_status hf_opener_new12(const hf_opener12 *keys, hf_opener **out);
/* How many bytes of key_block a suite of TLS 1.2 takes (RFC 5246, 6.3); 0: not known. */
HF_API size_t hf_key_block_len(uint16_t cipher_suite);

/* Ends and wipes it. NULL is allowed. */
HF_API void hf_opener_free(hf_opener *opener);

/* Decrypts the one whole record at record[0..len) in place. HF_FAILED: it does not open under these
 * keys; the sequence number has not moved, and the record's fragment is spoilt. */
HF_API HF_MUST_CHECK hf_status hf_opener_open(hf_opener *opener, uint8_t *record, size_t len,
                                              hf_opened *out);

HF_END_DECLS

#endif
