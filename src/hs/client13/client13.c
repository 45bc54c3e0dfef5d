/* The server's half of a TLS 1.3 handshake as its client sees it: keys, parameters, the server's
 * proof. */
#include "hs/client13/client13.h"

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/auth.h"
#include "hs/auth13.h"
#include "hs/client13/request.h"
#include "hs/ext/extensions.h"
#include "hs/op.h"
#include "wire/iana.h"

static hf_status take_handshake_keys(struct hs *hs, hf_span shared_secret);

hf_status client13_decap(struct hs *hs)
{
    if (hs->result->group == NULL) { /* psk_ke */
        return take_handshake_keys(hs, span_of(NULL, 0));
    }
    /* The hello stage has filled in group, private key and the server's share. */
    hs->shared_secret = hs_alloc(hs, hs->result->group->secret_len);
    if (hs->shared_secret == NULL) {
        return hs_no_memory(hs);
    }
    hs->op.u.key_decap.secret = hs->shared_secret;
    return hs_ask(hs, HF_OP_KEY_DECAP, HS_C13_DECAP_WAIT);
}

static void drop_shares(struct hs_client *c)
{
    for (size_t i = 0; i < c->share_count; i++) {
        c->shares[i].group->clear(c->shares[i].priv);
    }
    c->share_count = 0;
}

hf_status client13_decapped(struct hs *hs)
{
    TRY(hs_answer(hs));
    return take_handshake_keys(hs, span_of(hs->shared_secret, hs->result->group->secret_len));
}

static hf_status take_handshake_keys(struct hs *hs, hf_span shared_secret)
{
    auth13_handshake_secrets(hs, hs->c.psk.key, shared_secret);
    drop_shares(&hs->c);
    arena_release(&hs->arena, hs->c.scratch);
    hs->c.cookie = span_of(NULL, 0);
    TRY(hs_install(hs, HF_RECEIVED, HF_LEVEL_HANDSHAKE, &hs->server_hs));
    if (hs->session_id_len > 0 && !hs->c.ccs_sent && hs->sink->send_change_cipher_spec != NULL) {
        TRY(hs->sink->send_change_cipher_spec(hs->owner));
        hs->c.ccs_sent = true;
    }
    if (!hs->c.early) {
        TRY(hs_install(hs, HF_SENT, HF_LEVEL_HANDSHAKE, &hs->client_hs));
    }
    hs_go(hs, HS_C13_READ_ENCRYPTED_EXTENSIONS);
    return HF_OK;
}

/* What the server said of early data: refused, its keys are left at once; taken, its session's
 * parameters must hold (RFC 9846, 4.3.10). */
static hf_status judge_early_data(struct hs *hs)
{
    if (!hs->c.early) {
        return HF_OK;
    }
    if (!hs->result->early_data) {
        hs->c.early = false;
        TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_EARLY_DATA, .value = 0,
              .name = hf_resume_name(HF_RESUME_EARLY_DECLINED),
              .reason = hf_resume_text(HF_RESUME_EARLY_DECLINED));
        return hs_install(hs, HF_SENT, HF_LEVEL_HANDSHAKE, &hs->client_hs);
    }
    if (!span_eq(hs->result->alpn, session_state_of(hs->c.session)->alpn)) {
        return err_raise(hs->error, HF_E_EARLY_DATA_ACCEPTED,
                         "under another application protocol than the session's");
    }
    hs->result->early_reason = HF_RESUME_NONE;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_EARLY_DATA,
          .value = session_state_of(hs->c.session)->max_early_data, .name = "accepted",
          .reason = "the server's choice");
    return HF_OK;
}

hf_status client13_read_encrypted_extensions(struct hs *hs)
{
    struct ext_view view;
    TRY(encrypted_extensions_parse(hs->msg.body, hs->error, &view));
    TRY(ext_read_answers(hs, &view));
    TRY(judge_early_data(hs));
    hs_hash_received(hs);
    hs_go(hs, hs->result->psk ? HS_C13_READ_FINISHED : HS_C13_READ_CERTIFICATE_OR_REQUEST);
    return HF_OK;
}

hf_status client13_read_certificate_or_request(struct hs *hs)
{
    if (hs->msg.type != MSG_CERTIFICATE_REQUEST) {
        return client13_read_certificate(hs);
    }
    TRY(request_read(hs));
    if (hs->c.request_context.len != 0) {
        return err_raise(hs->error, HF_E_CERTIFICATE_CONTEXT,
                         "CertificateRequest inside the handshake");
    }
    hs_hash_received(hs);
    hs_go(hs, HS_C13_READ_CERTIFICATE);
    return HF_OK;
}

hf_status client13_read_certificate(struct hs *hs)
{
    uint32_t allowed =
        hs->c.offered & (EXT_BIT(EXT_status_request) | EXT_BIT(EXT_signed_certificate_timestamp));
    TRY(auth13_read_certificate(hs, span_of(NULL, 0), allowed));
    if (hs->result->chain == NULL) {
        return err_raise(hs->error, HF_E_CERTIFICATE_EMPTY, NULL);
    }
    if (hs->msg.type == MSG_COMPRESSED_CERTIFICATE) {
        hs->result->compression = list16_at(hs->msg.body, 0);
    }
    return auth_ask_verify_chain(hs, HF_SERVER, hs->c.server_name, false, HS_C13_VERIFY_CHAIN_WAIT);
}

hf_status client13_chain_verified(struct hs *hs)
{
    TRY(auth_chain_verified(hs));
    hs_go(hs, HS_C13_READ_CERTIFICATE_VERIFY);
    return HF_OK;
}

hf_status client13_read_certificate_verify(struct hs *hs)
{
    return auth13_read_certificate_verify(hs, HF_SERVER, &hs->result->server_scheme,
                                          HS_C13_VERIFY_SIGNATURE_WAIT);
}

hf_status client13_signature_verified(struct hs *hs)
{
    TRY(auth_signature_verified(hs));
    hs->result->peer_proven = hs->config->verify == HF_VERIFY_REQUIRE;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_SIGNATURE_SCHEME,
          .value = hs->result->server_scheme, .name = iana_scheme_name(hs->result->server_scheme),
          .reason = "the server's choice");
    hs_go(hs, HS_C13_READ_FINISHED);
    return HF_OK;
}

hf_status client13_read_finished(struct hs *hs)
{
    TRY(auth13_read_finished(hs, &hs->server_hs));
    auth13_application_secrets(hs);
    TRY(hs_install(hs, HF_RECEIVED, HF_LEVEL_APPLICATION, &hs->result->server_app));
    if (hs->c.early) {
        hs_go(hs, HS_C13_SEND_END_OF_EARLY_DATA);
    } else {
        hs_go(hs, hs->c.requested ? HS_C13_CHOOSE_IDENTITY : HS_C13_SEND_FINISHED);
    }
    return HF_OK;
}

hf_status client13_send_end_of_early_data(struct hs *hs)
{
    struct wr w;
    TRY(hs_begin(hs, MSG_END_OF_EARLY_DATA, 0, &w));
    TRY(hs_end(hs, &w));
    TRY(hs_install(hs, HF_SENT, HF_LEVEL_HANDSHAKE, &hs->client_hs));
    hs_go(hs, HS_C13_SEND_FINISHED);
    return HF_OK;
}

/* --- This client's proof ---------------------------------------------------------------------- */

hf_status client13_choose_identity(struct hs *hs)
{
    const struct hs_client *c = &hs->c;
    hs->op.u.choose_identity.server_name = span_of(NULL, 0);
    hs->op.u.choose_identity.alpn = NULL;
    hs->op.u.choose_identity.alpn_count = 0;
    hs->op.u.choose_identity.schemes = c->request_schemes;
    hs->op.u.choose_identity.scheme_count = c->request_scheme_count;
    hs->op.u.choose_identity.cert_schemes = c->request_cert_schemes;
    hs->op.u.choose_identity.cert_scheme_count = c->request_cert_scheme_count;
    hs->op.u.choose_identity.authorities = c->request_authorities;
    hs->op.u.choose_identity.authority_count = c->request_authority_count;
    hs->op.u.choose_identity.tls12 = false;
    hs->op.u.choose_identity.key_transport = false;
    hs->op.u.choose_identity.identity = NULL;
    hs->op.u.choose_identity.scheme = 0;
    hs->op.u.choose_identity.index = 0;
    return hs_ask(hs, HF_OP_CHOOSE_IDENTITY, HS_C13_CHOOSE_IDENTITY_WAIT);
}

hf_status client13_identity_chosen(struct hs *hs)
{
    TRY(hs_answer(hs));
    hs->identity = hs->op.u.choose_identity.identity;
    hs->scheme = hs->op.u.choose_identity.scheme;
    if (hs->identity != NULL && !op_identity_is_sound(&hs->op)) {
        hs->op.u.choose_identity.identity = NULL;
        return err_raise(hs->error, HF_E_API_MISUSE, "%s does not fit the chosen identity",
                         iana_scheme_name(hs->scheme));
    }
    hs->op.u.choose_identity.identity = NULL;
    if (hs->identity != NULL) {
        hs->result->chosen_identity = (int)hs->op.u.choose_identity.index;
    }
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_IDENTITY,
          .value = hs->op.u.choose_identity.index,
          .name = hs->identity == NULL ? "no certificate" : iana_scheme_name(hs->scheme),
          .reason = hs->identity == NULL ? "none fits what the server asks for"
                                         : "fits what the server asks for");
    hs_go(hs, HS_C13_SEND_CERTIFICATE);
    return HF_OK;
}

hf_status client13_send_certificate(struct hs *hs)
{
    struct auth_show show = {.identity = hs->identity,
                             .context = hs->c.request_context,
                             .compression = hs->c.request_compression};
    TRY(auth13_send_certificate(hs, &show));
    if (hs->identity == NULL) {
        hs_go(hs, HS_C13_SEND_FINISHED);
        return HF_OK;
    }
    return auth13_ask_sign(hs, HF_CLIENT, HS_C13_SIGN_WAIT);
}

hf_status client13_send_certificate_verify(struct hs *hs)
{
    TRY(auth13_send_certificate_verify(hs));
    hs->result->client_scheme = hs->scheme;
    hs->result->client_certificate = true;
    hs_go(hs, HS_C13_SEND_FINISHED);
    return HF_OK;
}

/* Keeps the transcript for later requests (RFC 9846, 4.5): it ends with this client's Finished. */
static hf_status keep_transcript(struct hs *hs)
{
    if (!hs->config->post_handshake_auth) {
        return HF_OK;
    }
    struct transcript *kept = mem_alloc(sizeof *kept);
    if (kept == NULL) {
        return hs_no_memory(hs);
    }
    *kept = hs->transcript;
    hs->result->post_transcript = kept;
    return HF_OK;
}

hf_status client13_send_finished(struct hs *hs)
{
    if (hs->post) {
        TRY(auth13_send_finished(hs, &hs->result->client_app));
    } else {
        TRY(auth13_send_finished(hs, &hs->client_hs));
        /* First the keys: behind this Finished the server hears even an alert under the new ones.
         */
        TRY(hs_install(hs, HF_SENT, HF_LEVEL_APPLICATION, &hs->result->client_app));
        TRY(keep_transcript(hs));
        if (hs->config->resumption) {
            auth13_resumption_secret(hs, &hs->result->resumption->secret);
        }
        hs->result->write_ready = true;
    }
    hs_go(hs, HS_CONNECTED);
    return HF_OK;
}

hf_status client13_read_post_request(struct hs *hs)
{
    TRY(request_read(hs));
    if (hs->c.request_context.len == 0) {
        return err_raise(hs->error, HF_E_CERTIFICATE_CONTEXT,
                         "CertificateRequest after the handshake needs one");
    }
    hs_hash_received(hs);
    hs_go(hs, HS_C13_CHOOSE_IDENTITY);
    return HF_OK;
}
