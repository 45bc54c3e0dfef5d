/* The server's choices of TLS 1.2: who signs, how keys are agreed, which suite (RFC 5246, 7.4.1;
 * RFC 8422, 4). A suite names the kind of certificate, so the identity is chosen first, among those
 * that some common suite allows. */
#include <string.h>

#include "base/span.h"
#include "base/status.h"
#include "hs/auth12.h"
#include "hs/ext/extensions.h"
#include "hs/server12/server12.h"
#include "identity/identity.h"
#include "wire/iana.h"

enum { RENEGOTIATION_SCSV = 0x00ff, FALLBACK_SCSV = 0x5600 };

/* --- What the hello must be ------------------------------------------------------------------- */

static hf_status judge_hello(struct hs *hs)
{
    const struct hs_offer *offer = &hs->s.offer;
    const hf_span methods = offer->hello.legacy_compression_methods;
    if (memchr(methods.data, 0, methods.len) == NULL) {
        return err_raise(hs->error, HF_E_COMPRESSION_REQUIRED, "the null method is not among %zu",
                         methods.len);
    }
    TRY(ext_point_formats_judge(hs, offer->point_formats));
    if (hs->config->require_ems && !offer->extended_master_secret) {
        return err_raise(hs->error, HF_E_EMS_REQUIRED, "the client does not offer it");
    }
    hs->result->extended_master_secret = offer->extended_master_secret;
    /* RFC 5746, 3.6: the extension, or the value that stands for it among the suites. */
    hs->t12.renegotiation =
        offer->renegotiation.len > 0 || list16_has(offer->hello.cipher_suites, RENEGOTIATION_SCSV);
    return HF_OK;
}

/* --- Suites ----------------------------------------------------------------------------------- */

/* Whether the client's list speaks of the kind of group that a suite needs: curves, or finite
 * fields (RFC 7919, 4). */
static bool names_kind(hf_span groups, const struct suite *suite)
{
    for (size_t i = 0; i < groups.len / 2; i++) {
        const uint16_t id = list16_at(groups, i);
        if (suite->exchange != SUITE_DHE || id >> 8 == 0x01) {
            return true;
        }
    }
    return false;
}

/* Our first group for a suite that the client supports. Without supported_groups a client takes
 * any (RFC 8422, 4); of old clients P-256 is the likeliest. */
static const hf_group *group_for(const struct hs *hs, const struct suite *suite)
{
    const struct hs_offer *offer = &hs->s.offer;
    const bool takes_any = !names_kind(offer->groups, suite);
    const hf_group *found = NULL;
    for (size_t i = 0; i < hs->config->groups.count; i++) {
        const uint16_t id = hs->config->groups.v[i];
        const hf_group *g = hf_provider_group(hs->config->provider, id);
        if (g == NULL || !suite12_takes(suite, g)) {
            continue;
        }
        if (takes_any) {
            found = found == NULL || id == IANA_GROUP_secp256r1 ? g : found;
        } else if (list16_has(offer->groups, id)) {
            return g;
        }
    }
    return found;
}

/* Whether both ends have the suite and a group for it. */
static bool is_common(const struct hs *hs, uint16_t id, struct suite *out, const hf_group **group)
{
    if (!suite12_find(hs->config->provider, id, out) ||
        !list16_has(hs->s.offer.hello.cipher_suites, id)) {
        return false;
    }
    *group = group_for(hs, out);
    return *group != NULL || out->exchange == SUITE_RSA;
}

enum weakness { WEAK_NOT, WEAK_CBC, WEAK_3DES, WEAK_RC4, WEAK_EXPORT };

static enum weakness weakness_of(uint16_t id)
{
    static const struct {
        const char *mark;
        enum weakness is;
    } marks[] = {{"EXPORT", WEAK_EXPORT}, {"_anon_", WEAK_EXPORT}, {"NULL", WEAK_EXPORT},
                 {"RC4", WEAK_RC4},       {"RC2", WEAK_EXPORT},    {"DES_", WEAK_3DES},
                 {"_CBC_", WEAK_CBC}};
    const char *name = iana_suite_name(id);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (strstr(name, marks[i].mark) != NULL) {
            return marks[i].is;
        }
    }
    return WEAK_NOT;
}

/* Says why there is no suite: of a client that has only weak ones, by the best of these. */
static hf_status refuse(struct hs *hs)
{
    static const hf_err codes[] = {[WEAK_CBC] = HF_E_ONLY_CBC,
                                   [WEAK_3DES] = HF_E_ONLY_3DES,
                                   [WEAK_RC4] = HF_E_ONLY_RC4,
                                   [WEAK_EXPORT] = HF_E_ONLY_EXPORT};
    const hf_span suites = hs->s.offer.hello.cipher_suites;
    enum weakness best = WEAK_EXPORT;
    struct suite s = {.aead = NULL};
    size_t counted = 0;
    for (size_t i = 0; i < suites.len / 2; i++) {
        const uint16_t id = list16_at(suites, i);
        if (id == RENEGOTIATION_SCSV || id == FALLBACK_SCSV || iana_is_grease(id)) {
            continue;
        }
        if (config_list_has(&hs->config->ciphers, id) &&
            suite12_find(hs->config->provider, id, &s)) {
            return err_raise(hs->error, HF_E_NO_COMMON_GROUP,
                             "%s is common, but no group for it is", iana_suite_name(id));
        }
        const enum weakness w = weakness_of(id);
        best = w < best ? w : best;
        counted++;
    }
    if (counted > 0 && best != WEAK_NOT) {
        return err_raise(hs->error, codes[best], "%zu suites, the first is %s", counted,
                         iana_suite_name(list16_at(suites, 0)));
    }
    return err_raise(hs->error, HF_E_NO_COMMON_SUITE, "the client's first of %zu is %s",
                     suites.len / 2, iana_suite_name(list16_at(suites, 0)));
}

/* Which kinds of certificate some common suite allows; bit n for enum suite_auth n. And whether
 * there is one of key transport among them. */
static unsigned common_auth(const struct hs *hs, bool *key_transport)
{
    unsigned auth = 0;
    *key_transport = false;
    for (size_t i = 0; i < hs->config->ciphers.count; i++) {
        struct suite s = {.aead = NULL};
        const hf_group *group = NULL;
        if (is_common(hs, hs->config->ciphers.v[i], &s, &group)) {
            auth |= 1u << s.auth;
            *key_transport = *key_transport || s.exchange == SUITE_RSA;
        }
    }
    return auth;
}

/* --- Identity --------------------------------------------------------------------------------- */

/* RFC 8422, 5.1: the curves of a client's list are those of certificates too. An ECDSA scheme
 * stands for its curve here, so the schemes of other curves go. */
static void drop_other_curves(const struct hs *hs, uint16_t *schemes, size_t *count)
{
    static const struct {
        uint16_t scheme, curve;
    } curves[] = {{IANA_SCHEME_ecdsa_secp256r1_sha256, IANA_GROUP_secp256r1},
                  {IANA_SCHEME_ecdsa_secp384r1_sha384, IANA_GROUP_secp384r1},
                  {IANA_SCHEME_ecdsa_secp521r1_sha512, IANA_GROUP_secp521r1}};
    const hf_span groups = hs->s.offer.groups;
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        bool is_listed = true;
        for (size_t j = 0; groups.len > 0 && j < sizeof curves / sizeof curves[0]; j++) {
            is_listed = is_listed &&
                        (schemes[i] != curves[j].scheme || list16_has(groups, curves[j].curve));
        }
        if (is_listed) {
            schemes[kept++] = schemes[i];
        }
    }
    *count = kept;
}

static hf_status ask_identity(struct hs *hs, unsigned auth, bool key_transport)
{
    const struct hs_offer *offer = &hs->s.offer;
    const unsigned all = 1u << SUITE_BY_RSA | 1u << SUITE_BY_ECDSA;
    uint16_t *schemes = NULL;
    uint16_t *cert_schemes = NULL;
    if (!ext_has(&offer->hello.ext, EXT_signature_algorithms)) {
        /* RFC 5246, 7.4.1.4.1: then SHA-1 is meant, which nobody signs with any more. */
        return err_raise(hs->error, HF_E_NO_COMMON_SIGNATURE,
                         "the client names no signature algorithms, which stands for SHA-1");
    }
    TRY(auth12_schemes(hs, offer->schemes, auth, &schemes, &hs->op.u.choose_identity.scheme_count));
    drop_other_curves(hs, schemes, &hs->op.u.choose_identity.scheme_count);
    TRY(auth12_schemes(hs, offer->cert_schemes.len > 0 ? offer->cert_schemes : offer->schemes, all,
                       &cert_schemes, &hs->op.u.choose_identity.cert_scheme_count));
    hs->op.u.choose_identity.server_name = offer->server_name;
    TRY(ext_alpn_fill(hs));
    hs->op.u.choose_identity.schemes = schemes;
    hs->op.u.choose_identity.cert_schemes = cert_schemes;
    hs->op.u.choose_identity.authorities = NULL;
    hs->op.u.choose_identity.authority_count = 0;
    hs->op.u.choose_identity.tls12 = true;
    hs->op.u.choose_identity.key_transport = key_transport;
    hs->op.u.choose_identity.identity = NULL;
    hs->op.u.choose_identity.scheme = 0;
    hs->op.u.choose_identity.index = 0;
    return hs_ask(hs, HF_OP_CHOOSE_IDENTITY, HS_S12_CHOOSE_IDENTITY_WAIT);
}

hf_status server12_negotiate(struct hs *hs)
{
    TRY(judge_hello(hs));
    return server12_find_session(hs);
}

hf_status server12_choose_parameters(struct hs *hs)
{
    bool key_transport = false;
    const unsigned auth = common_auth(hs, &key_transport);
    if (auth == 0) {
        return refuse(hs);
    }
    TRY(ext_alpn_choose(hs));
    return ask_identity(hs, auth, key_transport);
}

/* RFC 5246, 7.4.2: key transport needs a key that may decrypt, the other suites one that may sign.
 */
static bool is_for_key(const struct hs *hs, const struct suite *suite)
{
    return suite->exchange == SUITE_RSA ? identity_may_decrypt(hs->identity)
                                        : identity_may_sign(hs->identity);
}

/* First of ours that the client offers and that fits the certificate. */
static hf_status choose_suite(struct hs *hs)
{
    const uint8_t auth = auth12_of_scheme(hs->scheme);
    for (size_t i = 0; i < hs->config->ciphers.count; i++) {
        struct suite s = {.aead = NULL};
        const hf_group *group = NULL;
        const uint16_t id = hs->config->ciphers.v[i];
        const bool fits = is_common(hs, id, &s, &group) && s.auth == auth && is_for_key(hs, &s);
        TRACE(hs->tr, HF_EV_CANDIDATE, candidate, .about = HF_DECIDE_CIPHER_SUITE, .value = id,
              .name = iana_suite_name(id), .accepted = fits,
              .reason = fits ? "first of ours that the client offers and that fits the certificate"
                             : "not of this version, not offered, or for another certificate");
        if (fits) {
            hs->result->suite = s;
            hs->result->group = group;
            return HF_OK;
        }
    }
    return err_raise(hs->error, HF_E_NO_COMMON_SUITE,
                     "none is for a certificate that signs with %s", iana_scheme_name(hs->scheme));
}

hf_status server12_identity_chosen(struct hs *hs)
{
    TRY(auth12_take_identity(hs));
    if (hs->identity == NULL) {
        return err_raise(hs->error, HF_E_NO_CERTIFICATE, NULL);
    }
    TRY(choose_suite(hs));
    const struct hs_result *r = hs->result;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_CIPHER_SUITE, .value = r->suite.id,
          .name = iana_suite_name(r->suite.id), .reason = "this server's preference");
    if (r->group != NULL) {
        TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_GROUP, .value = r->group->id,
              .name = r->group->name, .reason = "this server's preference");
    }
    if (r->suite.exchange != SUITE_RSA) { /* under key transport the server signs nothing */
        TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_SIGNATURE_SCHEME,
              .value = hs->scheme, .name = iana_scheme_name(hs->scheme),
              .reason = "fits the key and the client's list");
    }
    hs_go(hs, HS_S12_SEND_SERVER_HELLO);
    return HF_OK;
}
