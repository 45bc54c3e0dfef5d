/* Whether the caller's session is offered, and early data with it; before that its chain may be
 * verified again. */
#include "base/span.h"
#include "base/status.h"
#include "hs/auth.h"
#include "hs/hello/hello.h"
#include "hs/psk.h"
#include "wire/iana.h"

static hf_resume_reason judge_session(const struct hs *hs, const struct session_state *state);
static hf_resume_reason judge_proof(const struct hs *hs, const struct session_state *state);
static hf_resume_reason judge_early_data(const struct hs *hs, const struct session_state *state);

hf_status hello_client_choose_session(struct hs *hs)
{
    struct hs_result *r = hs->result;
    struct hs_client *c = &hs->c;
    const bool is_early_wanted = c->early;
    hf_resume_reason reason = HF_RESUME_NO_TICKET;
    if ((c->session != NULL || hs->config->resumption) && hs_need_resumption(hs) == NULL) {
        return hs_no_memory(hs);
    }
    if (c->session != NULL) {
        reason = judge_session(hs, session_state_of(c->session));
        TRACE(hs->tr, HF_EV_CANDIDATE, candidate, .about = HF_DECIDE_PSK, .value = 0,
              .name = "session", .accepted = reason == HF_RESUME_NONE,
              .reason =
                  reason == HF_RESUME_NONE ? "offered to the server" : hf_resume_text(reason));
    }
    /* What was not offered cannot be taken; what was, the server decides. */
    r->resume_reason = (uint8_t)(reason == HF_RESUME_NONE ? HF_RESUME_DECLINED : reason);
    r->early_reason = HF_RESUME_NONE;
    c->early = false;
    if (reason != HF_RESUME_NONE) {
        hf_session_free(c->session);
        c->session = NULL;
        r->early_reason = (uint8_t)(is_early_wanted ? reason : HF_RESUME_NONE);
    } else if (session_state_of(c->session)->version == HF_TLS12) {
        c->session12 = c->session;
        c->session = NULL;
        r->early_reason = (uint8_t)(is_early_wanted ? HF_RESUME_EARLY_DISABLED : HF_RESUME_NONE);
    } else if (is_early_wanted) {
        r->resumption->max_early_data = session_state_of(c->session)->max_early_data;
        reason = judge_early_data(hs, session_state_of(c->session));
        c->early = reason == HF_RESUME_NONE;
        r->early_offered = c->early;
        r->early_reason = (uint8_t)(c->early ? HF_RESUME_EARLY_DECLINED : reason);
    }
    return HF_OK;
}

/* Early data goes under the suite of the session, which must be one that is offered now. */
static hf_resume_reason judge_early_data(const struct hs *hs, const struct session_state *state)
{
    if (state->max_early_data == 0) {
        return HF_RESUME_EARLY_DISABLED;
    }
    return config_list_has(&hs->config->ciphers, state->cipher_suite) ? HF_RESUME_NONE
                                                                      : HF_RESUME_SUITE_DIFFERS;
}

static bool fits_suite12(const struct hs *hs, const struct session_state *state)
{
    (void)hs; /* all master secrets are of one length */
    return state->secret.len == MASTER12_LEN;
}

static bool offers_suite12(const struct hs *hs, uint16_t id)
{
    struct suite s;
    return config_list_has(&hs->config->ciphers, id) && suite12_find(hs->config->provider, id, &s);
}

static bool offers_hash_of(const struct hs *hs, uint16_t id)
{
    struct suite wanted;
    struct suite s;
    const struct config_list *ciphers = &hs->config->ciphers;
    if (!suite_find(hs->config->provider, id, &wanted)) {
        return false;
    }
    for (size_t i = 0; i < ciphers->count; i++) {
        if (suite_find(hs->config->provider, ciphers->v[i], &s) && s.hash == wanted.hash) {
            return true;
        }
    }
    return false;
}

/* A session without a protocol is of a server that has none, whatever was offered to it. */
static bool offers_alpn(const struct hs *hs, hf_span protocol)
{
    struct rd ours = rd_of(span_of(hs->config->alpn, hs->config->alpn_len));
    bool is_offered = protocol.len == 0; /* a server that chose none may do so again */
    while (rd_left(&ours) > 0) {
        is_offered = span_eq(rd_vec8(&ours, 1, 0xff), protocol) || is_offered;
    }
    return is_offered;
}

/* RFC 9846, 4.7.1 and C.4: a session is for the name, the rules and the time that it was made
 * under. */
static hf_resume_reason judge_session(const struct hs *hs, const struct session_state *state)
{
    const int64_t now_ms = hs->now_ms;
    const bool is_12 = state->version == HF_TLS12;
    if (state->version < hs->config->version_lowest ||
        state->version > hs->config->version_highest) {
        return HF_RESUME_VERSION_DIFFERS;
    }
    if (now_ms < state->issued_ms) {
        return HF_RESUME_FROM_THE_FUTURE;
    }
    if ((uint64_t)now_ms - (uint64_t)state->issued_ms >= (uint64_t)state->lifetime_s * 1000) {
        return HF_RESUME_EXPIRED;
    }
    if (!(is_12 ? fits_suite12 : psk_fits_suite)(hs, state)) {
        return HF_RESUME_STATE_UNREADABLE;
    }
    if (session_ticket(hs->c.session).len > SESSION_TICKET_MAX) {
        return HF_RESUME_TICKET_TOO_LONG;
    }
    if (!(is_12 ? offers_suite12 : offers_hash_of)(hs, state->cipher_suite)) {
        return HF_RESUME_SUITE_DIFFERS;
    }
    if (!span_eq(state->server_name, span_str(hs->c.server_name))) {
        return HF_RESUME_SERVER_NAME_DIFFERS;
    }
    if (!is_12 && !offers_alpn(hs, state->alpn)) { /* RFC 7301, 3.1: TLS 1.2 decides it anew */
        return HF_RESUME_ALPN_DIFFERS;
    }
    if (is_12 && (state->flags & SESSION_EMS) == 0) { /* RFC 7627, 5.3 */
        return HF_RESUME_EMS_DIFFERS;
    }
    return judge_proof(hs, state);
}

/* --- Its chain, once more --------------------------------------------------------------------- */

static bool verifies_again(const struct hs *hs)
{
    return hs->config->reverify && hs->config->verify == HF_VERIFY_REQUIRE;
}

/* Where its chain is verified again, it does not matter by what it was verified before. */
static hf_resume_reason judge_proof(const struct hs *hs, const struct session_state *state)
{
    size_t bytes;
    const hf_resume_reason reason = auth_judge_proof(hs, state);
    if (!verifies_again(hs) || (reason != HF_RESUME_NONE && reason != HF_RESUME_TRUST_DIFFERS)) {
        return reason;
    }
    if (session_chain_count(hs->c.session, &bytes) == 0) {
        return HF_RESUME_PEER_UNPROVEN;
    }
    return hs->c.chain_refused ? HF_RESUME_CHAIN_REFUSED : HF_RESUME_NONE;
}

bool hello_client_must_verify_session(const struct hs *hs)
{
    return verifies_again(hs) && hs->c.session != NULL &&
           judge_session(hs, session_state_of(hs->c.session)) == HF_RESUME_NONE;
}

hf_status hello_client_ask_session(struct hs *hs, enum hs_state wait)
{
    size_t bytes;
    uint8_t *at;
    const size_t count = session_chain_count(hs->c.session, &bytes);
    struct hs_chain *chain = auth_chain_new(count, bytes, &at);
    if (chain == NULL || hs_need_resumption(hs) == NULL) {
        auth_chain_free(chain);
        return hs_no_memory(hs);
    }
    struct session_chain kept;
    session_chain_of(hs->c.session, chain->cert, &kept);
    for (size_t i = 0; i < count; i++) {
        chain->cert[i] = auth_chain_keep(&at, kept.cert[i]);
    }
    chain->ocsp_response = auth_chain_keep(&at, kept.ocsp_response);
    chain->sct_list = auth_chain_keep(&at, kept.sct_list);
    hs->result->chain = chain;
    struct suite suite; /* of TLS 1.3 it is none of these */
    const bool key_transport =
        suite12_find(hs->config->provider, session_state_of(hs->c.session)->cipher_suite, &suite) &&
        suite.exchange == SUITE_RSA;
    return auth_ask_verify_chain(hs, HF_SERVER, hs->c.server_name, key_transport, wait);
}

hf_status hello_client_note_session(struct hs *hs)
{
    TRY(hs_answer(hs));
    const hf_verdict *v = &hs->op.u.verify_chain.verdict;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_CERTIFICATE, .value = v->accepted,
          .name = v->subject, .reason = v->accepted ? "accepted again" : v->detail);
    hs->c.chain_believed = v->accepted;
    hs->c.chain_refused = !v->accepted;
    if (v->accepted) {
        auth_renew_proof(hs, &session_state_of(hs->c.session)->proof, v);
    } else {
        auth_chain_drop(hs->result);
    }
    return HF_OK;
}

void hello_client_settle_session(struct hs *hs, const struct session_state *taken)
{
    if (taken == NULL) {
        auth_chain_drop(hs->result);
    } else if (!hs->c.chain_believed) {
        hs->result->resumption->proof = taken->proof;
    }
}
