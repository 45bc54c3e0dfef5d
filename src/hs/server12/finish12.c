/* The client's flight of TLS 1.2, and this server's Finished (RFC 5246, 7.4.6 to 7.4.9). */
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/auth.h"
#include "hs/auth12.h"
#include "hs/server12/server12.h"
#include "wire/iana.h"
#include "wire/message12.h"

/* --- The client's chain ----------------------------------------------------------------------- */

hf_status server12_read_certificate(struct hs *hs)
{
    TRY(auth12_read_certificate(hs));
    if (hs->result->chain != NULL) {
        return auth_ask_verify_chain(hs, HF_CLIENT, NULL, false, HS_S12_VERIFY_CHAIN_WAIT);
    }
    if (hs->config->verify == HF_VERIFY_REQUIRE) {
        return err_raise(hs->error, HF_E_CERTIFICATE_MISSING, NULL);
    }
    hs_go(hs, HS_S12_READ_KEY_EXCHANGE);
    return HF_OK;
}

hf_status server12_chain_verified(struct hs *hs)
{
    TRY(auth_chain_verified(hs));
    hs_go(hs, HS_S12_READ_KEY_EXCHANGE);
    return HF_OK;
}

/* --- The key exchange ------------------------------------------------------------------------- */

enum { PREMASTER_LEN = 48 };

static hf_status ask_decrypt(struct hs *hs, hf_span ciphertext)
{
    hs->shared_secret = hs_alloc(hs, PREMASTER_LEN);
    if (hs->shared_secret == NULL) {
        return hs_no_memory(hs);
    }
    TRACE(hs->tr, HF_EV_NOTE, note, .about = "key transport",
          .text = "no forward secrecy: who gets the server's key reads this connection");
    hs_hash_received(hs);
    hs->op.u.decrypt.identity = hs->identity;
    hs->op.u.decrypt.ciphertext = ciphertext;
    hs->op.u.decrypt.premaster = hs->shared_secret;
    return hs_ask(hs, HF_OP_DECRYPT, HS_S12_DECRYPT_WAIT);
}

hf_status server12_read_key_exchange(struct hs *hs)
{
    const struct hs_share *own = &hs->s.own;
    hf_span share = {NULL, 0};
    TRY(client_key_exchange_parse(hs->msg.body, auth12_share_length_bytes(hs), hs->error, &share));
    if (hs->result->suite.exchange == SUITE_RSA) {
        return ask_decrypt(hs, share);
    }
    TRY(auth12_whole_share(hs, share, &share));
    hs->shared_secret = hs_alloc(hs, own->group->secret_len);
    if (hs->shared_secret == NULL) {
        return hs_no_memory(hs);
    }
    hs_hash_received(hs);
    hs->op.u.key_decap.group = own->group;
    hs->op.u.key_decap.priv = own->priv;
    hs->op.u.key_decap.peer_share = share;
    hs->op.u.key_decap.secret = hs->shared_secret;
    return hs_ask(hs, HF_OP_KEY_DECAP, HS_S12_DECAP_WAIT);
}

static hf_status take_premaster(struct hs *hs, size_t len)
{
    TRY(hs_answer(hs));
    TRY(auth12_make_keys(hs, hs->shared_secret, len));
    hs_go(hs, hs->result->chain != NULL ? HS_S12_READ_CERTIFICATE_VERIFY : HS_S12_READ_CCS);
    return HF_OK;
}

hf_status server12_decapped(struct hs *hs)
{
    return take_premaster(hs, hs->result->group->secret_len);
}

hf_status server12_decrypted(struct hs *hs)
{
    return take_premaster(hs, PREMASTER_LEN);
}

hf_status server12_read_certificate_verify(struct hs *hs)
{
    return auth12_read_certificate_verify(hs, HS_S12_VERIFY_SIGNATURE_WAIT);
}

hf_status server12_signature_verified(struct hs *hs)
{
    TRY(auth_signature_verified(hs));
    hs->result->client_certificate = true;
    hs_go(hs, HS_S12_READ_CCS);
    return HF_OK;
}

/* --- Finished --------------------------------------------------------------------------------- */

hf_status server12_read_ccs(struct hs *hs)
{
    TRY(hs_install_keys(hs, HF_RECEIVED, hs->t12.keys.client_key, hs->t12.keys.client_iv));
    hs_go(hs, HS_S12_READ_FINISHED);
    return HF_OK;
}

hf_status server12_read_finished(struct hs *hs)
{
    TRY(auth12_read_finished(hs, "client finished"));
    return server12_keep_session(hs);
}

hf_status server12_send_finished(struct hs *hs)
{
    TRY(hs->sink->send_change_cipher_spec(hs->owner));
    TRY(hs_install_keys(hs, HF_SENT, hs->t12.keys.server_key, hs->t12.keys.server_iv));
    TRY(auth12_send_finished(hs, "server finished"));
    hs->result->write_ready = true;
    hs_go(hs, HS_CONNECTED);
    return HF_OK;
}
