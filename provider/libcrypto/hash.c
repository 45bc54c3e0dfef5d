/* SHA-1, SHA-256, SHA-384 and SHA-512 over libcrypto's low-level functions.
 *
 * They are deprecated in OpenSSL 3.0 in favour of EVP, which allocates, locks and looks up for
 * each digest: several times the cost of hashing a TLS handshake message (README.md has the
 * figures). They are present in every 3.x, use the same assembly, and keep their state in plain
 * memory, which is what lets a transcript be copied by assignment. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/sha.h>

#include "libcrypto/hash.h"
#include "libcrypto/libcrypto.h"

_Static_assert(sizeof(SHA256_CTX) <= sizeof(hf_hash_ctx), "a SHA-256 context fits hf_hash_ctx");
_Static_assert(sizeof(SHA512_CTX) <= sizeof(hf_hash_ctx), "a SHA-384 context fits hf_hash_ctx");
_Static_assert(_Alignof(SHA512_CTX) <= _Alignof(hf_hash_ctx), "and is no stricter aligned");

static void sha1_init(hf_hash_ctx *ctx);
static void sha1_update(hf_hash_ctx *ctx, const uint8_t *data, size_t len);
static void sha1_final(hf_hash_ctx *ctx, uint8_t *out);
static void sha256_init(hf_hash_ctx *ctx);
static void sha256_update(hf_hash_ctx *ctx, const uint8_t *data, size_t len);
static void sha256_final(hf_hash_ctx *ctx, uint8_t *out);
static void sha384_init(hf_hash_ctx *ctx);
static void sha384_update(hf_hash_ctx *ctx, const uint8_t *data, size_t len);
static void sha384_final(hf_hash_ctx *ctx, uint8_t *out);

const hf_hash lc_sha1 = {
    .name = "SHA-1",
    .digest_len = 20,
    .block_len = 64,
    .init = sha1_init,
    .update = sha1_update,
    .final = sha1_final,
};

const hf_hash lc_sha256 = {
    .name = "SHA-256",
    .digest_len = 32,
    .block_len = 64,
    .init = sha256_init,
    .update = sha256_update,
    .final = sha256_final,
};

const hf_hash lc_sha384 = {
    .name = "SHA-384",
    .digest_len = 48,
    .block_len = 128,
    .init = sha384_init,
    .update = sha384_update,
    .final = sha384_final,
};

void lc_sha512_digest(hf_span message, uint8_t out[64])
{
    SHA512_CTX ctx;
    SHA512_Init(&ctx);
    SHA512_Update(&ctx, message.data, message.len);
    SHA512_Final(out, &ctx);
}

static void sha1_init(hf_hash_ctx *ctx)
{
    SHA1_Init((SHA_CTX *)(void *)ctx);
}

static void sha1_update(hf_hash_ctx *ctx, const uint8_t *data, size_t len)
{
    SHA1_Update((SHA_CTX *)(void *)ctx, data, len);
}

static void sha1_final(hf_hash_ctx *ctx, uint8_t *out)
{
    SHA1_Final(out, (SHA_CTX *)(void *)ctx);
}

static void sha256_init(hf_hash_ctx *ctx)
{
    SHA256_Init((SHA256_CTX *)(void *)ctx);
}

static void sha256_update(hf_hash_ctx *ctx, const uint8_t *data, size_t len)
{
    SHA256_Update((SHA256_CTX *)(void *)ctx, data, len);
}

static void sha256_final(hf_hash_ctx *ctx, uint8_t *out)
{
    SHA256_Final(out, (SHA256_CTX *)(void *)ctx);
}

static void sha384_init(hf_hash_ctx *ctx)
{
    SHA384_Init((SHA512_CTX *)(void *)ctx);
}

static void sha384_update(hf_hash_ctx *ctx, const uint8_t *data, size_t len)
{
    SHA384_Update((SHA512_CTX *)(void *)ctx, data, len);
}

static void sha384_final(hf_hash_ctx *ctx, uint8_t *out)
{
    SHA384_Final(out, (SHA512_CTX *)(void *)ctx);
}
