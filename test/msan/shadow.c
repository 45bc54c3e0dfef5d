/* MemorySanitizer and the libraries that it cannot see into: part of every test program of `make
 * msan`.
 *
 * hf_provider_default() becomes a provider that stands before the real one. Each call checks that
 * all bytes that go in are initialised (so a key, a transcript or a record of which a part was
 * never written is found here, where uninstrumented code would take it), and marks as initialised
 * exactly what the contract of <handfast/crypto.h> says is written. A call that fails has written
 * nothing.
 *
 * libcrypto's and jansson's own memory is given out zeroed, what they pass to the C library is not
 * judged, and the stack below a call is marked as initialised: what instrumented functions have
 * left there must not be taken for theirs. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <sanitizer/msan_interface.h>

#include <handfast/crypto.h>

#include "msan/shadow.h"

enum {
    STACK_BELOW = 64 * 1024, /* what a call into libcrypto may use of the stack */
    GROUPS = 8,
    PREMASTER_LEN = 48,
    TAG = HF_AEAD_TAG_LEN
};

extern const hf_provider *__real_hf_provider_default(void);
extern const hf_provider *__wrap_hf_provider_default(void);

static const hf_provider *real;

__attribute__((noinline)) void shadow_stack(void)
{
    char *frame = __builtin_frame_address(0);
    __msan_unpoison(frame - STACK_BELOW, STACK_BELOW);
}

static void in(const void *p, size_t len)
{
    if (len > 0) {
        __msan_check_mem_is_initialized(p, len);
    }
}

static void in_span(hf_span span)
{
    in(span.data, span.len);
}

static void out(const void *p, size_t len)
{
    if (len > 0) {
        __msan_unpoison(p, len);
    }
}

/* ---- hashes ---- */

static void hash_init(const hf_hash *hash, hf_hash_ctx *ctx)
{
    shadow_stack();
    hash->init(ctx);
    out(ctx, sizeof *ctx);
}

static void hash_update(const hf_hash *hash, hf_hash_ctx *ctx, const uint8_t *data, size_t len)
{
    in(ctx, sizeof *ctx);
    in(data, len);
    shadow_stack();
    hash->update(ctx, data, len);
}

static void hash_final(const hf_hash *hash, hf_hash_ctx *ctx, uint8_t *digest)
{
    in(ctx, sizeof *ctx);
    shadow_stack();
    hash->final(ctx, digest);
    out(digest, hash->digest_len);
}

#define HASH(which)                                                                                \
    static void which##_init(hf_hash_ctx *ctx)                                                     \
    {                                                                                              \
        hash_init(real->which, ctx);                                                               \
    }                                                                                              \
    static void which##_update(hf_hash_ctx *ctx, const uint8_t *data, size_t len)                  \
    {                                                                                              \
        hash_update(real->which, ctx, data, len);                                                  \
    }                                                                                              \
    static void which##_final(hf_hash_ctx *ctx, uint8_t *digest)                                   \
    {                                                                                              \
        hash_final(real->which, ctx, digest);                                                      \
    }                                                                                              \
    static hf_hash which = {.init = which##_init, .update = which##_update, .final = which##_final};

HASH(sha256)
HASH(sha384)
HASH(sha1)

static void take_hash(hf_hash *mine, const hf_hash *theirs)
{
    mine->name = theirs->name;
    mine->digest_len = theirs->digest_len;
    mine->block_len = theirs->block_len;
}

/* ---- AEADs ---- */

struct sealing {
    const uint8_t *nonce;
    hf_span aad;
    uint8_t *dst;
    const uint8_t *src;
    size_t len;
    hf_span tail;
};

static bool aead_init(const hf_aead *aead, void *ctx, const uint8_t *key)
{
    in(key, aead->key_len);
    shadow_stack();
    const bool ok = aead->init(ctx, key);
    out(ctx, aead->ctx_size);
    return ok;
}

static bool aead_seal(const hf_aead *aead, void *ctx, const struct sealing *s)
{
    in(s->nonce, HF_AEAD_NONCE_LEN);
    in_span(s->aad);
    in(s->src, s->len);
    in_span(s->tail);
    shadow_stack();
    const bool ok = aead->seal(ctx, s->nonce, s->aad, s->dst, s->src, s->len, s->tail);
    out(s->dst, ok ? s->len + s->tail.len + TAG : 0);
    return ok;
}

/* The bytes of data count as written in either case: decrypted, or zero. */
static bool aead_open(const hf_aead *aead, void *ctx, const struct sealing *s)
{
    in(s->nonce, HF_AEAD_NONCE_LEN);
    in_span(s->aad);
    in(s->dst, s->len);
    shadow_stack();
    return aead->open(ctx, s->nonce, s->aad, s->dst, s->len);
}

#define AEAD(which)                                                                                \
    static bool which##_init(void *ctx, const uint8_t *key)                                        \
    {                                                                                              \
        return aead_init(real->which, ctx, key);                                                   \
    }                                                                                              \
    static bool which##_seal(void *ctx, const uint8_t *nonce, hf_span aad, uint8_t *dst,           \
                             const uint8_t *src, size_t len, hf_span tail)                         \
    {                                                                                              \
        return aead_seal(real->which, ctx, &(struct sealing){nonce, aad, dst, src, len, tail});    \
    }                                                                                              \
    static bool which##_open(void *ctx, const uint8_t *nonce, hf_span aad, uint8_t *data,          \
                             size_t len)                                                           \
    {                                                                                              \
        return aead_open(real->which, ctx,                                                         \
                         &(struct sealing){.nonce = nonce, .aad = aad, .dst = data, .len = len});  \
    }                                                                                              \
    static void which##_clear(void *ctx)                                                           \
    {                                                                                              \
        shadow_stack();                                                                            \
        real->which->clear(ctx);                                                                   \
    }                                                                                              \
    static hf_aead which;

AEAD(aes128gcm)
AEAD(aes256gcm)
AEAD(chacha20poly1305)

#define TAKE_AEAD(which)                                                                           \
    do {                                                                                           \
        which = *real->which;                                                                      \
        which.init = which##_init;                                                                 \
        which.seal = which##_seal;                                                                 \
        which.open = which##_open;                                                                 \
        which.clear = which##_clear;                                                               \
    } while (0)

/* ---- groups ---- */

struct source {
    hf_random_fn fn;
    void *ctx;
};

static bool group_generate(const hf_group *group, struct source random, void *priv, uint8_t *share)
{
    shadow_stack();
    const bool ok = group->generate(random.fn, random.ctx, priv, share);
    out(priv, group->private_size);
    out(share, ok ? group->client_share_len : 0);
    return ok;
}

static bool group_decap(const hf_group *group, void *priv, hf_span peer, uint8_t *secret)
{
    in(priv, group->private_size);
    in_span(peer);
    shadow_stack();
    const bool ok = group->decap(priv, peer.data, peer.len, secret);
    out(secret, ok ? group->secret_len : 0);
    return ok;
}

static bool group_encap(const hf_group *group, struct source random, hf_span peer, uint8_t *share,
                        uint8_t *secret)
{
    in_span(peer);
    shadow_stack();
    const bool ok = group->encap(random.fn, random.ctx, peer.data, peer.len, share, secret);
    out(share, ok ? group->server_share_len : 0);
    out(secret, ok ? group->secret_len : 0);
    return ok;
}

static const uint8_t *group_prime(const hf_group *group)
{
    shadow_stack();
    const uint8_t *prime = group->prime();
    out(prime, prime == NULL ? 0 : group->client_share_len);
    return prime;
}

#define GROUP(n)                                                                                   \
    static bool generate_##n(hf_random_fn random, void *random_ctx, void *priv, uint8_t *share)    \
    {                                                                                              \
        return group_generate(real->groups[n], (struct source){random, random_ctx}, priv, share);  \
    }                                                                                              \
    static bool decap_##n(void *priv, const uint8_t *peer, size_t len, uint8_t *secret)            \
    {                                                                                              \
        return group_decap(real->groups[n], priv, (hf_span){peer, len}, secret);                   \
    }                                                                                              \
    static bool encap_##n(hf_random_fn random, void *random_ctx, const uint8_t *peer, size_t len,  \
                          uint8_t *share, uint8_t *secret)                                         \
    {                                                                                              \
        return group_encap(real->groups[n], (struct source){random, random_ctx},                   \
                           (hf_span){peer, len}, share, secret);                                   \
    }                                                                                              \
    static void clear_##n(void *priv)                                                              \
    {                                                                                              \
        shadow_stack();                                                                            \
        real->groups[n]->clear(priv);                                                              \
    }                                                                                              \
    static const uint8_t *prime_##n(void)                                                          \
    {                                                                                              \
        return group_prime(real->groups[n]);                                                       \
    }

GROUP(0)
GROUP(1)
GROUP(2)
GROUP(3)
GROUP(4)
GROUP(5)
GROUP(6)
GROUP(7)

#define GROUP_ROW(n)                                                                               \
    {                                                                                              \
        .generate = generate_##n, .decap = decap_##n, .encap = encap_##n, .clear = clear_##n,      \
        .prime = prime_##n                                                                         \
    }

static hf_group group_rows[GROUPS] = {GROUP_ROW(0), GROUP_ROW(1), GROUP_ROW(2), GROUP_ROW(3),
                                      GROUP_ROW(4), GROUP_ROW(5), GROUP_ROW(6), GROUP_ROW(7)};
static const hf_group *group_list[GROUPS + 1];

static void take_groups(void)
{
    size_t n = 0;
    for (; real->groups[n] != NULL; n++) {
        if (n == GROUPS) {
            abort(); /* a new group wants a row above */
        }
        const hf_group mine = group_rows[n];
        group_rows[n] = *real->groups[n];
        group_rows[n].generate = mine.generate;
        group_rows[n].decap = mine.decap;
        group_rows[n].encap = mine.encap;
        group_rows[n].clear = mine.clear;
        group_rows[n].prime = real->groups[n]->prime == NULL ? NULL : mine.prime;
        group_list[n] = &group_rows[n];
    }
}

/* ---- keys ---- */

static hf_key_load private_key_load(hf_span bytes, hf_passphrase_fn passphrase,
                                    void *passphrase_ctx, hf_private_key **key)
{
    in_span(bytes);
    shadow_stack();
    const hf_key_load result = real->private_key_load(bytes, passphrase, passphrase_ctx, key);
    if (result == HF_KEY_LOAD_OK) {
        out(key, sizeof(hf_private_key *));
    }
    return result;
}

static bool sign(const hf_private_key *key, uint16_t scheme, hf_span message, uint8_t *sig,
                 size_t *sig_len)
{
    in_span(message);
    in(sig_len, sizeof(size_t));
    shadow_stack();
    const bool ok = real->sign(key, scheme, message, sig, sig_len);
    out(sig_len, sizeof(size_t));
    out(sig, ok ? *sig_len : 0);
    return ok;
}

static hf_public_key *public_key_import(hf_span spki)
{
    in_span(spki);
    shadow_stack();
    return real->public_key_import(spki);
}

static bool verify(const hf_public_key *key, uint16_t scheme, hf_span message, hf_span sig)
{
    in_span(message);
    in_span(sig);
    shadow_stack();
    return real->verify(key, scheme, message, sig);
}

static bool verify_issued(const hf_public_key *key, uint16_t scheme, hf_span message, hf_span sig)
{
    in_span(message);
    in_span(sig);
    shadow_stack();
    return real->verify_issued(key, scheme, message, sig);
}

static bool rsa_encrypt(const hf_public_key *key, hf_random_fn random, void *random_ctx,
                        uint8_t premaster[PREMASTER_LEN], hf_buf *to)
{
    in(premaster, PREMASTER_LEN);
    const size_t from = to->pos;
    shadow_stack();
    const bool ok = real->rsa_encrypt(key, random, random_ctx, premaster, to);
    out(to->ptr + from, ok ? to->pos - from : 0);
    return ok;
}

static bool rsa_decrypt_premaster(const hf_private_key *key, hf_span ciphertext, uint8_t *premaster)
{
    in_span(ciphertext);
    shadow_stack();
    const bool ok = real->rsa_decrypt_premaster(key, ciphertext, premaster);
    out(premaster, ok ? PREMASTER_LEN : 0);
    return ok;
}

static bool key_pair_match(const hf_private_key *priv, const hf_public_key *pub)
{
    shadow_stack();
    return real->key_pair_match(priv, pub);
}

static bool random_bytes(void *ctx, uint8_t *p, size_t len)
{
    shadow_stack();
    const bool ok = real->random(ctx, p, len);
    out(p, ok ? len : 0);
    return ok;
}

static hf_provider shadowed;

const hf_provider *__wrap_hf_provider_default(void)
{
    return &shadowed;
}

static void take_provider(void)
{
    real = __real_hf_provider_default();
    take_hash(&sha256, real->sha256);
    take_hash(&sha384, real->sha384);
    take_hash(&sha1, real->sha1);
    TAKE_AEAD(aes128gcm);
    TAKE_AEAD(aes256gcm);
    TAKE_AEAD(chacha20poly1305);
    take_groups();
    shadowed = *real;
    shadowed.sha256 = &sha256;
    shadowed.sha384 = &sha384;
    shadowed.sha1 = &sha1;
    shadowed.aes128gcm = &aes128gcm;
    shadowed.aes256gcm = &aes256gcm;
    shadowed.chacha20poly1305 = &chacha20poly1305;
    shadowed.groups = group_list;
    shadowed.random = random_bytes;
    shadowed.private_key_load = private_key_load;
    shadowed.sign = sign;
    shadowed.public_key_import = public_key_import;
    shadowed.verify = verify;
    shadowed.verify_issued = verify_issued;
    shadowed.rsa_encrypt = rsa_encrypt;
    shadowed.rsa_decrypt_premaster = rsa_decrypt_premaster;
    shadowed.key_pair_match = key_pair_match;
}

/* ---- memory of the libraries ---- */

static void *library_calloc(size_t n)
{
    return calloc(1, n);
}

static void *libcrypto_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return library_calloc(n);
}

static void *libcrypto_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    void *grown = realloc(p, n);
    out(grown, grown == NULL ? 0 : n);
    return grown;
}

static void libcrypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

__attribute__((constructor)) static void begin(void)
{
    if (CRYPTO_set_mem_functions(libcrypto_malloc, libcrypto_realloc, libcrypto_free) != 1) {
        abort();
    }
    json_set_alloc_funcs(library_calloc, free);
    __msan_scoped_disable_interceptor_checks(); /* for good: see checked.h */
    take_provider();
}
