/* The ServerHello of TLS 1.2 (RFC 5246, 7.4.1.3): judged, and the machine of TLS 1.2 entered. */
#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/ext/extensions.h"
#include "hs/hello/hello.h"
#include "wire/iana.h"

static hf_status judge_fields(struct hs *hs, const struct server_hello *sh)
{
    if (hs->ccs_dropped) {
        return err_raise(hs->error, HF_E_CCS_EARLY, "before ServerHello");
    }
    if (hs->session_id_len > 0 &&
        span_eq(sh->legacy_session_id_echo, span_of(hs->session_id, hs->session_id_len))) {
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
    hs_go(hs, HS_C12_READ_CERTIFICATE);
    return HF_OK;
}
