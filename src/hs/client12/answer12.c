/* The client's flight of TLS 1.2, and the server's Finished (RFC 5246, 7.4.6 to 7.4.9; RFC 8422,
 * 5.7). */
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/auth.h"
#include "hs/auth12.h"
#include "hs/client12/client12.h"
#include "wire/iana.h"

/* --- The key exchange ------------------------------------------------------------------------- */

hf_status client12_encap(struct hs *hs)
{
    const hf_group *group = hs->result->group;
    hf_span peer_share = {NULL, 0};
    TRY(auth12_whole_share(hs, hs->t12.key_exchange.share, &peer_share));
    uint8_t *share = hs_alloc(hs, group->server_share_len);
    hs->shared_secret = hs_alloc(hs, group->secret_len);
    if (share == NULL || hs->shared_secret == NULL) {
        return hs_no_memory(hs);
    }
    hs->c.share_out = share;
    hs->t12.share_len = group->server_share_len;
    hs->t12.secret_len = group->secret_len;
    hs->op.u.key_encap.group = group;
    hs->op.u.key_encap.peer_share = peer_share;
    hs->op.u.key_encap.share = share;
    hs->op.u.key_encap.secret = hs->shared_secret;
    return hs_ask(hs, HF_OP_KEY_ENCAP, HS_C12_ENCAP_WAIT);
}

/* RFC 5246, 7.4.7.1: the client makes the premaster secret alone. */
hf_status client12_encrypt(struct hs *hs)
{
    enum { PREMASTER_LEN = 48, VERSION = 0x0303 };
    const hf_provider *p = hs->config->provider;
    hs->c.share_out = hs_alloc(hs, HF_SIGNATURE_MAX_LEN);
    hs->shared_secret = hs_alloc(hs, PREMASTER_LEN);
    if (hs->c.share_out == NULL || hs->shared_secret == NULL) {
        return hs_no_memory(hs);
    }
    hs->shared_secret[0] = VERSION >> 8;
    hs->shared_secret[1] = VERSION & 0xff;
    TRY(hs_random(hs, hs->shared_secret + 2, PREMASTER_LEN - 2));
    hf_public_key *key = p->public_key_import(hs->peer_spki);
    if (key == NULL) {
        return err_raise(hs->error, HF_E_CERTIFICATE_KEY, NULL);
    }
    hf_buf out = {hs->c.share_out, HF_SIGNATURE_MAX_LEN, 0};
    const bool done = p->rsa_encrypt(key, hs_pool_random, hs, hs->shared_secret, &out);
    p->public_key_free(key);
    if (!done) {
        return err_raise(hs->error, HF_E_CERTIFICATE_KEY, "key transport needs a key of RSA");
    }
    hs->t12.share_len = (uint16_t)out.pos;
    hs->t12.secret_len = PREMASTER_LEN;
    TRACE(hs->tr, HF_EV_NOTE, note, .about = "key transport",
          .text = "no forward secrecy: who gets the server's key reads this connection");
    hs_go(hs, hs->c.requested ? HS_C12_CHOOSE_IDENTITY : HS_C12_SEND_KEY_EXCHANGE);
    return HF_OK;
}

hf_status client12_encapped(struct hs *hs)
{
    TRY(hs_answer(hs));
    hs_go(hs, hs->c.requested ? HS_C12_CHOOSE_IDENTITY : HS_C12_SEND_KEY_EXCHANGE);
    return HF_OK;
}

hf_status client12_send_key_exchange(struct hs *hs)
{
    struct wr w;
    TRY(hs_begin(hs, MSG_CLIENT_KEY_EXCHANGE, 2 + (size_t)hs->t12.share_len, &w));
    wr_vec(&w, span_of(hs->c.share_out, hs->t12.share_len), auth12_share_length_bytes(hs));
    TRY(hs_end(hs, &w));
    TRY(auth12_make_keys(hs, hs->shared_secret, hs->t12.secret_len));
    if (hs->identity == NULL) {
        hs_go(hs, HS_C12_SEND_FINISHED);
        return HF_OK;
    }
    hf_span messages = {NULL, 0};
    TRY(hs_take_verbatim(hs, &messages));
    return auth_ask_sign(hs, messages, HS_C12_SIGN_WAIT);
}

/* --- This client's proof ---------------------------------------------------------------------- */

hf_status client12_choose_identity(struct hs *hs)
{
    const struct hs_client *c = &hs->c;
    hs->op.u.choose_identity.server_name = span_of(NULL, 0);
    hs->op.u.choose_identity.alpn = NULL;
    hs->op.u.choose_identity.alpn_count = 0;
    hs->op.u.choose_identity.schemes = c->request_schemes;
    hs->op.u.choose_identity.scheme_count = c->request_scheme_count;
    hs->op.u.choose_identity.cert_schemes = NULL;
    hs->op.u.choose_identity.cert_scheme_count = 0;
    hs->op.u.choose_identity.authorities = c->request_authorities;
    hs->op.u.choose_identity.authority_count = c->request_authority_count;
    hs->op.u.choose_identity.tls12 = true;
    hs->op.u.choose_identity.key_transport = false;
    hs->op.u.choose_identity.identity = NULL;
    hs->op.u.choose_identity.scheme = 0;
    hs->op.u.choose_identity.index = 0;
    return hs_ask(hs, HF_OP_CHOOSE_IDENTITY, HS_C12_CHOOSE_IDENTITY_WAIT);
}

hf_status client12_send_certificate(struct hs *hs)
{
    TRY(auth12_take_identity(hs));
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_IDENTITY,
          .value = hs->op.u.choose_identity.index,
          .name = hs->identity == NULL ? "no certificate" : iana_scheme_name(hs->scheme),
          .reason = hs->identity == NULL ? "none fits what the server asks for"
                                         : "fits what the server asks for");
    TRY(auth12_send_certificate(hs, hs->identity));
    hs_go(hs, HS_C12_SEND_KEY_EXCHANGE);
    return HF_OK;
}

hf_status client12_send_certificate_verify(struct hs *hs)
{
    hf_span signature = {NULL, 0};
    struct wr w;
    TRY(auth_signed(hs, &signature));
    TRY(hs_begin(hs, MSG_CERTIFICATE_VERIFY, 4 + signature.len, &w));
    wr_u16(&w, hs->scheme);
    wr_vec(&w, signature, 2);
    TRY(hs_end(hs, &w));
    hs->result->client_scheme = hs->scheme;
    hs->result->client_certificate = true;
    hs_go(hs, HS_C12_SEND_FINISHED);
    return HF_OK;
}

/* --- Finished --------------------------------------------------------------------------------- */

hf_status client12_send_finished(struct hs *hs)
{
    TRY(hs->sink->send_change_cipher_spec(hs->owner));
    TRY(hs_install_keys(hs, HF_SENT, hs->t12.keys.client_key, hs->t12.keys.client_iv));
    TRY(auth12_send_finished(hs, "client finished"));
    hs_go(hs, hs->t12.ticket_follows ? HS_C12_READ_TICKET : HS_C12_READ_CCS);
    return HF_OK;
}

hf_status client12_read_ccs(struct hs *hs)
{
    TRY(hs_install_keys(hs, HF_RECEIVED, hs->t12.keys.server_key, hs->t12.keys.server_iv));
    hs_go(hs, HS_C12_READ_FINISHED);
    return HF_OK;
}

hf_status client12_read_finished(struct hs *hs)
{
    TRY(auth12_read_finished(hs, "server finished"));
    hs->result->peer_proven = hs->config->verify == HF_VERIFY_REQUIRE;
    TRY(client12_keep_session(hs));
    hs->result->write_ready = true;
    hs_go(hs, HS_CONNECTED);
    return HF_OK;
}
