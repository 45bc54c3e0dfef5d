#include "x509/revocation.h"

#include "base/span.h"
#include "x509/crl.h"
#include "x509/dn.h"
#include "x509/ocsp.h"
#include "x509/oid.h"
#include "x509/signature.h"

enum {
    SKEW_S = 300,           /* how far the clocks of authority and client may be apart */
    FRESH_S = 24 * 60 * 60, /* how long a response without nextUpdate is believed */
    CRL_SIGN = 1 << 6       /* KeyUsage: RFC 5280, 4.2.1.3 */
};

/* The hashes of an issuer, made when first asked for. */
struct issuer_hashes {
    const struct x5_certificate *issuer;
    const hf_hash *hash;
    uint8_t name[HF_HASH_MAX_LEN], key[HF_HASH_MAX_LEN];
};

static void check_staple(const struct x5_revocation_case *what, struct x5_revocation *out);
static bool find_answer(const struct x5_revocation_case *what, const struct x5_ocsp *ocsp,
                        struct x5_ocsp_answer *out);
static bool is_about(const struct x5_ocsp_answer *answer, struct issuer_hashes *hashes,
                     hf_span serial);
static bool is_signed(const struct x5_revocation_case *what, const struct x5_ocsp *ocsp);
static bool is_responder(const struct x5_ocsp *ocsp, const struct x5_certificate *c);
static bool may_respond(const struct x5_revocation_case *what, const struct x5_certificate *c);
static bool is_for_ocsp(const struct x5_certificate *c);
static void judge_answer(const struct x5_ocsp_answer *answer, int64_t now_s,
                         struct x5_revocation *out);
static void check_lists(const struct x5_revocation_case *what, struct x5_revocation *out);
static bool is_concerned(const struct x5_revocation_case *what, const struct x5_crl *crl);
static void check_list(const struct x5_revocation_case *what, const struct x5_crl *crl,
                       struct x5_revocation *out);
static hf_span key_bits(hf_span spki);
static void digest(const hf_hash *hash, hf_span bytes, uint8_t out[HF_HASH_MAX_LEN]);

void x5_check_revocation(const struct x5_revocation_case *what, struct x5_revocation *out)
{
    *out = (struct x5_revocation){.rule = HF_RULE_NONE, .from_s = INT64_MIN, .until_s = INT64_MAX};
    if (what->is_leaf) {
        check_staple(what, out);
    }
    if (out->rule == HF_RULE_NONE) {
        check_lists(what, out);
    }
}

/* --- OCSP ------------------------------------------------------------------------------------- */

/* RFC 6066, 8: a response that is not satisfactory ends the handshake. One that only says that the
 * responder had no answer is not signed, and so tells no more than none: RFC 7633 then decides. */
static void check_staple(const struct x5_revocation_case *what, struct x5_revocation *out)
{
    const struct x5_request *request = what->request;
    struct x5_ocsp ocsp = {.status = X5_OCSP_SUCCESSFUL};
    const bool came = request->ocsp_response.len > 0;
    if (came && !x5_ocsp_read(request->ocsp_response, &ocsp)) {
        out->rule = HF_RULE_STAPLE_MALFORMED;
        return;
    }
    if (!came || ocsp.status != X5_OCSP_SUCCESSFUL) {
        if (what->subject->facts->must_staple && request->staple_expected) {
            out->rule = HF_RULE_STAPLE_MISSING;
            out->by = came ? x5_ocsp_status_name(ocsp.status) : NULL;
        }
        return;
    }
    struct x5_ocsp_answer answer = {.status = X5_STATUS_UNKNOWN};
    if (!find_answer(what, &ocsp, &answer)) {
        out->rule = HF_RULE_STAPLE_OTHER;
    } else if (!is_signed(what, &ocsp)) {
        out->rule = HF_RULE_STAPLE_SIGNATURE;
    } else {
        judge_answer(&answer, request->now_s, out);
    }
}

/* The answer about the certificate; of several the newest. */
static bool find_answer(const struct x5_revocation_case *what, const struct x5_ocsp *ocsp,
                        struct x5_ocsp_answer *out)
{
    struct issuer_hashes sha1 = {.issuer = what->issuer->c};
    struct issuer_hashes sha256 = {.issuer = what->issuer->c};
    struct der list = x5_der_over(ocsp->answers);
    struct x5_ocsp_answer answer = {.status = X5_STATUS_UNKNOWN};
    bool found = false;
    while (x5_ocsp_next(&list, &answer)) {
        const bool old = span_eq(answer.hash, x5_oid_sha1);
        if (!old && !span_eq(answer.hash, x5_oid_sha256)) {
            continue;
        }
        struct issuer_hashes *hashes = old ? &sha1 : &sha256;
        if (hashes->hash == NULL) {
            const hf_provider *provider = hf_provider_default();
            hashes->hash = old ? provider->sha1 : provider->sha256;
            digest(hashes->hash, hashes->issuer->subject, hashes->name);
            digest(hashes->hash, key_bits(hashes->issuer->spki), hashes->key);
        }
        if (is_about(&answer, hashes, what->subject->c->serial) &&
            (!found || answer.this_s > out->this_s)) {
            *out = answer;
            found = true;
        }
    }
    return found;
}

/* RFC 6960, 4.1.1: CertID. */
static bool is_about(const struct x5_ocsp_answer *answer, struct issuer_hashes *hashes,
                     hf_span serial)
{
    const size_t len = hashes->hash->digest_len;
    return span_eq(answer->serial, serial) &&
           span_eq(answer->issuer_name_hash, span_of(hashes->name, len)) &&
           span_eq(answer->issuer_key_hash, span_of(hashes->key, len));
}

/* RFC 6960, 4.2.2.2: by the issuer itself, or by one whom it appointed. */
static bool is_signed(const struct x5_revocation_case *what, const struct x5_ocsp *ocsp)
{
    if (is_responder(ocsp, what->issuer->c)) {
        return x5_signature_check_bytes(ocsp->tbs, ocsp->signature_algorithm, ocsp->signature,
                                        what->issuer_key) == X5_SIGNED;
    }
    struct der list = x5_der_over(ocsp->certificates);
    while (x5_der_more(&list)) {
        struct x5_certificate c;
        if (!x5_certificate_read(x5_der_take_element(&list, DER_SEQUENCE), &c) ||
            !is_responder(ocsp, &c)) {
            continue;
        }
        /* The first that fits is the only one that is tried: work stays bounded. */
        if (!may_respond(what, &c)) {
            return false;
        }
        hf_public_key *key = x5_key_import(c.spki);
        const enum x5_signed is =
            x5_signature_check_bytes(ocsp->tbs, ocsp->signature_algorithm, ocsp->signature, key);
        x5_key_free(key);
        return is == X5_SIGNED;
    }
    return false;
}

static bool is_responder(const struct x5_ocsp *ocsp, const struct x5_certificate *c)
{
    if (ocsp->responder_name.len > 0) {
        return x5_dn_equal(ocsp->responder_name, c->subject);
    }
    const hf_hash *sha1 = hf_provider_default()->sha1;
    uint8_t id[HF_HASH_MAX_LEN];
    digest(sha1, key_bits(c->spki), id);
    return span_eq(ocsp->responder_key_id, span_of(id, sha1->digest_len));
}

/* Whether the issuer gave it this office, and it holds it now. Whether the responder's own
 * certificate was revoked cannot be asked here; such certificates are short-lived (RFC 6960,
 * 4.2.2.2.1). */
static bool may_respond(const struct x5_revocation_case *what, const struct x5_certificate *c)
{
    const int64_t now_s = what->request->now_s;
    struct x5_facts facts;
    x5_facts_read(c, &facts);
    return !facts.malformed && c->unknown_critical.len == 0 && now_s >= c->not_before_s &&
           now_s <= c->not_after_s && is_for_ocsp(c) &&
           (facts.usage & X5_USAGE_DIGITAL_SIGNATURE) != 0 &&
           x5_facts_fit(c, &facts, what->issuer->c, what->issuer->facts) &&
           x5_signature_check(c, what->issuer_key) == X5_SIGNED;
}

static bool is_for_ocsp(const struct x5_certificate *c)
{
    struct der d = x5_der_over(c->extension[X5_EXT_EXTENDED_KEY_USAGE]);
    struct der list = x5_der_enter(&d, DER_SEQUENCE);
    bool is = false;
    while (x5_der_more(&list)) {
        is = span_eq(x5_der_take_oid(&list), x5_oid_ocsp_signing) || is;
    }
    return is && x5_der_done(&list);
}

/* RFC 6960, 3.2 and 4.2.2.1. */
static void judge_answer(const struct x5_ocsp_answer *answer, int64_t now_s,
                         struct x5_revocation *out)
{
    out->by = "the stapled OCSP response";
    out->from_s = answer->this_s - SKEW_S;
    out->until_s = answer->has_next ? answer->next_s : answer->this_s + FRESH_S;
    if (answer->status == X5_STATUS_REVOKED) {
        out->rule = HF_RULE_REVOKED; /* an old one says so too */
        out->at_s = answer->revoked_s;
        out->reason = answer->reason;
    } else if (now_s < out->from_s || now_s > out->until_s) {
        out->rule = HF_RULE_STAPLE_OUTDATED;
        out->at_s = now_s > out->until_s ? out->until_s : answer->this_s;
    } else if (answer->status == X5_STATUS_UNKNOWN) {
        out->rule = HF_RULE_STATUS_UNKNOWN;
    }
}

/* --- Lists ------------------------------------------------------------------------------------ */

/* An authority without a list is believed: who gives none asks for no answer. One whose lists are
 * all unusable is not. */
static void check_lists(const struct x5_revocation_case *what, struct x5_revocation *out)
{
    struct x5_revocation worst = *out;
    bool answered = false;
    for (const struct trust_crl *l = what->request->trust->crls; l != NULL; l = l->next) {
        if (!is_concerned(what, &l->crl)) {
            continue;
        }
        struct x5_revocation one = {.rule = HF_RULE_NONE};
        check_list(what, &l->crl, &one);
        if (one.rule == HF_RULE_REVOKED) {
            *out = one;
            return;
        }
        if (one.rule != HF_RULE_NONE) {
            worst = one;
        } else if (!l->crl.partial) {
            answered = true;
            out->from_s = one.from_s > out->from_s ? one.from_s : out->from_s;
            out->until_s = one.until_s < out->until_s ? one.until_s : out->until_s;
        }
    }
    if (!answered) {
        *out = worst;
    }
}

static bool is_concerned(const struct x5_revocation_case *what, const struct x5_crl *crl)
{
    const hf_span key_id = what->issuer->facts->key_id;
    const bool is_authority = what->subject->facts->is_authority;
    const bool other_key =
        key_id.len > 0 && crl->issuer_key_id.len > 0 && !span_eq(key_id, crl->issuer_key_id);
    return !other_key && !(is_authority ? crl->only_users : crl->only_authorities) &&
           x5_dn_equal(crl->issuer, what->subject->c->issuer);
}

/* RFC 5280, 6.3.3. */
static void check_list(const struct x5_revocation_case *what, const struct x5_crl *crl,
                       struct x5_revocation *out)
{
    const int64_t now_s = what->request->now_s;
    out->by = "a revocation list";
    out->from_s = crl->this_s - SKEW_S;
    out->until_s = crl->next_s;
    if ((what->issuer->facts->usage & CRL_SIGN) == 0 ||
        x5_signature_check_bytes(crl->tbs, crl->signature_algorithm, crl->signature,
                                 what->issuer_key) != X5_SIGNED) {
        out->rule = HF_RULE_CRL_SIGNATURE;
    } else if (x5_crl_has(crl, what->subject->c->serial, &out->at_s, &out->reason)) {
        out->rule = HF_RULE_REVOKED; /* an old one says so too */
    } else if (now_s < out->from_s || now_s > crl->next_s) {
        out->rule = HF_RULE_CRL_OUTDATED;
        out->at_s = now_s > crl->next_s ? crl->next_s : crl->this_s;
    }
}

/* The bits of a SubjectPublicKeyInfo's key, which identifiers are hashes of. */
static hf_span key_bits(hf_span spki)
{
    struct der d = x5_der_over(spki);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    (void)x5_der_take_element(&s, DER_SEQUENCE);
    return x5_der_take_bit_string(&s);
}

static void digest(const hf_hash *hash, hf_span bytes, uint8_t out[HF_HASH_MAX_LEN])
{
    hf_hash_ctx ctx;
    hash->init(&ctx);
    hash->update(&ctx, bytes.data, bytes.len);
    hash->final(&ctx, out);
}
