/* The server's first flight of TLS 1.2 (RFC 5246, 7.4.1.3 to 7.4.5; RFC 8422, 5.4). */
#include "hs/server12/server12.h"

#include "base/span.h"
#include "base/status.h"
#include "hs/auth.h"
#include "hs/auth12.h"
#include "hs/ext/extensions.h"
#include "hs/hello/hello.h"
#include "wire/iana.h"
#include "wire/message12.h"

enum { LEGACY_VERSION = 0x0303, RSA_SIGN = 1, ECDSA_SIGN = 64 };

/* --- ServerHello ------------------------------------------------------------------------------ */

static size_t server_hello_size(const struct hs *hs)
{
    const hf_span scts =
        hs->identity == NULL ? span_of(NULL, 0) : hf_identity_sct_list(hs->identity);
    return 128 + hs->result->alpn.len + hs->session_id_len + scts.len;
}

/* About what this flight says; a CertificateRequest comes on top. */
static size_t flight_size(const struct hs *hs)
{
    enum { RECORDS = 64, SMALL = 64 };
    size_t n = RECORDS + SMALL + server_hello_size(hs) + auth12_certificate_size(hs->identity) +
               hf_identity_ocsp_response(hs->identity).len;
    if (hs->result->group != NULL) {
        n += 2 * (size_t)hs->result->group->client_share_len + auth_signature_room(hs->identity);
    }
    return n;
}

hf_status server12_write_server_hello(struct hs *hs)
{
    struct wr w;
    TRY(hello_server_random(hs, hs->t12.server_random));
    TRY(hs_begin(hs, MSG_SERVER_HELLO, server_hello_size(hs), &w));
    wr_u16(&w, LEGACY_VERSION);
    wr_bytes(&w, span_of(hs->t12.server_random, MSG_RANDOM_LEN));
    wr_vec(&w, span_of(hs->session_id, hs->session_id_len), 1);
    wr_u16(&w, hs->result->suite.id);
    wr_u8(&w, 0); /* compression_method */
    ext_write_answers12(hs, &w);
    return hs_end(hs, &w);
}

hf_status server12_send_server_hello(struct hs *hs)
{
    transcript_start(&hs->transcript, hs->result->suite.hash);
    if (hs->config->verify != HF_VERIFY_NONE) {
        hs_keep_verbatim(hs);
    }
    hs_hash_received(hs);
    hs_expect(hs, flight_size(hs));
    hs->t12.staple_follows =
        hs->s.offer.wants_status && hf_identity_ocsp_response(hs->identity).len > 0;
    TRY(server12_plan_session(hs));
    TRY(server12_write_server_hello(hs));
    hs_release_message(hs);
    hs_go(hs, HS_S12_SEND_CERTIFICATE);
    return HF_OK;
}

/* --- Certificate ------------------------------------------------------------------------------ */

static hf_status send_status(struct hs *hs)
{
    const hf_span response = hf_identity_ocsp_response(hs->identity);
    struct wr w;
    TRY(hs_begin(hs, MSG_CERTIFICATE_STATUS, 4 + response.len, &w));
    wr_u8(&w, STATUS_TYPE_OCSP);
    wr_vec(&w, response, 3);
    return hs_end(hs, &w);
}

static hf_status ask_generate(struct hs *hs)
{
    const hf_group *group = hs->result->group;
    struct hs_share *own = &hs->s.own;
    uint8_t *priv = hs_alloc(hs, group->private_size);
    own->public_key = hs_alloc(hs, group->client_share_len);
    if (priv == NULL || own->public_key == NULL) {
        return hs_no_memory(hs);
    }
    own->group = group;
    own->priv = priv;
    hs->op.u.key_generate.group = group;
    hs->op.u.key_generate.priv = priv;
    hs->op.u.key_generate.share = own->public_key;
    return hs_ask(hs, HF_OP_KEY_GENERATE, HS_S12_GENERATE_WAIT);
}

hf_status server12_send_certificate(struct hs *hs)
{
    TRY(auth12_send_certificate(hs, hs->identity));
    if (hs->t12.staple_follows) {
        TRY(send_status(hs));
    }
    if (hs->result->suite.exchange == SUITE_RSA) {
        hs_go(hs, hs->config->verify == HF_VERIFY_NONE ? HS_S12_SEND_DONE : HS_S12_SEND_REQUEST);
        return HF_OK;
    }
    return ask_generate(hs);
}

/* --- ServerKeyExchange ------------------------------------------------------------------------ */

/* ServerECDHParams or ServerDHParams, in the arena. */
static hf_status write_params(struct hs *hs, hf_span *out)
{
    enum { GENERATOR = 2, LENGTHS = 8 };
    const struct hs_share *own = &hs->s.own;
    const uint8_t *prime = own->group->prime == NULL ? NULL : own->group->prime();
    const size_t len = LENGTHS + 2 * (size_t)own->group->client_share_len;
    uint8_t *room = hs_alloc(hs, len);
    if (room == NULL) {
        return hs_no_memory(hs);
    }
    struct wr w = wr_of(room, len);
    if (prime != NULL) {
        wr_vec(&w, span_of(prime, own->group->client_share_len), 2);
        wr_u16(&w, 1);
        wr_u8(&w, GENERATOR);
    } else {
        wr_u8(&w, CURVE_TYPE_NAMED);
        wr_u16(&w, own->group->id);
    }
    wr_vec(&w, span_of(own->public_key, own->group->client_share_len),
           auth12_share_length_bytes(hs));
    *out = span_of(room, w.len);
    return HF_OK;
}

hf_status server12_generated(struct hs *hs)
{
    hf_span message = {NULL, 0};
    TRY(hs_answer(hs));
    TRY(write_params(hs, &hs->t12.key_exchange.params));
    TRY(auth12_key_exchange_input(hs, hs->t12.key_exchange.params, &message));
    return auth_ask_sign(hs, message, HS_S12_SIGN_WAIT);
}

hf_status server12_send_key_exchange(struct hs *hs)
{
    const hf_span params = hs->t12.key_exchange.params;
    hf_span signature = {NULL, 0};
    struct wr w;
    TRY(auth_signed(hs, &signature));
    TRY(hs_begin(hs, MSG_SERVER_KEY_EXCHANGE, params.len + 4 + signature.len, &w));
    wr_bytes(&w, params);
    wr_u16(&w, hs->scheme);
    wr_vec(&w, signature, 2);
    TRY(hs_end(hs, &w));
    hs->result->server_scheme = hs->scheme;
    hs_go(hs, hs->config->verify == HF_VERIFY_NONE ? HS_S12_SEND_DONE : HS_S12_SEND_REQUEST);
    return HF_OK;
}

/* --- CertificateRequest ----------------------------------------------------------------------- */

static void write_request(const struct hs *hs, struct wr *w,
                          const struct ext_authorities *authorities)
{
    wr_u8(w, 2); /* certificate_types; EdDSA keys are for ecdsa_sign (RFC 8422, 5.5) */
    wr_u8(w, ECDSA_SIGN);
    wr_u8(w, RSA_SIGN);
    ext_signature_algorithms_write(w, &hs->config->sigalgs, 0);
    ext_authorities_write(w, authorities);
}

hf_status server12_send_request(struct hs *hs)
{
    struct ext_authorities authorities = ext_authorities_of(hs->config, UINT16_MAX);
    struct wr w;
    hf_status s = hs_begin(hs, MSG_CERTIFICATE_REQUEST, 128 + authorities.len, &w);
    if (s == HF_OK) {
        write_request(hs, &w, &authorities);
        s = hs_end(hs, &w);
    }
    ext_authorities_free(&authorities);
    TRY(s);
    hs->s.certificate_requested = true;
    hs_go(hs, HS_S12_SEND_DONE);
    return HF_OK;
}

hf_status server12_send_done(struct hs *hs)
{
    struct wr w;
    TRY(hs_begin(hs, MSG_SERVER_HELLO_DONE, 0, &w));
    TRY(hs_end(hs, &w));
    hs_go(hs, hs->s.certificate_requested ? HS_S12_READ_CERTIFICATE : HS_S12_READ_KEY_EXCHANGE);
    return HF_OK;
}
