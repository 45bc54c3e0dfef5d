/* The server's flight of TLS 1.2 as its client reads it (RFC 5246, 7.4.2 to 7.4.5; RFC 8422, 5.4):
 * all of it first, so that a stapled response is at hand when the chain is judged, and then the
 * chain, and then the signature over the key exchange. */
#include "hs/client12/client12.h"

#include "base/span.h"
#include "base/status.h"
#include "hs/auth.h"
#include "hs/auth12.h"
#include "wire/iana.h"
#include "wire/message12.h"
#include "x509/key.h"

enum { RSA_SIGN = 1, ECDSA_SIGN = 64 }; /* ClientCertificateType */

hf_status client12_read_certificate(struct hs *hs)
{
    TRY(auth12_read_certificate(hs));
    if (hs->result->chain == NULL) {
        return err_raise(hs->error, HF_E_CERTIFICATE_EMPTY, NULL);
    }
    /* Which messages come next: with a ServerKeyExchange or, for key transport, without. */
    static const enum hs_state next[2][2] = {
        {HS_C12_READ_KEY_EXCHANGE, HS_C12_READ_STATUS},
        {HS_C12_READ_REQUEST_OR_DONE, HS_C12_READ_STATUS_OR_DONE},
    };
    hs_go(hs, next[hs->result->suite.exchange == SUITE_RSA][hs->t12.staple_follows]);
    return HF_OK;
}

static hf_status keep_status(struct hs *hs)
{
    hf_span response = {NULL, 0};
    TRY(certificate_status_parse(hs->msg.body, hs->error, &response));
    uint8_t *copy = arena_copy(&hs->arena, response);
    if (copy == NULL) {
        return hs_no_memory(hs);
    }
    hs->t12.ocsp_response = span_of(copy, response.len);
    hs_hash_received(hs);
    return HF_OK;
}

hf_status client12_read_status(struct hs *hs)
{
    /* RFC 6066, 8: a server that announced the message may still leave it out. */
    if (hs->msg.type == MSG_SERVER_KEY_EXCHANGE) {
        return client12_read_key_exchange(hs);
    }
    TRY(keep_status(hs));
    hs_go(hs, HS_C12_READ_KEY_EXCHANGE);
    return HF_OK;
}

hf_status client12_read_status_or_done(struct hs *hs)
{
    if (hs->msg.type != MSG_CERTIFICATE_STATUS) {
        return client12_read_request_or_done(hs);
    }
    TRY(keep_status(hs));
    hs_go(hs, HS_C12_READ_REQUEST_OR_DONE);
    return HF_OK;
}

/* --- ServerKeyExchange ------------------------------------------------------------------------ */

static hf_status take_group(struct hs *hs, const hf_group *group)
{
    hs->result->group = group;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_GROUP, .value = group->id,
          .name = group->name, .reason = "the server's choice");
    return HF_OK;
}

static hf_status judge_curve(struct hs *hs, const struct server_key_exchange *ske)
{
    const hf_group *group = hf_provider_group(hs->config->provider, ske->group);
    if (group == NULL || !config_list_has(&hs->config->groups, ske->group) ||
        !suite12_takes(&hs->result->suite, group)) {
        return err_raise(hs->error, HF_E_GROUP_NOT_OFFERED, "%s", iana_group_name(ske->group));
    }
    return take_group(hs, group);
}

/* RFC 7919, 4: a group is recognised by its prime, whose generator is 2. */
static bool is_field(const struct server_key_exchange *ske, const hf_group *group)
{
    const uint8_t *prime = group->prime == NULL ? NULL : group->prime();
    return prime != NULL && span_eq(ske->p, span_of(prime, group->client_share_len)) &&
           ske->g.data[ske->g.len - 1] == 2 && (ske->g.len == 1 || ske->g.len == ske->p.len);
}

static hf_status judge_field(struct hs *hs, const struct server_key_exchange *ske)
{
    for (size_t i = 0; i < hs->config->groups.count; i++) {
        const hf_group *group = hf_provider_group(hs->config->provider, hs->config->groups.v[i]);
        if (group != NULL && suite12_takes(&hs->result->suite, group) && is_field(ske, group)) {
            return take_group(hs, group);
        }
    }
    return err_raise(hs->error, HF_E_DH_GROUP, "a prime of %zu bytes", ske->p.len);
}

static hf_status judge_algorithm(struct hs *hs, uint16_t scheme)
{
    if (!config_list_has(&hs->config->sigalgs, scheme)) {
        return err_raise(hs->error, HF_E_KEY_EXCHANGE_ALGORITHM, "%s was not offered",
                         iana_scheme_name(scheme));
    }
    if (auth12_of_scheme(scheme) != hs->result->suite.auth) {
        return err_raise(hs->error, HF_E_KEY_EXCHANGE_ALGORITHM, "%s with %s",
                         iana_scheme_name(scheme), iana_suite_name(hs->result->suite.id));
    }
    return HF_OK;
}

static hf_span within(hf_span part, hf_span whole, const uint8_t *copy)
{
    return span_of(copy + (part.data - whole.data), part.len);
}

/* It is used after its message is gone. */
static hf_status keep_key_exchange(struct hs *hs, const struct server_key_exchange *ske)
{
    struct hs_key_exchange *kept = &hs->t12.key_exchange;
    uint8_t *copy = arena_copy(&hs->arena, hs->msg.body);
    if (copy == NULL) {
        return hs_no_memory(hs);
    }
    kept->params = within(ske->params, hs->msg.body, copy);
    kept->share = within(ske->share, hs->msg.body, copy);
    kept->signature = within(ske->signature, hs->msg.body, copy);
    kept->scheme = ske->algorithm;
    return HF_OK;
}

hf_status client12_read_key_exchange(struct hs *hs)
{
    struct server_key_exchange ske = {0};
    if (hs->result->suite.exchange == SUITE_DHE) {
        TRY(server_key_exchange_dhe_parse(hs->msg.body, hs->error, &ske));
        TRY(judge_field(hs, &ske));
    } else {
        TRY(server_key_exchange_ecdhe_parse(hs->msg.body, hs->error, &ske));
        TRY(judge_curve(hs, &ske));
    }
    TRY(judge_algorithm(hs, ske.algorithm));
    TRY(keep_key_exchange(hs, &ske));
    hs_hash_received(hs);
    hs_go(hs, HS_C12_READ_REQUEST_OR_DONE);
    return HF_OK;
}

/* --- CertificateRequest ----------------------------------------------------------------------- */

static hf_status keep_authorities(struct hs *hs, hf_span list)
{
    size_t n = 0;
    for (struct rd r = rd_of(list); rd_left(&r) > 0; n++) {
        (void)rd_vec16(&r, 1, 0xffff);
    }
    hf_span *names = hs_alloc(hs, (n + 1) * sizeof *names);
    if (names == NULL) {
        return hs_no_memory(hs);
    }
    struct rd r = rd_of(list);
    for (size_t i = 0; i < n; i++) {
        names[i] = rd_vec16(&r, 1, 0xffff);
    }
    hs->c.request_authorities = names;
    hs->c.request_authority_count = n;
    return HF_OK;
}

static bool has_type(hf_span types, uint8_t type)
{
    return memchr(types.data, type, types.len) != NULL;
}

static hf_status read_request(struct hs *hs)
{
    uint8_t *copy = arena_copy(&hs->arena, hs->msg.body);
    if (copy == NULL) {
        return hs_no_memory(hs);
    }
    struct certificate_request12 request = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    TRY(certificate_request12_parse(span_of(copy, hs->msg.body.len), hs->error, &request));
    const unsigned auth = (has_type(request.types, RSA_SIGN) ? 1u << SUITE_BY_RSA : 0) |
                          (has_type(request.types, ECDSA_SIGN) ? 1u << SUITE_BY_ECDSA : 0);
    hs->c.requested = true;
    TRY(auth12_schemes(hs, request.schemes, auth, &hs->c.request_schemes,
                       &hs->c.request_scheme_count));
    return keep_authorities(hs, request.authorities);
}

hf_status client12_read_request_or_done(struct hs *hs)
{
    if (hs->msg.type == MSG_SERVER_HELLO_DONE) {
        return client12_read_done(hs);
    }
    TRY(read_request(hs));
    hs_hash_received(hs);
    hs_go(hs, HS_C12_READ_DONE);
    return HF_OK;
}

/* --- Judged ----------------------------------------------------------------------------------- */

/* The stapled response joins the chain that was read before it. */
static hf_status join_staple(struct hs *hs)
{
    const struct hs_chain *old = hs->result->chain;
    const hf_span ocsp = hs->t12.ocsp_response;
    size_t bytes = ocsp.len + old->sct_list.len;
    if (ocsp.len == 0) {
        return HF_OK;
    }
    for (size_t i = 0; i < old->count; i++) {
        bytes += old->cert[i].len;
    }
    uint8_t *at = NULL;
    struct hs_chain *chain = auth_chain_new(old->count, bytes, &at);
    if (chain == NULL) {
        return hs_no_memory(hs);
    }
    for (size_t i = 0; i < old->count; i++) {
        chain->cert[i] = auth_chain_keep(&at, old->cert[i]);
    }
    chain->sct_list = auth_chain_keep(&at, old->sct_list);
    chain->ocsp_response = auth_chain_keep(&at, ocsp);
    auth_chain_drop(hs->result);
    hs->result->chain = chain;
    return HF_OK;
}

hf_status client12_read_done(struct hs *hs)
{
    TRY(message_empty_parse(hs->msg.body, "ServerHelloDone", hs->error));
    hs_hash_received(hs);
    TRY(join_staple(hs));
    return auth_ask_verify_chain(hs, HF_SERVER, hs->c.server_name,
                                 hs->result->suite.exchange == SUITE_RSA, HS_C12_VERIFY_CHAIN_WAIT);
}

/* RFC 8422, 5.3: the curve of a key of ECDSA too is one of supported_groups. What is not read here
 * the signature will not fit. */
static hf_status judge_leaf_curve(struct hs *hs)
{
    static const uint16_t curves[] = {[HF_KEY_P256] = IANA_GROUP_secp256r1,
                                      [HF_KEY_P384] = IANA_GROUP_secp384r1,
                                      [HF_KEY_P521] = IANA_GROUP_secp521r1};
    struct x5_key key;
    if (!x5_key_read(hs->peer_spki, &key) || !key.supported ||
        key.kind >= sizeof curves / sizeof curves[0] || curves[key.kind] == 0) {
        return HF_OK;
    }
    return config_list_has(&hs->config->groups, curves[key.kind])
               ? HF_OK
               : err_raise(hs->error, HF_E_CERTIFICATE_CURVE, "%s",
                           iana_group_name(curves[key.kind]));
}

hf_status client12_chain_verified(struct hs *hs)
{
    const struct hs_key_exchange *ske = &hs->t12.key_exchange;
    hf_span message = {NULL, 0};
    TRY(auth_chain_verified(hs));
    TRY(judge_leaf_curve(hs));
    if (hs->result->suite.exchange == SUITE_RSA) {
        hs_go(hs, HS_C12_ENCRYPT);
        return HF_OK;
    }
    TRY(auth12_key_exchange_input(hs, ske->params, &message));
    hs->op.u.verify_signature.tls12 = true;
    return auth_ask_verify_signature(hs, ske->scheme, message, ske->signature,
                                     HS_C12_VERIFY_SIGNATURE_WAIT);
}

hf_status client12_signature_verified(struct hs *hs)
{
    TRY(hs_answer(hs));
    const uint16_t scheme = hs->t12.key_exchange.scheme;
    if (!hs->op.u.verify_signature.valid) {
        return err_raise(hs->error, HF_E_KEY_EXCHANGE_SIGNATURE, "%s", iana_scheme_name(scheme));
    }
    hs->result->server_scheme = scheme;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_SIGNATURE_SCHEME, .value = scheme,
          .name = iana_scheme_name(scheme), .reason = "the server's choice");
    hs_go(hs, HS_C12_ENCAP);
    return HF_OK;
}
