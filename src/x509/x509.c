/* The small questions at the room's door. The hot ones (a handshake asks for the key of each leaf)
 * are answered from the bytes alone. */
#include "x509/x509.h"

#include <string.h>

#include "x509/facts.h"
#include "x509/signature.h"
#include "x509/trust_int.h"

void x5_request_digest(const struct x5_request *request, uint8_t out[32])
{
    const hf_hash *sha256 = hf_provider_default()->sha256;
    hf_hash_ctx ctx;
    /* Lengths first, so that no two questions have one encoding. */
    const uint64_t shape[] = {
        request->count,
        request->peer,
        request->max_depth,
        request->trust == NULL ? 0 : 1,
        request->name == NULL ? 0 : strlen(request->name) + 1,
        request->ocsp_response.len,
        request->staple_expected,
        request->key_transport,
    };
    sha256->init(&ctx);
    sha256->update(&ctx, (const uint8_t *)shape, sizeof shape);
    if (request->trust != NULL) {
        sha256->update(&ctx, request->trust->fingerprint, TRUST_FINGERPRINT_LEN);
    }
    if (request->name != NULL) {
        sha256->update(&ctx, (const uint8_t *)request->name, strlen(request->name));
    }
    sha256->update(&ctx, request->ocsp_response.data, request->ocsp_response.len);
    for (size_t i = 0; i < request->count; i++) {
        const uint64_t len = request->chain[i].len;
        sha256->update(&ctx, (const uint8_t *)&len, sizeof len);
        sha256->update(&ctx, request->chain[i].data, request->chain[i].len);
    }
    sha256->final(&ctx, out);
}

bool x5_subject_public_key_info(hf_span certificate, hf_span *spki)
{
    struct x5_certificate c;
    const bool read = x5_certificate_read(certificate, &c);
    *spki = c.spki;
    return read;
}

bool x5_names(hf_span certificate, hf_span *issuer, hf_span *subject)
{
    struct x5_certificate c;
    const bool read = x5_certificate_read(certificate, &c);
    *issuer = c.issuer;
    *subject = c.subject;
    return read;
}

uint16_t x5_signature_scheme(hf_span certificate)
{
    struct x5_certificate c;
    return x5_certificate_read(certificate, &c) ? x5_algorithm_scheme(c.signature_algorithm) : 0;
}

enum x5_issued x5_is_issued_by(hf_span certificate, hf_span issuer)
{
    struct x5_certificate a;
    struct x5_certificate b;
    if (!x5_certificate_read(certificate, &a) || !x5_certificate_read(issuer, &b)) {
        return X5_ISSUED_UNREADABLE;
    }
    struct x5_facts of_a;
    struct x5_facts of_b;
    x5_facts_read(&a, &of_a);
    x5_facts_read(&b, &of_b);
    if (of_a.malformed || of_b.malformed) {
        return X5_ISSUED_UNREADABLE;
    }
    if (!x5_facts_fit(&a, &of_a, &b, &of_b) || (of_b.usage & X5_USAGE_KEY_CERT_SIGN) == 0) {
        return X5_ISSUED_NOT;
    }
    hf_public_key *key = x5_key_import(b.spki);
    const enum x5_signed is = x5_signature_check(&a, key);
    x5_key_free(key);
    return is == X5_SIGNED_NOT ? X5_ISSUED_FORGED : X5_ISSUED;
}

void x5_sha256(hf_span bytes, uint8_t out[32])
{
    const hf_hash *sha256 = hf_provider_default()->sha256;
    hf_hash_ctx ctx;
    sha256->init(&ctx);
    sha256->update(&ctx, bytes.data, bytes.len);
    sha256->final(&ctx, out);
}
