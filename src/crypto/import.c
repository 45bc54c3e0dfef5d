#include "crypto/import.h"

#include <assert.h>

#include "base/span.h"
#include "crypto/hkdf.h"
#include "wire/wr.h"

enum { TARGET_PROTOCOL = 0x0304, KDF_HKDF_SHA256 = 1, KDF_HKDF_SHA384 = 2, SHA384_LEN = 48 };

size_t import_identity_len(const struct import_identity *identity)
{
    return 2 + identity->external_identity.len + 2 + identity->context.len + 2 + 2;
}

void import_identity_write(const struct import_identity *identity, uint8_t *out)
{
    struct wr w = wr_of(out, import_identity_len(identity));
    wr_vec(&w, identity->external_identity, 2);
    wr_vec(&w, identity->context, 2);
    wr_u16(&w, TARGET_PROTOCOL);
    wr_u16(&w, identity->target->digest_len == SHA384_LEN ? KDF_HKDF_SHA384 : KDF_HKDF_SHA256);
    assert(!w.bad && w.len == import_identity_len(identity));
}

/* All hashing is by the hash of the external key; the target is in the identity and gives the
 * length. */
void import_key(const hf_hash *hash, hf_span epsk, hf_span written, const hf_hash *target,
                struct secret *out)
{
    uint8_t digest[HF_HASH_MAX_LEN];
    hf_hash_ctx ctx;
    hash->init(&ctx);
    hash->update(&ctx, written.data, written.len);
    hash->final(&ctx, digest);
    struct secret epskx;
    struct hmac_key prk;
    hkdf_extract(hash, span_of(NULL, 0), epsk, &epskx);
    hmac_key_init(&prk, hash, secret_span(&epskx));
    *out = (struct secret){.len = (uint8_t)target->digest_len};
    const bool done =
        hkdf_expand_label(&prk, "derived psk", span_of(digest, hash->digest_len), out->b, out->len);
    assert(done);
    (void)done;
    hmac_key_wipe(&prk);
    secret_wipe(&epskx);
}
