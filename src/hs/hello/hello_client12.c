/* The ServerHello of TLS 1.2 (RFC 5246, 7.4.1.3): judged, and the machine of TLS 1.2 entered. */
#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/ext/extensions.h"
#include "hs/hello/hello.h"
#include "wire/iana.h"

/* The server repeats the identifier: it resumes the session. */
static bool is_echoed(const struct hs *hs, const struct server_hello *sh)
{
    return hs->session_id_len > 0 &&
           span_eq(sh->legacy_session_id_echo, span_of(hs->session_id, hs->session_id_len));
}

static hf_status judge_fields(struct hs *hs, const struct server_hello *sh)
{
    if (hs->ccs_dropped) {
        return err_raise(hs->error, HF_E_CCS_EARLY, "before ServerHello");
    }
    if (is_echoed(hs, sh) && hs->c.session12 == NULL) {
        return err_raise(hs->error, HF_E_SESSION_NOT_OFFERED, NULL);
    }
    if (!config_list_has(&hs->config->ciphers, sh->cipher_suite) ||
        !suite12_find(hs->config->provider, sh->cipher_suite, &hs->result->suite)) {
        return err_raise(hs->error, HF_E_SUITE_NOT_OFFERED, "%s",
                         iana_suite_name(sh->cipher_suite));
    }
    if (sh->legacy_compression_method != 0) {
        return err_raise(hs->error, HF_E_COMPRESSION_CHOSEN, "method %u",
                         (unsigned)sh->legacy_compression_method);
    }
    return ext_check_placed(&sh->ext, EXT_SH12, hs->error);
}

static hf_status judge_extensions(struct hs *hs, const struct server_hello *sh)
{
    TRY(ext_read_answers12(hs, &sh->ext));
    if (!hs->t12.renegotiation) {
        return err_raise(hs->error, HF_E_RENEGOTIATION_UNSAFE, NULL);
    }
    if (hs->config->require_ems && !hs->result->extended_master_secret) {
        return err_raise(hs->error, HF_E_EMS_REQUIRED, "the server did not answer it");
    }
    return HF_OK;
}

/* The key shares of TLS 1.3 were made for nothing. */
static void drop_shares(struct hs *hs)
{
    struct hs_client *c = &hs->c;
    for (size_t i = 0; i < c->share_count; i++) {
        c->shares[i].group->clear(c->shares[i].priv);
    }
    c->share_count = 0;
    arena_release(&hs->arena, c->scratch);
}

/* What the server takes must be the session as it was. */
static hf_status take_session(struct hs *hs)
{
    const struct session_state *state = session_state_of(hs->c.session12);
    struct hs_result *r = hs->result;
    if (r->suite.id != state->cipher_suite) {
        return err_raise(hs->error, HF_E_SESSION_SUITE, "%s, then %s",
                         iana_suite_name(state->cipher_suite), iana_suite_name(r->suite.id));
    }
    if (r->extended_master_secret != ((state->flags & SESSION_EMS) != 0)) {
        return err_raise(hs->error, HF_E_SESSION_EMS, "the server leaves it away now");
    }
    r->resumed = true;
    r->resume_reason = HF_RESUME_NONE;
    r->peer_proven = (state->flags & SESSION_PEER_PROVEN) != 0;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_PSK, .value = 0, .name = "session",
          .reason = "the server takes it");
    return HF_OK;
}

/* What the server calls the session that begins, if it keeps it by an identifier. */
static void keep_session_id(struct hs *hs, hf_span id)
{
    hs->session_id_len = (uint8_t)id.len;
    if (id.len > 0) {
        memcpy(hs->session_id, id.data, id.len);
    }
    if (hs->c.session != NULL) {
        hs->result->resume_reason = HF_RESUME_VERSION_DIFFERS;
    }
}

hf_status hello_client_enter12(struct hs *hs, const struct server_hello *sh)
{
    if (hs->c.early) {
        /* RFC 9846, E.3: what was sent already cannot be a part of TLS 1.2. */
        return err_raise(hs->error, HF_E_DOWNGRADE,
                         "early data is under way in TLS 1.3, the server answers with another");
    }
    TRY(judge_fields(hs, sh));
    drop_shares(hs);
    /* The transcripts of both hashes give way to what TLS 1.2 holds. */
    hs->transcript = hs->early[hs->result->suite.hash == hs->config->provider->sha384];
    hf_wipe(hs->early, sizeof hs->early);
    TRY(judge_extensions(hs, sh));
    const bool resumed = is_echoed(hs, sh);
    memcpy(hs->t12.server_random, sh->random.data, MSG_RANDOM_LEN);
    hs_hash_received(hs);
    hs->result->version = HF_TLS12;
    hs->result->family = HS_TLS12;
    hs->result->warnings_pass = true;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_VERSION, .value = HF_TLS12,
          .name = "TLS 1.2", .reason = "the server's choice");
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_CIPHER_SUITE,
          .value = hs->result->suite.id, .name = iana_suite_name(hs->result->suite.id),
          .reason = "the server's choice");
    if (resumed) {
        TRY(take_session(hs));
    } else {
        keep_session_id(hs, sh->legacy_session_id_echo);
    }
    hello_client_settle_session(hs, resumed ? session_state_of(hs->c.session12) : NULL);
    hs_go(hs, resumed ? HS_C12_RESUME : HS_C12_READ_CERTIFICATE);
    return HF_OK;
}
