/* Proofs that both versions give and take alike. */
#include "hs/auth.h"

#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/op.h"
#include "wire/iana.h"
#include "x509/x509.h"

/* --- The peer's chain ------------------------------------------------------------------------- */

struct hs_chain *auth_chain_new(size_t count, size_t bytes, uint8_t **at)
{
    const size_t size = sizeof(struct hs_chain) + count * sizeof(hf_span) + bytes;
    struct hs_chain *chain = mem_alloc(size);
    if (chain != NULL) {
        *at = (uint8_t *)&chain->cert[count];
        chain->block_size = size;
        chain->count = count;
    }
    return chain;
}

hf_span auth_chain_keep(uint8_t **at, hf_span s)
{
    if (s.len > 0) {
        memcpy(*at, s.data, s.len);
    }
    hf_span kept = span_of(*at, s.len);
    *at += s.len;
    return kept;
}

void auth_chain_free(struct hs_chain *chain)
{
    if (chain != NULL) {
        mem_free(chain, chain->block_size);
    }
}

void auth_chain_drop(struct hs_result *r)
{
    auth_chain_free(r->chain);
    r->chain = NULL;
}

hf_status auth_ask_verify_chain(struct hs *hs, hf_role peer, const char *name, bool key_transport,
                                enum hs_state wait)
{
    const struct hs_chain *chain = hs->result->chain;
    hs->op.u.verify_chain.chain = chain->cert;
    hs->op.u.verify_chain.count = chain->count;
    hs->op.u.verify_chain.ocsp_response = chain->ocsp_response;
    hs->op.u.verify_chain.sct_list = chain->sct_list;
    hs->op.u.verify_chain.name = name;
    hs->op.u.verify_chain.peer = peer;
    hs->op.u.verify_chain.key_transport = key_transport;
    hs->op.u.verify_chain.now_s = hs->now_ms / 1000;
    hs->op.u.verify_chain.verdict = (hf_verdict){.depth = -1};
    return hs_ask(hs, HF_OP_VERIFY_CHAIN, wait);
}

/* A mark of the anchors, pins and lists of now; zeros where somebody else verifies. */
static void mark_trust(const hf_config *config, uint8_t out[SESSION_TRUST_LEN])
{
    hf_trust *trust = config->trust == NULL ? NULL : hf_trust_store_current(config->trust);
    memset(out, 0, SESSION_TRUST_LEN);
    if (trust != NULL) {
        memcpy(out, x5_trust_fingerprint(trust), SESSION_TRUST_LEN);
    }
    hf_trust_free(trust);
}

/* What sessions of this connection will stand on. A chain holds until a certificate of its path
 * ends; and as revocation may come at any time, for no longer than one session would live (RFC
 * 9846, 4.7.1). */
static hf_status keep_proof(struct hs *hs, const hf_verdict *v)
{
    const hf_config *config = hs->config;
    const unsigned kept = HF_OP_BIT(HF_OP_TICKET_SEAL) | HF_OP_BIT(HF_OP_SESSION_PUT);
    if (!config->resumption && config->ticket_keys == NULL && config->session_store == NULL &&
        (config->external_ops & kept) == 0) {
        return HF_OK;
    }
    if (hs_need_resumption(hs) == NULL) {
        return hs_no_memory(hs);
    }
    struct session_proof *proof = &hs->result->resumption->proof;
    const int64_t longest_s = hs->now_ms / 1000 + SESSION_LIFETIME_MAX_S;
    x5_sha256(hs->result->chain->cert[0], proof->peer);
    mark_trust(config, proof->trust);
    proof->until_ms = hs->now_ms + (int64_t)SESSION_LIFETIME_MAX_S * 1000;
    if (v->until_s != 0 && v->until_s < longest_s) { /* 0: the verifier does not say */
        proof->until_ms = v->until_s * 1000;
    }
    return HF_OK;
}

void auth_renew_proof(struct hs *hs, const struct session_proof *earlier, const hf_verdict *v)
{
    struct session_proof *proof = &hs->result->resumption->proof;
    *proof = *earlier;
    mark_trust(hs->config, proof->trust);
    if (v->until_s != 0 && v->until_s < proof->until_ms / 1000) {
        proof->until_ms = v->until_s * 1000;
    }
}

hf_status auth_session_new(const hf_config *config, const struct hs_result *r,
                           const struct session_state *state, hf_span ticket, bool is_id,
                           hf_session **out)
{
    *out = NULL;
    if (!config->reverify) {
        *out = session_new(state, ticket, is_id, NULL);
        return *out == NULL ? HF_FAILED : HF_OK;
    }
    const struct hs_chain *chain = r->chain;
    if (chain == NULL) {
        return HF_OK;
    }
    const struct session_chain kept = {.cert = chain->cert,
                                       .count = chain->count,
                                       .ocsp_response = chain->ocsp_response,
                                       .sct_list = chain->sct_list};
    if (!session_chain_fits(&kept)) {
        return HF_OK;
    }
    *out = session_new(state, ticket, is_id, &kept);
    return *out == NULL ? HF_FAILED : HF_OK;
}

hf_resume_reason auth_judge_proof(const struct hs *hs, const struct session_state *state)
{
    uint8_t trust[SESSION_TRUST_LEN];
    if ((state->flags & SESSION_PEER_PROVEN) == 0) {
        return hs->config->verify == HF_VERIFY_REQUIRE ? HF_RESUME_PEER_UNPROVEN : HF_RESUME_NONE;
    }
    mark_trust(hs->config, trust);
    if (memcmp(trust, state->proof.trust, sizeof trust) != 0) {
        return HF_RESUME_TRUST_DIFFERS;
    }
    return hs->now_ms < state->proof.until_ms ? HF_RESUME_NONE : HF_RESUME_EXPIRED;
}

hf_status auth_chain_verified(struct hs *hs)
{
    TRY(hs_answer(hs));
    const hf_verdict *v = &hs->op.u.verify_chain.verdict;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_CERTIFICATE, .value = v->accepted,
          .name = v->subject, .reason = v->accepted ? "accepted" : v->detail);
    if (!v->accepted) {
        hs->error->rule = (uint16_t)v->rule;
        return err_raise(hs->error, v->code == HF_E_NONE ? HF_E_CERTIFICATE_REJECTED : v->code,
                         "%s", v->detail);
    }
    if (!x5_subject_public_key_info(hs->result->chain->cert[0], &hs->peer_spki)) {
        return err_raise(hs->error, HF_E_CERTIFICATE_MALFORMED, "the leaf");
    }
    return keep_proof(hs, v);
}

/* --- Signatures ------------------------------------------------------------------------------- */

size_t auth_signature_room(const hf_identity *identity)
{
    enum { CURVES_MAX = 144 }; /* ECDSA P-521 in DER: 139 bytes; Ed448: 114 */
    hf_key_kind kind = hf_identity_key_kind(identity);
    return kind == HF_KEY_RSA || kind == HF_KEY_RSA_PSS ? HF_SIGNATURE_MAX_LEN : CURVES_MAX;
}

hf_status auth_ask_sign(struct hs *hs, hf_span message, enum hs_state wait)
{
    const size_t room = auth_signature_room(hs->identity);
    uint8_t *signature = hs_alloc(hs, room);
    if (signature == NULL) {
        return hs_no_memory(hs);
    }
    hs->op.u.sign.identity = hs->identity;
    hs->op.u.sign.scheme = hs->scheme;
    hs->op.u.sign.message = message;
    hs->op.u.sign.signature = signature;
    hs->op.u.sign.capacity = room;
    hs->op.u.sign.signature_len = 0;
    return hs_ask(hs, HF_OP_SIGN, wait);
}

hf_status auth_signed(struct hs *hs, hf_span *signature)
{
    TRY(hs_answer(hs));
    *signature = span_of(hs->op.u.sign.signature, hs->op.u.sign.signature_len);
    if (signature->len == 0 || signature->len > hs->op.u.sign.capacity) {
        return err_raise(hs->error, HF_E_SIGN, "a signature of %zu bytes", signature->len);
    }
    return HF_OK;
}

hf_status auth_ask_verify_signature(struct hs *hs, uint16_t scheme, hf_span message,
                                    hf_span signature, enum hs_state wait)
{
    hs->op.u.verify_signature.spki = hs->peer_spki;
    hs->op.u.verify_signature.scheme = scheme;
    hs->op.u.verify_signature.message = message;
    hs->op.u.verify_signature.signature = signature;
    hs->op.u.verify_signature.valid = false;
    return hs_ask(hs, HF_OP_VERIFY_SIGNATURE, wait);
}

hf_status auth_signature_verified(struct hs *hs)
{
    TRY(hs_answer(hs));
    if (!hs->op.u.verify_signature.valid) {
        return err_raise(hs->error, HF_E_CERTIFICATE_VERIFY, "%s",
                         iana_scheme_name(hs->op.u.verify_signature.scheme));
    }
    return HF_OK;
}
