/* SignatureSchemes (RFC 9846, 4.3.3) as data: which key, which hash, which form. */
#ifndef LIBCRYPTO_SCHEME_H
#define LIBCRYPTO_SCHEME_H

#include <openssl/evp.h>

#include <handfast/crypto.h>

enum lc_form { LC_ECDSA, LC_RSA_PSS, LC_RSA_PKCS1, LC_EDDSA };

struct lc_scheme {
    hf_key_kind kind;
    enum lc_form form;
    uint16_t id;
    uint16_t hash_bits; /* 256, 384, 512; 0 for EdDSA, which hashes itself */
};

/* The longest digest of a scheme. */
enum { LC_DIGEST_MAX_LEN = 64 };

/* The row of the table for a key of this kind and this SignatureScheme, or NULL: they do not
 * fit. */
const struct lc_scheme *lc_scheme_find(hf_key_kind kind, uint16_t id);

/* The row of an ECDSA scheme for a key of whatever curve: TLS 1.2 names the hash only (RFC 9846,
 * 4.3.3). NULL: another kind of scheme or key. */
const struct lc_scheme *lc_scheme_any_curve(hf_key_kind kind, uint16_t id);

/* The row of this SignatureScheme, or NULL. */
const struct lc_scheme *lc_scheme_of(uint16_t id);

/* Hashes message as the scheme asks. Gives the digest's length. */
size_t lc_scheme_digest(const struct lc_scheme *scheme, hf_span message,
                        uint8_t out[LC_DIGEST_MAX_LEN]);

/* The scheme's hash for libcrypto's RSA paddings: fetched once. NULL when that failed. */
const EVP_MD *lc_scheme_md(const struct lc_scheme *scheme);

#endif
