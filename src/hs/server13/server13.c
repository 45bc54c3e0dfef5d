/* The server's flight and its reading of the client's (RFC 9846, 2, figure 1). */
#include "hs/server13/server13.h"

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/auth.h"
#include "hs/auth13.h"
#include "hs/ext/extensions.h"
#include "wire/iana.h"

enum { LEGACY_VERSION = 0x0303 };

/* --- ServerHello ------------------------------------------------------------------------------ */

static hf_status send_hello(struct hs *hs, hf_span shared_secret);

hf_status server13_encap(struct hs *hs)
{
    const hf_group *group = hs->result->group;
    hs->s.scratch = arena_mark(&hs->arena);
    if (group == NULL) { /* psk_ke */
        return send_hello(hs, span_of(NULL, 0));
    }
    hs->s.share_out = hs_alloc(hs, group->server_share_len);
    hs->shared_secret = hs_alloc(hs, group->secret_len);
    if (hs->s.share_out == NULL || hs->shared_secret == NULL) {
        return hs_no_memory(hs);
    }
    hs->op.u.key_encap.group = group;
    hs->op.u.key_encap.peer_share = hs->s.share;
    hs->op.u.key_encap.share = hs->s.share_out;
    hs->op.u.key_encap.secret = hs->shared_secret;
    return hs_ask(hs, HF_OP_KEY_ENCAP, HS_S13_ENCAP_WAIT);
}

static size_t share_len(const struct hs *hs)
{
    return hs->result->group == NULL ? 0 : hs->result->group->server_share_len;
}

static void write_server_hello_extensions(struct hs *hs, struct wr *w)
{
    const hf_group *group = hs->result->group;
    size_t block = wr_open(w, 2);
    if (hs->result->psk) {
        wr_u16(w, EXT_CODE_pre_shared_key);
        wr_u16(w, 2);
        wr_u16(w, (uint16_t)hs->s.psk_index);
    }
    if (group != NULL) {
        wr_u16(w, EXT_CODE_key_share);
        size_t m = wr_open(w, 2);
        wr_u16(w, group->id);
        wr_vec(w, span_of(hs->s.share_out, group->server_share_len), 2);
        wr_close(w, m, 2);
    }
    wr_u16(w, EXT_CODE_supported_versions);
    wr_u16(w, 2);
    wr_u16(w, HF_TLS13);
    wr_close(w, block, 2);
}

static hf_status write_server_hello(struct hs *hs)
{
    uint8_t random[MSG_RANDOM_LEN];
    struct wr w;
    TRY(hs_random(hs, random, sizeof random));
    TRY(hs_begin(hs, MSG_SERVER_HELLO, 128 + share_len(hs), &w));
    wr_u16(&w, LEGACY_VERSION);
    wr_bytes(&w, span_of(random, sizeof random));
    wr_vec(&w, span_of(hs->session_id, hs->session_id_len), 1);
    wr_u16(&w, hs->result->suite.id);
    wr_u8(&w, 0); /* legacy_compression_method */
    write_server_hello_extensions(hs, &w);
    return hs_end(hs, &w);
}

static size_t encrypted_extensions_size(const struct hs *hs)
{
    return 64 + hs->result->alpn.len + 2 * hs->config->groups.count;
}

static struct auth_show show_of(const struct hs *hs)
{
    return (struct auth_show){.identity = hs->identity,
                              .ocsp = hs->s.offer.wants_status,
                              .sct = hs->s.offer.wants_sct,
                              .compression = hs->s.compression};
}

/* About what the server says in its first flight; a CertificateRequest comes on top. */
static size_t flight_size(const struct hs *hs)
{
    enum { RECORDS = 256, FINISHED = 64 };
    size_t n = RECORDS + 128 + share_len(hs) + encrypted_extensions_size(hs) + FINISHED;
    if (hs->identity != NULL) {
        struct auth_show show = show_of(hs);
        n += auth13_certificate_size(&show) + 8 + auth_signature_room(hs->identity);
    }
    return n;
}

hf_status server13_send_server_hello(struct hs *hs)
{
    TRY(hs_answer(hs));
    return send_hello(hs, span_of(hs->shared_secret, hs->result->group->secret_len));
}

static hf_status send_hello(struct hs *hs, hf_span shared_secret)
{
    hs_expect(hs, flight_size(hs));
    TRY(write_server_hello(hs));
    /* Of the hello nothing is needed any more but what the result and the flags of the offer
     * hold. */
    hs_release_message(hs);
    if (hs->session_id_len > 0 && !hs->result->retried &&
        hs->sink->send_change_cipher_spec != NULL) {
        TRY(hs->sink->send_change_cipher_spec(hs->owner));
    }
    auth13_handshake_secrets(hs, hs->result->psk ? hs->s.psk.key : span_of(NULL, 0), shared_secret);
    if (hs->s.session != NULL) {
        session_state_wipe(hs->s.session);
    }
    arena_release(&hs->arena, hs->s.scratch);
    TRY(hs_install(hs, HF_SENT, HF_LEVEL_HANDSHAKE, &hs->server_hs));
    if (hs->s.early) {
        TRY(hs_install(hs, HF_RECEIVED, HF_LEVEL_EARLY, &hs->result->resumption->secret));
    } else {
        TRY(hs_install(hs, HF_RECEIVED, HF_LEVEL_HANDSHAKE, &hs->client_hs));
    }
    hs_go(hs, HS_S13_SEND_ENCRYPTED_EXTENSIONS);
    return HF_OK;
}

/* --- Parameters ------------------------------------------------------------------------------- */

hf_status server13_send_encrypted_extensions(struct hs *hs)
{
    struct wr w;
    TRY(hs_begin(hs, MSG_ENCRYPTED_EXTENSIONS, encrypted_extensions_size(hs), &w));
    ext_write_answers(hs, &w);
    TRY(hs_end(hs, &w));
    if (hs->result->psk) {
        hs_go(hs, HS_S13_SEND_FINISHED);
    } else {
        hs_go(hs, hs->config->verify == HF_VERIFY_NONE ? HS_S13_SEND_CERTIFICATE
                                                       : HS_S13_SEND_CERTIFICATE_REQUEST);
    }
    return HF_OK;
}

static void write_request_extensions(struct hs *hs, struct wr *w,
                                     const struct ext_authorities *authorities)
{
    const hf_config *config = hs->config;
    size_t block = wr_open(w, 2);
    wr_u16(w, EXT_CODE_signature_algorithms);
    size_t m = wr_open(w, 2);
    ext_signature_algorithms_write(w, &config->sigalgs, 0);
    wr_close(w, m, 2);
    if (config->sigalgs_cert.count > 0) {
        wr_u16(w, EXT_CODE_signature_algorithms_cert);
        m = wr_open(w, 2);
        ext_signature_algorithms_write(w, &config->sigalgs_cert, 0);
        wr_close(w, m, 2);
    }
    if (config->compression.count > 0) {
        wr_u16(w, EXT_CODE_compress_certificate);
        m = wr_open(w, 2);
        (void)ext_compress_certificate_offer(hs, w);
        wr_close(w, m, 2);
    }
    if (authorities->len > 0) {
        wr_u16(w, EXT_CODE_certificate_authorities);
        m = wr_open(w, 2);
        ext_authorities_write(w, authorities);
        wr_close(w, m, 2);
    }
    wr_close(w, block, 2);
}

hf_status server13_send_certificate_request(struct hs *hs)
{
    struct ext_authorities authorities = ext_authorities_of(hs->config, CONFIG_AUTHORITIES_MAX);
    struct wr w;
    hf_status s = hs_begin(hs, MSG_CERTIFICATE_REQUEST, 256 + authorities.len, &w);
    if (s == HF_OK) {
        wr_vec(&w, span_of(hs->s.context, hs->s.context_len), 1);
        write_request_extensions(hs, &w, &authorities);
        s = hs_end(hs, &w);
    }
    ext_authorities_free(&authorities);
    TRY(s);
    hs->s.certificate_requested = true;
    hs_go(hs, hs->post ? HS_S13_READ_CERTIFICATE : HS_S13_SEND_CERTIFICATE);
    return HF_OK;
}

/* --- The server's proof ----------------------------------------------------------------------- */

hf_status server13_send_certificate(struct hs *hs)
{
    struct auth_show show = show_of(hs);
    TRY(auth13_send_certificate(hs, &show));
    hs->result->compression = show.used;
    return auth13_ask_sign(hs, HF_SERVER, HS_S13_SIGN_WAIT);
}

hf_status server13_send_certificate_verify(struct hs *hs)
{
    TRY(auth13_send_certificate_verify(hs));
    hs->result->server_scheme = hs->scheme;
    hs_go(hs, HS_S13_SEND_FINISHED);
    return HF_OK;
}

hf_status server13_send_finished(struct hs *hs)
{
    TRY(auth13_send_finished(hs, &hs->server_hs));
    auth13_application_secrets(hs);
    TRY(hs_install(hs, HF_SENT, HF_LEVEL_APPLICATION, &hs->result->server_app));
    /* 0.5-RTT data would reach a client that has not proved itself. */
    hs->result->write_ready = !hs->s.certificate_requested;
    if (hs->s.early) {
        hs_go(hs, HS_S13_READ_END_OF_EARLY_DATA);
    } else {
        hs_go(hs, hs->s.certificate_requested ? HS_S13_READ_CERTIFICATE : HS_S13_READ_FINISHED);
    }
    return HF_OK;
}

hf_status server13_read_end_of_early_data(struct hs *hs)
{
    if (hs->msg.body.len != 0) {
        return err_raise(hs->error, HF_E_DECODE, "EndOfEarlyData of %zu bytes", hs->msg.body.len);
    }
    hs_hash_received(hs);
    TRY(hs_install(hs, HF_RECEIVED, HF_LEVEL_HANDSHAKE, &hs->client_hs));
    hs_go(hs, HS_S13_READ_FINISHED);
    return HF_OK;
}

/* --- The client's proof ----------------------------------------------------------------------- */

hf_status server13_read_certificate(struct hs *hs)
{
    /* An earlier proof does not speak for the chain that now takes the earlier one's place. */
    hs->result->client_certificate = false;
    TRY(auth13_read_certificate(hs, span_of(hs->s.context, hs->s.context_len), 0));
    if (hs->result->chain != NULL) {
        return auth_ask_verify_chain(hs, HF_CLIENT, NULL, false, HS_S13_VERIFY_CHAIN_WAIT);
    }
    if (hs->config->verify == HF_VERIFY_REQUIRE) {
        return err_raise(hs->error, HF_E_CERTIFICATE_REQUIRED, NULL);
    }
    hs_go(hs, HS_S13_READ_FINISHED);
    return HF_OK;
}

hf_status server13_chain_verified(struct hs *hs)
{
    TRY(auth_chain_verified(hs));
    hs_go(hs, HS_S13_READ_CERTIFICATE_VERIFY);
    return HF_OK;
}

hf_status server13_read_certificate_verify(struct hs *hs)
{
    return auth13_read_certificate_verify(hs, HF_CLIENT, &hs->result->client_scheme,
                                          HS_S13_VERIFY_SIGNATURE_WAIT);
}

hf_status server13_signature_verified(struct hs *hs)
{
    TRY(auth_signature_verified(hs));
    hs->result->client_certificate = true;
    hs_go(hs, HS_S13_READ_FINISHED);
    return HF_OK;
}

/* Keeps the transcript for later requests (RFC 9846, 4.5): it ends with the client's Finished. */
static hf_status keep_transcript(struct hs *hs)
{
    /* RFC 9846, 4.4.2: with an external pre-shared key no certificate may be asked for. */
    const bool is_external = hs->result->psk && !hs->result->resumed;
    if (!hs->result->peer_post_auth || hs->config->trust == NULL || is_external) {
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

hf_status server13_read_finished(struct hs *hs)
{
    if (hs->post) {
        TRY(auth13_read_finished(hs, &hs->result->client_app));
        hs_go(hs, HS_CONNECTED);
    } else {
        TRY(auth13_read_finished(hs, &hs->client_hs));
        TRY(keep_transcript(hs));
        TRY(hs_install(hs, HF_RECEIVED, HF_LEVEL_APPLICATION, &hs->result->client_app));
        hs->result->write_ready = true;
        hs_go(hs, HS_S13_PLAN_TICKETS);
    }
    return HF_OK;
}
