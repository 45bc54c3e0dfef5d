/* Answers to operations: those of the library, but where a flag wants another. */
#include <stdio.h>
#include <string.h>

#include "shim.h"

static void answer_config(struct bogo_conn *c, hf_op *op);
static void answer_identity(struct bogo_conn *c, hf_op *op);
static bool choose(const struct bogo_conn *c, hf_op *op);
static bool can_sign(hf_key_kind kind, uint16_t scheme, bool tls12);
static bool is_wanted(const struct bogo_conn *c, const hf_op *op, size_t i);
static void answer_chain(struct bogo_conn *c, hf_op *op);
static void judge_usage(const struct bogo_conn *c, hf_op *op);
static bool is_offer_expected(const struct bogo_conn *c, const hf_op *op);
static bool is_request_expected(const struct bogo_conn *c, const hf_op *op);
static bool has_authorities(const char *expected, const hf_op *op);
static void refuse(hf_op *op, const char *why, hf_alert alert);

void bogo_answer(struct bogo_conn *c, hf_op *op)
{
    switch (op->kind) {
    case HF_OP_CHOOSE_CONFIG:
        answer_config(c, op);
        break;
    case HF_OP_CHOOSE_IDENTITY:
        answer_identity(c, op);
        break;
    case HF_OP_VERIFY_CHAIN:
        answer_chain(c, op);
        break;
    case HF_OP_TICKET_OPEN:
        hf_op_run(op);
        op->u.ticket_open.renew |= c->flags->renew_ticket;
        break;
    case HF_OP_TICKET_SEAL:
        if (c->flags->skip_ticket) {
            op->u.ticket_seal.ticket_len = 0;
            hf_op_finish(op, HF_OK);
            break;
        }
        hf_op_run(op);
        break;
    default:
        hf_op_run(op);
        break;
    }
}

static void answer_config(struct bogo_conn *c, hf_op *op)
{
    if (c->flags->fail_early_callback || c->flags->fail_ddos_callback) {
        refuse(op, ":CONNECTION_REJECTED:",
               c->flags->fail_ddos_callback ? HF_ALERT_internal_error : HF_ALERT_handshake_failure);
    } else if (!is_offer_expected(c, op)) {
        refuse(op, "the ClientHello is not what was expected", HF_ALERT_internal_error);
    } else {
        hf_op_finish(op, HF_OK);
    }
}

static bool is_offer_expected(const struct bogo_conn *c, const hf_op *op)
{
    const char *alpn = c->flags->expect_advertised_alpn;
    if (alpn != NULL) {
        size_t at = 0;
        const size_t len = strlen(alpn);
        for (size_t i = 0; i < op->u.choose_config.alpn_count; i++) {
            const hf_span name = op->u.choose_config.alpn[i];
            if (at + 1 + name.len > len || (uint8_t)alpn[at] != name.len ||
                memcmp(alpn + at + 1, name.data, name.len) != 0) {
                return false;
            }
            at += 1 + name.len;
        }
        if (at != len) {
            return false;
        }
    }
    return !c->flags->expect_no_server_name || op->u.choose_config.server_name.len == 0;
}

static void answer_identity(struct bogo_conn *c, hf_op *op)
{
    /* The configuration's one list is for both: what is accepted must not narrow what is signed. */
    bool own = c->flags->verify_prefs.given || c->flags->credential_count > 0;
    for (size_t i = 0; i < c->identities.count; i++) {
        const hf_key_kind kind = hf_identity_key_kind(c->identities.items[i]);
        own |= c->identities.credentials[i]->signing_prefs.given || kind == HF_KEY_P521 ||
               kind == HF_KEY_ED25519;
    }
    if (!is_request_expected(c, op)) {
        refuse(op, "the certificate request is not what was expected", HF_ALERT_internal_error);
    } else if (c->flags->fail_cert_callback) {
        refuse(op, ":CERT_CB_ERROR:", HF_ALERT_internal_error);
    } else if (c->flags->server && c->flags->fail_ocsp_callback) {
        refuse(op, ":OCSP_CB_ERROR:", HF_ALERT_internal_error);
    } else if (!own) {
        hf_op_run(op);
    } else if (choose(c, op) || !c->flags->server) {
        hf_op_finish(op, HF_OK);
    } else {
        op->error.code = c->identities.count == 0 ? HF_E_NO_CERTIFICATE : HF_E_NO_COMMON_SIGNATURE;
        op->error.alert = HF_ALERT_handshake_failure;
        hf_op_finish(op, HF_FAILED);
    }
}

/* Of the credentials in their order the first that can sign as the peer accepts, by the order of
 * its own preference. */
static bool choose(const struct bogo_conn *c, hf_op *op)
{
    static const uint16_t usual[] = {0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501,
                                     0x0603, 0x0806, 0x0601, 0x0807, 0x0808};
    for (size_t i = 0; i < c->identities.count; i++) {
        const struct bogo_list *own = &c->identities.credentials[i]->signing_prefs;
        const uint16_t *prefs = own->given ? own->items : usual;
        const size_t count = own->given ? own->count : sizeof usual / sizeof usual[0];
        const hf_key_kind kind = hf_identity_key_kind(c->identities.items[i]);
        for (size_t k = 0; is_wanted(c, op, i) && k < count; k++) {
            for (size_t n = 0; n < op->u.choose_identity.scheme_count; n++) {
                if (op->u.choose_identity.schemes[n] == prefs[k] &&
                    can_sign(kind, prefs[k], op->u.choose_identity.tls12)) {
                    op->u.choose_identity.identity = hf_identity_ref(c->identities.items[i]);
                    op->u.choose_identity.scheme = prefs[k];
                    op->u.choose_identity.index = (uint32_t)i;
                    return true;
                }
            }
        }
    }
    return false;
}

/* ECDSA signs with the hash of its curve here, in TLS 1.2 as well. */
static bool can_sign(hf_key_kind kind, uint16_t scheme, bool tls12)
{
    const bool is_pkcs1 = (scheme & 0xff) == 1;
    return hf_key_kind_fits(kind, scheme) && (tls12 || !is_pkcs1);
}

static bool is_wanted(const struct bogo_conn *c, const hf_op *op, size_t i)
{
    if (!c->identities.credentials[i]->must_match_issuer) {
        return true;
    }
    const hf_identity *identity = c->identities.items[i];
    for (size_t k = 0; k < hf_identity_chain_count(identity); k++) {
        const hf_span der = hf_identity_certificate(identity, k);
        for (size_t n = 0; n < op->u.choose_identity.authority_count; n++) {
            const hf_span name = op->u.choose_identity.authorities[n];
            if (name.len > 0 && memmem(der.data, der.len, name.data, name.len) != NULL) {
                return true;
            }
        }
    }
    return false;
}

static bool is_request_expected(const struct bogo_conn *c, const hf_op *op)
{
    const struct bogo_list *schemes = &c->flags->expect_peer_verify_prefs;
    if (schemes->given) {
        if (schemes->count != op->u.choose_identity.scheme_count ||
            memcmp(schemes->items, op->u.choose_identity.schemes,
                   schemes->count * sizeof schemes->items[0]) != 0) {
            return false;
        }
    }
    const char *authorities = c->flags->expect_client_ca_list;
    return authorities == NULL || has_authorities(authorities, op);
}

/* "3000,3100": names in hexadecimal; "<EMPTY>": none. */
static bool has_authorities(const char *expected, const hf_op *op)
{
    char text[BOGO_TEXT_MAX] = "";
    size_t used = 0;
    for (size_t i = 0; i < op->u.choose_identity.authority_count; i++) {
        const hf_span name = op->u.choose_identity.authorities[i];
        if (used + 2 * name.len + 2 > sizeof text) {
            return false;
        }
        if (i > 0) {
            text[used++] = ',';
        }
        for (size_t k = 0; k < name.len; k++) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%02x", name.data[k]);
        }
    }
    return strcmp(used == 0 ? "<EMPTY>" : text, expected) == 0;
}

static void answer_chain(struct bogo_conn *c, hf_op *op)
{
    hf_conn_info info;
    hf_conn_describe(c->tls, &info);
    const struct bogo_flags *f =
        !c->flags->server && info.early_data_offered && !info.early_data ? c->retry : c->flags;
    /* A peer that is asked for nothing may show anything. */
    const bool matters = f->verify_peer || f->require_any_client_certificate;
    if (strcmp(hf_conn_state(c->tls), "CLI_VERIFY_SESSION_WAIT") == 0) {
        op->u.verify_chain.verdict.accepted = !f->verify_fail;
        hf_op_finish(op, HF_OK);
        return;
    }
    if (c->verified) {
        refuse(op, "the chain was verified twice", HF_ALERT_internal_error);
        return;
    }
    c->verified = true;
    if (f->expect_ocsp_response.len > 0 && op->u.verify_chain.ocsp_response.len == 0) {
        refuse(op, "no OCSP response when the chain is verified", HF_ALERT_internal_error);
        return;
    }
    if (f->verify_fail && matters) {
        refuse(op, ":CERTIFICATE_VERIFY_FAILED:",
               f->use_custom_verify_callback ? HF_ALERT_certificate_unknown
                                             : HF_ALERT_handshake_failure);
        return;
    }
    if (!f->server && f->fail_ocsp_callback) {
        refuse(op, ":OCSP_CB_ERROR:", HF_ALERT_bad_certificate_status_response);
        return;
    }
    judge_usage(c, op);
    hf_op_finish(op, HF_OK);
}

/* Of the rules for chains the runner knows one, that keyUsage allows what the key is used for, and
 * breaks all others. */
static void judge_usage(const struct bogo_conn *c, hf_op *op)
{
    hf_error error = {0};
    hf_judgement *judgement = NULL;
    hf_trust *trust = hf_trust_new();
    const hf_span anchor = bogo_file(c->flags->trust_cert);
    hf_verdict *verdict = &op->u.verify_chain.verdict;
    *verdict = (hf_verdict){.accepted = true, .depth = -1};
    const hf_chain_question question = {
        .size = sizeof question,
        .trust = trust,
        .chain = op->u.verify_chain.chain,
        .count = op->u.verify_chain.count,
        .peer = op->u.verify_chain.peer,
        .now_s = op->u.verify_chain.now_s,
        .key_transport = op->u.verify_chain.key_transport,
    };
    if (trust != NULL && hf_trust_add(trust, anchor, &error) == HF_OK &&
        hf_trust_judge(&question, &judgement) == HF_OK) {
        const hf_verdict *said = hf_judgement_verdict(judgement);
        if (said->rule == HF_RULE_KEY_USAGE || said->rule == HF_RULE_KEY_TRANSPORT) {
            *verdict = *said;
        }
    }
    hf_judgement_free(judgement);
    hf_trust_free(trust);
}

/* The alert is the one that the runner expects of such a callback. */
static void refuse(hf_op *op, const char *why, hf_alert alert)
{
    fprintf(stderr, "%s\n", why);
    op->error.code = HF_E_OP_ALERT;
    op->error.alert = alert;
    hf_op_finish(op, HF_FAILED);
}
