/* The provider: where the primitives come from.
 *
 * A provider is a const table of descriptors: hashes, AEADs, key exchange groups, and functions
 * over private and public keys. It is synchronous and pure: no registry, no initialisation call, no
 * allocation while records are protected. Waiting (an HSM, a thread, a batch) is not its business:
 * see <handfast/op.h>. hf_provider_default() is libcrypto for the arithmetic, libipsec-mb for the
 * AEADs where the machine has it, and our own ML-KEM-768.
 *
 * Life cycle: tables are static and live for ever. A key exchange's private state is memory of
 * private_size bytes that the caller provides, fills by generate() and must end with clear().
 * Private and public keys are heap objects of the provider, ended by their free functions.
 *
 * Threads: tables and keys may be used by many threads at once; contexts by one at a time.
 *
 * Errors: functions return false on failure, and then every output is unchanged or zero. Failure of
 * open() means "not authentic" and says nothing else.
 *
 *     const hf_provider *p = hf_provider_default();
 *     const hf_group *x25519 = hf_provider_group(p, 0x001d);
 *     uint8_t share[32], secret[32];
 *     x25519->encap(p->random, NULL, peer_share, 32, share, secret);
 */
#ifndef HANDFAST_CRYPTO_H
#define HANDFAST_CRYPTO_H

#include <handfast/types.h>

HF_BEGIN_DECLS

/* Largest values over all descriptors: sizes for fixed buffers. */
enum {
    HF_HASH_MAX_LEN = 48,     /* SHA-384 */
    HF_AEAD_MAX_KEY_LEN = 32, /* AES-256, ChaCha20 */
    HF_AEAD_NONCE_LEN = 12,   /* all TLS 1.3 AEADs: RFC 9846, 5.3 */
    HF_AEAD_TAG_LEN = 16,
    HF_GROUP_MAX_SHARE_LEN = 1216, /* X25519MLKEM768, client: 1184 + 32 */
    HF_GROUP_MAX_SECRET_LEN = 512, /* ffdhe4096 */
    HF_SIGNATURE_MAX_LEN = 1024    /* RSA of 8192 bits */
};

/* Fills out[0..len) with random bytes fit for keys. Returns false when the source failed. ctx is
 * the caller's. */
typedef bool (*hf_random_fn)(void *ctx, uint8_t *out, size_t len);

/* A running hash. Relocatable and copied by plain assignment, so that a transcript can be read at
 * any point. May hold secrets: wipe it. */
typedef struct hf_hash_ctx {
    uint64_t state[29];
} hf_hash_ctx;

/* A hash function of a cipher suite. */
typedef struct hf_hash {
    const char *name;   /* "SHA-256" */
    uint8_t digest_len; /* bytes */
    uint8_t block_len;  /* bytes; HMAC needs it */
    void (*init)(hf_hash_ctx *ctx);
    void (*update)(hf_hash_ctx *ctx, const uint8_t *data, size_t len);
    void (*final)(hf_hash_ctx *ctx, uint8_t *out); /* leaves ctx spent; out: digest_len bytes */
} hf_hash;

/* An AEAD with 12-byte nonces and 16-byte tags. The context is caller's memory of ctx_size bytes,
 * aligned to ctx_align (at most 64), and holds the expanded key. */
typedef struct hf_aead {
    const char *name; /* "AES-128-GCM" */
    uint8_t key_len;
    uint16_t ctx_size;
    uint16_t ctx_align;
    /* Records that one key may protect, and forgeries that may be seen, before it must be changed
     * (RFC 9846, 5.5); UINT64_MAX where the RFC sets none. */
    uint64_t confidentiality_limit;
    uint64_t integrity_limit;
    bool (*init)(void *ctx, const uint8_t *key);
    /* Encrypts src[0..len) and then tail[0..tail_len) (content type and padding) as one plaintext
     * to dst[0..len+tail_len), and writes the tag behind it. dst == src is allowed, other overlap
     * is not; tail may stand right behind src, or at dst + len where it goes. */
    bool (*seal)(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad, uint8_t *dst,
                 const uint8_t *src, size_t len, hf_span tail);
    /* Decrypts in place data[0..len) whose last 16 bytes are the tag. On false the bytes of data
     * are zero up to the tag: no unauthenticated plaintext is left behind. */
    bool (*open)(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad, uint8_t *data,
                 size_t len);
    void (*clear)(
        void *ctx); /* frees what init took and wipes the context; after a failed init too */
} hf_aead;

/* A key exchange group, seen as a KEM: the client generates, the server encapsulates to the
 * client's share, the client decapsulates the server's. Diffie-Hellman is a KEM too. Every peer
 * share is checked as RFC 9846, 4.3.8 and 7.4 and draft-ietf-tls-ecdhe-mlkem ask (point on
 * curve, not all-zero result, ffdhe range, ML-KEM modulus); false means that the peer's share is
 * invalid, or, rarely, that the random source or memory failed. */
typedef struct hf_group {
    const char *name; /* "X25519MLKEM768": the IANA name */
    uint16_t id;      /* the IANA NamedGroup */
    uint16_t client_share_len;
    uint16_t server_share_len;
    uint16_t secret_len;
    uint16_t private_size; /* bytes of private state, aligned to 64 */
    bool post_quantum;
    /* share stays in place, unchanged, until decap has answered. */
    bool (*generate)(hf_random_fn random, void *random_ctx, void *priv, uint8_t *share);
    bool (*decap)(void *priv, const uint8_t *peer_share, size_t peer_len, uint8_t *secret);
    bool (*encap)(hf_random_fn random, void *random_ctx, const uint8_t *peer_share, size_t peer_len,
                  uint8_t *share, uint8_t *secret);
    void (*clear)(void *priv); /* frees and wipes; after a failed generate too */
    /* Finite fields: the prime, client_share_len bytes, or NULL when memory failed; the generator
     * is 2 (RFC 7919, appendix A). Other groups: NULL. */
    const uint8_t *(*prime)(void);
} hf_group;

/* Keys of certificates. Opaque, made and freed by the provider. */
typedef struct hf_private_key hf_private_key;
typedef struct hf_public_key hf_public_key;

/* The kinds of key that certificates hold; which schemes fit is key_schemes's business. */
typedef enum hf_key_kind {
    HF_KEY_RSA,     /* rsaEncryption: rsa_pkcs1 and rsa_pss_rsae */
    HF_KEY_RSA_PSS, /* id-RSASSA-PSS: rsa_pss_pss */
    HF_KEY_P256,
    HF_KEY_P384,
    HF_KEY_P521,
    HF_KEY_ED25519,
    HF_KEY_ED448
} hf_key_kind;

/* Asks for the passphrase of an encrypted key. Writes at most cap bytes to out and returns how
 * many, or -1 for "there is none". ctx is the caller's. out is wiped after use. */
typedef int (*hf_passphrase_fn)(void *ctx, char *out, size_t cap);

/* Why a private key could not be loaded. */
typedef enum hf_key_load {
    HF_KEY_LOAD_OK,
    HF_KEY_LOAD_MALFORMED,   /* not PEM or DER of PKCS#8, SEC1 or PKCS#1 */
    HF_KEY_LOAD_PASSPHRASE,  /* encrypted, and the passphrase is missing or wrong */
    HF_KEY_LOAD_UNSUPPORTED, /* a kind of key that TLS does not sign with here, or RSA < 2048 bits
                              */
    HF_KEY_LOAD_NO_MEMORY
} hf_key_load;

/* The provider's table. Lists end with NULL and stand in default order of preference. */
typedef struct hf_provider {
    const char *name;
    const hf_hash *sha256;
    const hf_hash *sha384;
    const hf_hash *sha1; /* for identifiers in OCSP (RFC 6960, 4.1.1), never under a signature */
    const hf_aead *aes128gcm;
    const hf_aead *aes256gcm;
    const hf_aead *chacha20poly1305;
    const hf_group *const *groups;
    hf_random_fn random; /* ctx: NULL */

    /* Private keys. load takes PEM or DER; *out is the caller's to free. */
    hf_key_load (*private_key_load)(hf_span bytes, hf_passphrase_fn passphrase,
                                    void *passphrase_ctx, hf_private_key **out);
    void (*private_key_free)(hf_private_key *key);
    hf_key_kind (*private_key_kind)(const hf_private_key *key);
    /* Signs message (not its digest) under a SignatureScheme that fits the key. *sig_len: in
     * capacity, out length. */
    bool (*sign)(const hf_private_key *key, uint16_t scheme, hf_span message, uint8_t *sig,
                 size_t *sig_len);

    /* Public keys, from a DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). NULL: malformed,
     * unsupported or RSA outside 2048..8192 bits. */
    hf_public_key *(*public_key_import)(hf_span spki);
    void (*public_key_free)(hf_public_key *key);
    hf_key_kind (*public_key_kind)(const hf_public_key *key);
    /* Size of the key in bits (RSA modulus, curve order). */
    unsigned (*public_key_bits)(const hf_public_key *key);
    /* Under any scheme that fits the key, and under an ECDSA scheme for another curve too: which of
     * them may be used is the caller's to judge. */
    bool (*verify)(const hf_public_key *key, uint16_t scheme, hf_span message, hf_span sig);
    /* The same for a signature in a certificate, whose algorithm says less than a scheme: of an
     * ECDSA scheme only the hash counts, whatever the key's curve, and rsa_pss_rsae stands for
     * both kinds of RSA key (RFC 5758, 3.2; RFC 4055, 3). */
    bool (*verify_issued)(const hf_public_key *key, uint16_t scheme, hf_span message, hf_span sig);
    /* RSA key transport (RFC 5246, 7.4.7.1). encrypt: the 48 bytes of a premaster secret under
     * PKCS#1 v1.5, appended to out. decrypt: those bytes; of a ciphertext that holds none it makes
     * random ones, in the same time, so that nobody learns which it was. False: not an RSA key, no
     * room, or a ciphertext that is not as long as the modulus. */
    bool (*rsa_encrypt)(const hf_public_key *key, hf_random_fn random, void *random_ctx,
                        uint8_t premaster[48], hf_buf *out);
    bool (*rsa_decrypt_premaster)(const hf_private_key *key, hf_span ciphertext, uint8_t *out);
    /* Whether the two are halves of one pair. */
    bool (*key_pair_match)(const hf_private_key *priv, const hf_public_key *pub);
} hf_provider;

/* The provider of this build. Never NULL; static. */
HF_API const hf_provider *hf_provider_default(void);

/* The group with this IANA id, or NULL when the provider has none. */
HF_API const hf_group *hf_provider_group(const hf_provider *provider, uint16_t id);

/* Whether a key of this kind signs under this SignatureScheme (RFC 9846, 4.3.3; for ECDSA the
 * curve is part of the scheme). */
HF_API bool hf_key_kind_fits(hf_key_kind kind, uint16_t scheme);

HF_END_DECLS

#endif
