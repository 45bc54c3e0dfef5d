#include "hs/auth13.h"

#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/auth.h"
#include "hs/ext/extensions.h"
#include "hs/op.h"
#include "identity/compress.h"
#include "identity/packed.h"
#include "wire/iana.h"
#include "wire/wr.h"

enum {
    SIGN_PAD = 64,
    CONTEXT_STRING = 34,
    SIGN_INPUT_MAX = SIGN_PAD + CONTEXT_STRING + HF_HASH_MAX_LEN
};

/* --- Certificate, sending --------------------------------------------------------------------- */

size_t auth13_certificate_size(const struct auth_show *show)
{
    size_t n = 1 + show->context.len + 3;
    for (size_t i = 0; show->identity != NULL && i < hf_identity_chain_count(show->identity); i++) {
        n += 3 + hf_identity_certificate(show->identity, i).len + 2;
    }
    if (show->identity != NULL) {
        n += 8 + hf_identity_ocsp_response(show->identity).len + 4 +
             hf_identity_sct_list(show->identity).len;
    }
    return n;
}

static void write_leaf_extensions(struct wr *w, const struct auth_show *show)
{
    hf_span ocsp = hf_identity_ocsp_response(show->identity);
    hf_span sct = hf_identity_sct_list(show->identity);
    if (show->ocsp && ocsp.len > 0) {
        ext_status_request_write_staple(w, ocsp);
    }
    if (show->sct && sct.len > 0) {
        wr_u16(w, EXT_CODE_signed_certificate_timestamp);
        wr_vec(w, sct, 2);
    }
}

static void write_certificate(struct wr *w, const struct auth_show *show)
{
    wr_vec(w, show->context, 1);
    size_t list = wr_open(w, 3);
    for (size_t i = 0; show->identity != NULL && i < hf_identity_chain_count(show->identity); i++) {
        wr_vec(w, hf_identity_certificate(show->identity, i), 3);
        size_t exts = wr_open(w, 2);
        if (i == 0) {
            write_leaf_extensions(w, show);
        }
        wr_close(w, exts, 2);
    }
    wr_close(w, list, 3);
}

/* Writes and compresses the body; NULL when that does not pay or memory is short: the plain form is
 * as good. */
static struct packed *pack(const struct auth_show *show, size_t size)
{
    struct packed *packed = NULL;
    uint8_t *plain = mem_alloc(2 * size);
    if (plain == NULL) {
        return NULL;
    }
    uint8_t *small = plain + size;
    size_t small_len = 0;
    struct wr body = wr_of(plain, size);
    write_certificate(&body, show);
    if (!body.bad &&
        cert_compress(show->compression, span_of(plain, body.len), small, body.len, &small_len)) {
        packed = packed_new(body.len, span_of(small, small_len));
    }
    mem_free(plain, 2 * size);
    return packed;
}

static hf_status send_packed(struct hs *hs, uint16_t method, const struct packed *packed)
{
    struct wr w;
    TRY(hs_begin(hs, MSG_COMPRESSED_CERTIFICATE, 8 + packed->len, &w));
    wr_u16(&w, method);
    wr_u24(&w, (uint32_t)packed->plain_len);
    wr_vec(&w, span_of(packed->data, packed->len), 3);
    return hs_end(hs, &w);
}

static hf_status send_plain(struct hs *hs, const struct auth_show *show, size_t size)
{
    struct wr w;
    TRY(hs_begin(hs, MSG_CERTIFICATE, size, &w));
    write_certificate(&w, show);
    return hs_end(hs, &w);
}

hf_status auth13_send_certificate(struct hs *hs, struct auth_show *show)
{
    const size_t size = auth13_certificate_size(show);
    if (show->compression == 0 || show->identity == NULL) {
        return send_plain(hs, show, size);
    }
    const size_t variant = packed_variant(show->compression, show->ocsp, show->sct);
    /* A context is new every time, so what holds one is not kept. */
    const bool is_kept = show->context.len == 0;
    const struct packed *kept = is_kept ? packed_find(show->identity, variant) : NULL;
    show->used = show->compression;
    if (kept != NULL) {
        return send_packed(hs, show->compression, kept);
    }
    struct packed *made = pack(show, size);
    if (made == NULL) {
        show->used = 0;
        return send_plain(hs, show, size);
    }
    if (is_kept) {
        return send_packed(hs, show->compression, packed_keep(show->identity, variant, made));
    }
    hf_status s = send_packed(hs, show->compression, made);
    packed_free(made);
    return s;
}

/* --- Certificate, receiving ------------------------------------------------------------------- */

/* Expands a CompressedCertificate into memory of the arena. */
static hf_status decompress(struct hs *hs, hf_span body, hf_span *out)
{
    struct compressed_certificate cc;
    TRY(compressed_certificate_parse(body, hs->error, &cc));
    if (!config_list_has(&hs->config->compression, cc.algorithm)) {
        return err_raise(hs->error, HF_E_CERTIFICATE_COMPRESSION_NOT_OFFERED, "%s",
                         iana_compression_name(cc.algorithm));
    }
    if (cc.uncompressed_length == 0 || cc.uncompressed_length > hs->config->limits.decompressed) {
        return err_raise(hs->error, HF_E_CERTIFICATE_DECOMPRESS, "claims %u bytes, the limit is %u",
                         (unsigned)cc.uncompressed_length,
                         (unsigned)hs->config->limits.decompressed);
    }
    uint8_t *room = hs_alloc(hs, cc.uncompressed_length);
    if (room == NULL) {
        return hs_no_memory(hs);
    }
    if (!cert_decompress(cc.algorithm, cc.data, room, cc.uncompressed_length)) {
        return err_raise(hs->error, HF_E_CERTIFICATE_DECOMPRESS, "%s, %zu bytes to %u",
                         iana_compression_name(cc.algorithm), cc.data.len,
                         (unsigned)cc.uncompressed_length);
    }
    *out = span_of(room, cc.uncompressed_length);
    return HF_OK;
}

/* Walks the list once for form, limits and sizes. */
static hf_status measure_chain(struct hs *hs, hf_span list, uint32_t allowed, size_t *count,
                               size_t *bytes)
{
    struct rd r = rd_of(list);
    *count = 0;
    *bytes = 0;
    while (rd_left(&r) > 0) {
        struct certificate_entry e;
        TRY(certificate_next(&r, hs->error, &e));
        TRY(ext_check_solicited(&e.ext, allowed, hs->error));
        if (++*count > hs->config->limits.chain_depth) {
            return err_raise(hs->error, HF_E_CERTIFICATE_CHAIN_TOO_LONG, "the limit is %u",
                             (unsigned)hs->config->limits.chain_depth);
        }
        *bytes += e.data.len;
    }
    return HF_OK;
}

/* The leaf's staple and SCTs. */
static hf_status read_leaf_extensions(struct hs *hs, const struct certificate_entry *e,
                                      hf_span *ocsp, hf_span *sct)
{
    *ocsp = *sct = span_of(NULL, 0);
    if (ext_has(&e->ext, EXT_status_request)) {
        TRY(ext_status_request_staple(hs, e->ext.body[EXT_status_request], ocsp));
    }
    if (ext_has(&e->ext, EXT_signed_certificate_timestamp)) {
        *sct = e->ext.body[EXT_signed_certificate_timestamp];
        if (!ext_sct_is_list(*sct)) {
            return ext_malformed(hs, EXT_signed_certificate_timestamp);
        }
    }
    return HF_OK;
}

/* Copies the chain out of the message, which does not live long enough. */
static hf_status keep_chain(struct hs *hs, hf_span list, size_t count, size_t bytes)
{
    struct rd r = rd_of(list);
    struct certificate_entry e;
    hf_span ocsp;
    hf_span sct;
    TRY(certificate_next(&r, hs->error, &e));
    TRY(read_leaf_extensions(hs, &e, &ocsp, &sct));
    uint8_t *at;
    struct hs_chain *chain = auth_chain_new(count, bytes + ocsp.len + sct.len, &at);
    if (chain == NULL) {
        return hs_no_memory(hs);
    }
    for (size_t i = 0; i < count; i++) {
        chain->cert[i] = auth_chain_keep(&at, e.data);
        if (i + 1 < count) {
            (void)certificate_next(&r, hs->error, &e);
        }
    }
    chain->ocsp_response = auth_chain_keep(&at, ocsp);
    chain->sct_list = auth_chain_keep(&at, sct);
    hs->result->chain = chain;
    return HF_OK;
}

hf_status auth13_read_certificate(struct hs *hs, hf_span context, uint32_t allowed)
{
    hf_span body = hs->msg.body;
    if (hs->msg.type == MSG_COMPRESSED_CERTIFICATE) {
        TRY(decompress(hs, body, &body));
    }
    struct certificate cert;
    size_t count;
    size_t bytes;
    TRY(certificate_parse(body, hs->error, &cert));
    if (!span_eq(cert.context, context)) {
        return err_raise(hs->error, HF_E_CERTIFICATE_CONTEXT, NULL);
    }
    TRY(measure_chain(hs, cert.list, allowed, &count, &bytes));
    auth_chain_drop(hs->result);
    if (count > 0) {
        TRY(keep_chain(hs, cert.list, count, bytes));
    }
    hs_hash_received(hs);
    return HF_OK;
}

/* --- CertificateVerify ------------------------------------------------------------------------ */

/* The content that is signed (RFC 9846, 4.5.2): 64 spaces, a context string, a zero, the
 * transcript hash. */
static hf_status sign_input(struct hs *hs, hf_role signer, hf_span *out)
{
    static const char *const contexts[] = {[HF_CLIENT] = "TLS 1.3, client CertificateVerify",
                                           [HF_SERVER] = "TLS 1.3, server CertificateVerify"};
    uint8_t *p = hs_alloc(hs, SIGN_INPUT_MAX);
    if (p == NULL) {
        return hs_no_memory(hs);
    }
    memset(p, ' ', SIGN_PAD);
    memcpy(p + SIGN_PAD, contexts[signer], CONTEXT_STRING); /* with its terminating zero */
    transcript_value(&hs->transcript, p + SIGN_PAD + CONTEXT_STRING);
    *out = span_of(p, SIGN_PAD + CONTEXT_STRING + (size_t)hs->transcript.hash->digest_len);
    return HF_OK;
}

hf_status auth13_ask_sign(struct hs *hs, hf_role signer, enum hs_state wait)
{
    hf_span message = {NULL, 0};
    TRY(sign_input(hs, signer, &message));
    return auth_ask_sign(hs, message, wait);
}

hf_status auth13_send_certificate_verify(struct hs *hs)
{
    hf_span signature = {NULL, 0};
    struct wr w;
    TRY(auth_signed(hs, &signature));
    TRY(hs_begin(hs, MSG_CERTIFICATE_VERIFY, 4 + signature.len, &w));
    wr_u16(&w, hs->scheme);
    wr_vec(&w, signature, 2);
    return hs_end(hs, &w);
}

hf_status auth13_read_certificate_verify(struct hs *hs, hf_role signer, uint16_t *scheme,
                                         enum hs_state wait)
{
    struct certificate_verify cv = {0};
    TRY(certificate_verify_parse(hs->msg.body, hs->error, &cv));
    if (!op_scheme_signs_tls13(cv.algorithm) ||
        !config_list_has(&hs->config->sigalgs, cv.algorithm)) {
        return err_raise(hs->error, HF_E_CERTIFICATE_ALGORITHM, "%s was not offered",
                         iana_scheme_name(cv.algorithm));
    }
    hf_span message = {NULL, 0};
    TRY(sign_input(hs, signer, &message));
    hs_hash_received(hs);
    *scheme = cv.algorithm;
    hs->op.u.verify_signature.tls12 = false;
    return auth_ask_verify_signature(hs, cv.algorithm, message, cv.signature, wait);
}

/* --- Finished --------------------------------------------------------------------------------- */

static void verify_data(struct hs *hs, const struct secret *base, uint8_t *out)
{
    uint8_t digest[HF_HASH_MAX_LEN] = {0};
    transcript_value(&hs->transcript, digest);
    finished_mac(hs->transcript.hash, base, span_of(digest, hs->transcript.hash->digest_len),
                 hs->tr, out);
}

hf_status auth13_send_finished(struct hs *hs, const struct secret *base)
{
    uint8_t mac[HF_HASH_MAX_LEN] = {0};
    verify_data(hs, base, mac);
    struct wr w;
    TRY(hs_begin(hs, MSG_FINISHED, hs->transcript.hash->digest_len, &w));
    wr_bytes(&w, span_of(mac, hs->transcript.hash->digest_len));
    return hs_end(hs, &w);
}

hf_status auth13_read_finished(struct hs *hs, const struct secret *base)
{
    uint8_t mac[HF_HASH_MAX_LEN] = {0};
    if (hs->msg.body.len != hs->transcript.hash->digest_len) {
        return err_raise(hs->error, HF_E_DECODE, "Finished of %zu bytes", hs->msg.body.len);
    }
    verify_data(hs, base, mac);
    if (!hf_ct_equal(mac, hs->msg.body.data, hs->msg.body.len)) {
        return err_raise(hs->error, HF_E_FINISHED, NULL);
    }
    hs_hash_received(hs);
    return HF_OK;
}

/* --- Secrets ---------------------------------------------------------------------------------- */

hf_status auth13_early_exporter(struct hs *hs, const struct psk *psk)
{
    if (hs_need_resumption(hs) == NULL) {
        return hs_no_memory(hs);
    }
    struct secret *secret = &hs->result->resumption->early_exporter;
    uint8_t digest[HF_HASH_MAX_LEN] = {0};
    struct sched13 early;
    transcript_value(&hs->transcript, digest);
    sched13_start(&early, psk->hash, psk->key, hs->tr);
    sched13_derive(&early, "e exp master", span_of(digest, psk->hash->digest_len),
                   "early_exporter_secret", secret);
    hs_log_secret(hs, "EARLY_EXPORTER_SECRET", secret);
    sched13_wipe(&early);
    return HF_OK;
}

void auth13_early_traffic_secret(struct hs *hs, const struct psk *psk,
                                 const struct transcript *hello, struct secret *out)
{
    uint8_t digest[HF_HASH_MAX_LEN] = {0};
    struct sched13 early;
    transcript_value(hello, digest);
    sched13_start(&early, psk->hash, psk->key, hs->tr);
    sched13_derive(&early, "c e traffic", span_of(digest, psk->hash->digest_len),
                   "client_early_traffic_secret", out);
    hs_log_secret(hs, "CLIENT_EARLY_TRAFFIC_SECRET", out);
    sched13_wipe(&early);
}

void auth13_resumption_secret(struct hs *hs, struct secret *out)
{
    uint8_t digest[HF_HASH_MAX_LEN] = {0};
    transcript_value(&hs->transcript, digest);
    sched13_derive(&hs->sched, "res master", span_of(digest, hs->transcript.hash->digest_len),
                   "resumption_secret", out);
}

void auth13_handshake_secrets(struct hs *hs, hf_span psk, hf_span shared_secret)
{
    uint8_t digest[HF_HASH_MAX_LEN] = {0};
    hf_span th = span_of(digest, hs->transcript.hash->digest_len);
    transcript_value(&hs->transcript, digest);
    sched13_start(&hs->sched, hs->transcript.hash, psk, hs->tr);
    sched13_to_handshake(&hs->sched, shared_secret);
    sched13_derive(&hs->sched, "c hs traffic", th, "client_handshake_traffic_secret",
                   &hs->client_hs);
    sched13_derive(&hs->sched, "s hs traffic", th, "server_handshake_traffic_secret",
                   &hs->server_hs);
    hs_log_secret(hs, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", &hs->client_hs);
    hs_log_secret(hs, "SERVER_HANDSHAKE_TRAFFIC_SECRET", &hs->server_hs);
}

void auth13_application_secrets(struct hs *hs)
{
    uint8_t digest[HF_HASH_MAX_LEN] = {0};
    hf_span th = span_of(digest, hs->transcript.hash->digest_len);
    struct hs_result *r = hs->result;
    transcript_value(&hs->transcript, digest);
    sched13_to_main(&hs->sched);
    sched13_derive(&hs->sched, "c ap traffic", th, "client_application_traffic_secret_0",
                   &r->client_app);
    sched13_derive(&hs->sched, "s ap traffic", th, "server_application_traffic_secret_0",
                   &r->server_app);
    sched13_derive(&hs->sched, "exp master", th, "exporter_secret", &r->exporter);
    hs_log_secret(hs, "CLIENT_TRAFFIC_SECRET_0", &r->client_app);
    hs_log_secret(hs, "SERVER_TRAFFIC_SECRET_0", &r->server_app);
    hs_log_secret(hs, "EXPORTER_SECRET", &r->exporter);
}
