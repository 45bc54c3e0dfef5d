/* Loading an identity and checking that its parts belong together, so that a mistake is found by
 * whoever starts the server and not by its first client. */
#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "identity/identity_int.h"
#include "wire/iana.h"

enum { STAPLE_MAX = 0xffff }; /* sct_list: RFC 6962, 3.3; an OCSP response is held to the same */

/* Who is asked for a passphrase, and what came of it. */
struct asked {
    hf_passphrase_fn fn;
    void *ctx;
    int answer; /* below 0: none */
};

static hf_status load(hf_identity *identity, const hf_identity_source *source, hf_error *error);
static hf_status check_order(const hf_identity *identity, hf_error *error);
static hf_status tell_order(const hf_identity *identity, size_t i, hf_error *error);
static hf_status load_key(hf_identity *identity, const hf_identity_source *source, hf_error *error);
static int ask_and_note(void *ctx, char *out, size_t cap);
static hf_status match_key(const hf_identity *identity, hf_error *error);
static size_t find_match(const hf_identity *identity);
static bool key_matches(const hf_identity *identity, hf_span certificate);
static hf_status copy_staple(hf_identity *identity, const hf_identity_source *source,
                             hf_error *error);
static bool is_sct_list(hf_span list);
static void describe(hf_identity *identity, const struct x5_certificate *leaf);
static uint16_t scheme_of(const hf_identity *identity, size_t i, const struct x5_certificate *c);
static uint64_t hash_add(uint64_t hash, hf_span bytes);

hf_status hf_identity_load(const hf_identity_source *source, hf_error *error, hf_identity **out)
{
    *out = NULL;
    if (source->size < sizeof *source) {
        return err_raise(error, HF_E_API_MISUSE, "hf_identity_source.size is not set");
    }
    hf_identity *identity = mem_alloc(sizeof *identity);
    if (identity == NULL) {
        return err_raise(error, HF_E_NO_MEMORY, "for an identity");
    }
    ref_init(&identity->ref);
    const hf_status status = load(identity, source, error);
    if (status != HF_OK) {
        hf_identity_free(identity);
        return status;
    }
    *out = identity;
    return HF_OK;
}

static hf_status load(hf_identity *identity, const hf_identity_source *source, hf_error *error)
{
    identity->provider = source->provider == NULL ? hf_provider_default() : source->provider;
    TRY(x5_bundle_load(source->chain, X5_BUNDLE_ALL, error, &identity->chain));
    struct x5_certificate leaf;
    struct x5_key key;
    if (!x5_certificate_read(identity->chain.certificate[0], &leaf) ||
        !x5_key_read(leaf.spki, &key)) {
        return err_raise(error, HF_E_PEM_MALFORMED, "the first certificate's key is malformed");
    }
    if (!key.supported) {
        return err_raise(error, HF_E_KEY_UNSUPPORTED, "the certificate's key is %s", key.text);
    }
    identity->kind = key.kind;
    TRY(check_order(identity, error));
    if (source->key.len > 0) {
        TRY(load_key(identity, source, error));
    }
    TRY(copy_staple(identity, source, error));
    if (!identity_collect_names(identity, &leaf)) {
        return err_raise(error, HF_E_NO_MEMORY, "for the names of a certificate");
    }
    describe(identity, &leaf);
    return HF_OK;
}

/* RFC 9846, 4.5.1: each certificate certifies the one before it. */
static hf_status check_order(const hf_identity *identity, hf_error *error)
{
    for (size_t i = 0; i + 1 < identity->chain.count; i++) {
        switch (
            x5_is_issued_by(identity->chain.certificate[i], identity->chain.certificate[i + 1])) {
        case X5_ISSUED:
            break;
        case X5_ISSUED_FORGED:
            return err_raise(
                error, HF_E_CHAIN_ORDER,
                "certificate %zu bears the name of certificate %zu's issuer, but did not "
                "sign it",
                i + 2, i + 1);
        case X5_ISSUED_UNREADABLE:
        case X5_ISSUED_NOT:
            return tell_order(identity, i, error);
        }
    }
    return HF_OK;
}

static hf_status tell_order(const hf_identity *identity, size_t i, hf_error *error)
{
    char sentence[160];
    struct text t;
    x5_text_init(&t, sentence, sizeof sentence);
    struct x5_certificate below;
    struct x5_certificate above;
    if (!x5_certificate_read(identity->chain.certificate[i], &below) ||
        !x5_certificate_read(identity->chain.certificate[i + 1], &above)) {
        return err_raise(error, HF_E_CHAIN_ORDER, NULL); /* not reached: both were read before */
    }
    x5_text_add(&t, "certificate %zu ", i + 1);
    x5_name_certificate(&t, &below);
    x5_text_add(&t, " is issued by ");
    x5_name_brief(&t, below.issuer);
    for (size_t j = 0; j < identity->chain.count; j++) {
        struct x5_certificate other;
        if (j != i && x5_certificate_read(identity->chain.certificate[j], &other) &&
            span_eq(other.subject, below.issuer)) {
            x5_text_add(&t, ", which is certificate %zu and should be %zu", j + 1, i + 2);
            return err_raise(error, HF_E_CHAIN_ORDER, "%s", sentence);
        }
    }
    x5_text_add(&t, ", but followed by ");
    x5_name_certificate(&t, &above);
    return err_raise(error, HF_E_CHAIN_ORDER, "%s", sentence);
}

static hf_status load_key(hf_identity *identity, const hf_identity_source *source, hf_error *error)
{
    struct asked asked = {source->passphrase, source->passphrase_ctx, -1};
    switch (identity->provider->private_key_load(
        source->key, source->passphrase == NULL ? NULL : ask_and_note, &asked, &identity->key)) {
    case HF_KEY_LOAD_OK:
        return match_key(identity, error);
    case HF_KEY_LOAD_MALFORMED:
        return err_raise(error, HF_E_KEY_MALFORMED, NULL);
    case HF_KEY_LOAD_PASSPHRASE:
        return err_raise(error, HF_E_KEY_PASSPHRASE,
                         asked.answer < 0 ? "no passphrase was given"
                                          : "the passphrase does not open it");
    case HF_KEY_LOAD_UNSUPPORTED:
        return err_raise(error, HF_E_KEY_UNSUPPORTED, NULL);
    case HF_KEY_LOAD_NO_MEMORY:
        break;
    }
    return err_raise(error, HF_E_NO_MEMORY, "to load a private key");
}

static int ask_and_note(void *ctx, char *out, size_t cap)
{
    struct asked *asked = ctx;
    asked->answer = asked->fn(asked->ctx, out, cap);
    return asked->answer;
}

static hf_status match_key(const hf_identity *identity, hf_error *error)
{
    const size_t at = find_match(identity);
    if (at == 0) {
        return HF_OK;
    }
    if (at < identity->chain.count) {
        return err_raise(error, HF_E_KEY_MISMATCH,
                         "it belongs to certificate %zu of the chain, which should be the first",
                         at + 1);
    }
    struct x5_certificate leaf;
    struct x5_key key;
    if (identity->provider->private_key_kind(identity->key) != identity->kind &&
        x5_certificate_read(identity->chain.certificate[0], &leaf) &&
        x5_key_read(leaf.spki, &key)) {
        return err_raise(error, HF_E_KEY_MISMATCH,
                         "the certificate's key is %s, the private key is not", key.text);
    }
    return err_raise(error, HF_E_KEY_MISMATCH, "both are of the same kind, but not of one pair");
}

/* Which certificate of the chain the key belongs to; the number of certificates when none. */
static size_t find_match(const hf_identity *identity)
{
    size_t i = 0;
    while (i < identity->chain.count && !key_matches(identity, identity->chain.certificate[i])) {
        i++;
    }
    return i;
}

static bool key_matches(const hf_identity *identity, hf_span certificate)
{
    hf_span spki;
    if (!x5_subject_public_key_info(certificate, &spki)) {
        return false;
    }
    hf_public_key *public_key = identity->provider->public_key_import(spki);
    const bool matches =
        public_key != NULL && identity->provider->key_pair_match(identity->key, public_key);
    if (public_key != NULL) {
        identity->provider->public_key_free(public_key);
    }
    return matches;
}

static hf_status copy_staple(hf_identity *identity, const hf_identity_source *source,
                             hf_error *error)
{
    const hf_span ocsp = source->ocsp_response;
    const hf_span scts = source->sct_list;
    struct der d = x5_der_over(ocsp);
    (void)x5_der_take(&d, DER_SEQUENCE);
    const bool is_der = source->staple_as_is || x5_der_done(&d);
    if (ocsp.len > 0 && (!is_der || ocsp.len > STAPLE_MAX)) {
        return err_raise(error, HF_E_CONFIG_VALUE, "ocsp_response is not a DER OCSPResponse");
    }
    if (scts.len > 0 && !is_sct_list(scts)) {
        return err_raise(error, HF_E_CONFIG_VALUE,
                         "sct_list is not a SignedCertificateTimestampList (RFC 6962, 3.3)");
    }
    if (ocsp.len + scts.len == 0) {
        return HF_OK;
    }
    identity->staple = mem_alloc(ocsp.len + scts.len);
    if (identity->staple == NULL) {
        return err_raise(error, HF_E_NO_MEMORY, "for a stapled response");
    }
    identity->staple_size = ocsp.len + scts.len;
    if (ocsp.len > 0) {
        memcpy(identity->staple, ocsp.data, ocsp.len);
        identity->ocsp_response = span_of(identity->staple, ocsp.len);
    }
    if (scts.len > 0) {
        memcpy(identity->staple + ocsp.len, scts.data, scts.len);
        identity->sct_list = span_of(identity->staple + ocsp.len, scts.len);
    }
    return HF_OK;
}

/* A list of at least one element, none of them empty, every length in two bytes. */
static bool is_sct_list(hf_span list)
{
    if (list.len < 5 || (size_t)(list.data[0] << 8 | list.data[1]) != list.len - 2) {
        return false;
    }
    size_t at = 2;
    while (list.len - at >= 3) {
        const size_t len = (size_t)(list.data[at] << 8 | list.data[at + 1]);
        if (len == 0 || len > list.len - at - 2) {
            return false;
        }
        at += 2 + len;
    }
    return at == list.len;
}

/* What the choice will ask. */
static void describe(hf_identity *identity, const struct x5_certificate *leaf)
{
    uint32_t usage;
    (void)x5_key_usage(leaf, &usage);
    identity->may_sign = (usage & X5_USAGE_DIGITAL_SIGNATURE) != 0;
    /* An RSASSA-PSS key only signs. */
    identity->may_decrypt =
        identity->kind == HF_KEY_RSA && (usage & X5_USAGE_KEY_ENCIPHERMENT) != 0;

    identity->authority_hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < identity->chain.count; i++) {
        struct x5_certificate c;
        if (!x5_certificate_read(identity->chain.certificate[i], &c)) {
            continue; /* not reached: the bundle has read it */
        }
        /* RFC 9846, 4.3.3: a signature by oneself is nobody's concern. */
        if (!x5_is_self_issued(&c)) {
            identity->chain_schemes |= identity_scheme_bit(scheme_of(identity, i, &c));
        }
        identity->authority_hash = hash_add(identity->authority_hash, c.issuer);
    }

    struct text t;
    x5_text_init(&t, identity->label, sizeof identity->label);
    if (identity->name_count > 0) {
        x5_text_bytes(&t, span_str(identity->names[0]));
    } else {
        x5_name_text(&t, leaf->subject);
    }
}

/* For RSA-PSS the scheme depends on the kind of key that signed, which the next certificate knows.
 */
static uint16_t scheme_of(const hf_identity *identity, size_t i, const struct x5_certificate *c)
{
    const uint16_t scheme = x5_algorithm_scheme(c->signature_algorithm);
    struct x5_certificate issuer;
    struct x5_key key;
    if (scheme < IANA_SCHEME_rsa_pss_rsae_sha256 || scheme > IANA_SCHEME_rsa_pss_rsae_sha512 ||
        i + 1 == identity->chain.count ||
        !x5_certificate_read(identity->chain.certificate[i + 1], &issuer) ||
        !x5_key_read(issuer.spki, &key) || !key.supported || key.kind != HF_KEY_RSA_PSS) {
        return scheme;
    }
    return (uint16_t)(scheme - IANA_SCHEME_rsa_pss_rsae_sha256 + IANA_SCHEME_rsa_pss_pss_sha256);
}

/* FNV-1a, over length and bytes. */
static uint64_t hash_add(uint64_t hash, hf_span bytes)
{
    hash = (hash ^ bytes.len) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ bytes.data[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}
