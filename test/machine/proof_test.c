/* Requests and proofs that break a rule (RFC 9846, 4.4.2 and 4.5; RFC 8879), one rule each, and
 * what goes over the limits that stand against a hostile peer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include "base/span.h"
#include "config/config.h"
#include "record/record.h"
#include "support/edit.h"
#include "support/heard.h"
#include "wire/iana.h"
#include "wire/message.h"
#include "wire/wr.h"

static struct run run;
static struct edit e;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BODY(text)   text, sizeof(text) - 1

/* --- Given to the end that hears it -------------------------------------------------------------
 */

/* Goes to where this end hears a message of the type, and gives it another instead. */
static void give(enum run_kind kind, hf_role role, uint8_t type, hf_span message, hf_err code)
{
    struct stage s;
    if (run.client == NULL || run.kind != kind) {
        run_clear(&run);
        run_make(&run, kind);
    }
    stage_begin(&s, &run, role);
    while (stage_next(&s) == NULL || stage_next(&s)->type != type) {
        assert_true(stage_step(&s));
    }
    (void)stage_record(&s, REC_HANDSHAKE, message);
    if (code != HF_E_NONE) {
        stage_must_fail(&s, code, NULL);
    } else if (hf_conn_error(s.target->conn)->code != HF_E_NONE) {
        fail_msg("%s", run_describe(s.pair));
    }
    stage_end(&s);
}

/* The message that would have come, for a test to change. */
static hf_span original(enum run_kind kind, hf_role role, uint8_t type, uint8_t *out, size_t cap)
{
    struct stage s;
    if (run.client == NULL || run.kind != kind) {
        run_clear(&run);
        run_make(&run, kind);
    }
    stage_begin(&s, &run, role);
    while (stage_next(&s) == NULL || stage_next(&s)->type != type) {
        assert_true(stage_step(&s));
    }
    const struct tape_message *m = stage_next(&s);
    assert_true(m->len <= cap);
    memcpy(out, m->data, m->len);
    const size_t len = m->len;
    stage_end(&s);
    return span_of(out, len);
}

/* --- CertificateRequest -------------------------------------------------------------------------
 */

struct request {
    uint16_t code;
    const char *body;
    size_t len;
    hf_err told;
};

static const struct request requests[] = {
    {EXT_CODE_signature_algorithms, BODY("\0\0"), HF_E_DECODE_EXTENSION},
    {EXT_CODE_signature_algorithms, BODY("\0\3\x08\7\0"), HF_E_DECODE_EXTENSION},
    {EXT_CODE_signature_algorithms_cert, BODY("\0\2\x08"), HF_E_DECODE_EXTENSION},
    {EXT_CODE_certificate_authorities, BODY("\0\0"), HF_E_DECODE_EXTENSION},
    {EXT_CODE_certificate_authorities, BODY("\0\2\0\0"), HF_E_DECODE_EXTENSION},
    {EXT_CODE_certificate_authorities, BODY("\0\3\0\2a"), HF_E_DECODE_EXTENSION},
    {EXT_CODE_compress_certificate, BODY("\1\0"), HF_E_DECODE_EXTENSION},
    {EXT_CODE_key_share, BODY("\0\x1d"), HF_E_MISPLACED_EXTENSION},
    {EXT_CODE_supported_groups, BODY("\0\2\0\x1d"), HF_E_MISPLACED_EXTENSION},
    /* RFC 9846, 4.3: allowed there, and of no use to this client. */
    {EXT_CODE_server_name, BODY(""), HF_E_NONE},
    {EXT_CODE_oid_filters, BODY("\0\0"), HF_E_NONE},
    {EXT_CODE_status_request, BODY("\1\0\0\0\0"), HF_E_NONE},
    {0xff77, BODY("?"), HF_E_NONE},
};

static uint8_t message[EDIT_MAX];

static void request(void (*change)(const struct request *r), const struct request *r, hf_err told)
{
    edit_open(&e,
              original(RUN_MUTUAL, HF_CLIENT, MSG_CERTIFICATE_REQUEST, message, sizeof message));
    change(r);
    give(RUN_MUTUAL, HF_CLIENT, MSG_CERTIFICATE_REQUEST, edit_close(&e), told);
}

static void put_extension(const struct request *r)
{
    edit_set(&e, r->code, r->body, r->len);
}

static void put_context(const struct request *r)
{
    (void)r;
    e.context.data[0] = 'c';
    e.context.len = 1;
}

static void drop_algorithms(const struct request *r)
{
    (void)r;
    edit_drop(&e, EXT_CODE_signature_algorithms);
}

static void double_algorithms(const struct request *r)
{
    (void)r;
    edit_append(&e, EXT_CODE_signature_algorithms, "\0\2\x08\7", 4);
}

static void certificate_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        request(put_extension, &requests[i], requests[i].told);
    }
    request(put_context, NULL, HF_E_CERTIFICATE_CONTEXT);
    request(drop_algorithms, NULL, HF_E_MISSING_EXTENSION);
    request(double_algorithms, NULL, HF_E_DUPLICATE_EXTENSION);
}

/* --- Certificate --------------------------------------------------------------------------------
 */

/* A Certificate of count times this certificate with these extensions at the first. */
static hf_span certificate(hf_span context, hf_span der, size_t count, hf_span extensions)
{
    struct wr w = wr_of(message, sizeof message);
    wr_u8(&w, MSG_CERTIFICATE);
    const size_t body = wr_open(&w, 3);
    wr_vec(&w, context, 1);
    const size_t list = wr_open(&w, 3);
    for (size_t i = 0; i < count; i++) {
        wr_vec(&w, der, 3);
        wr_vec(&w, i == 0 ? extensions : span_of(NULL, 0), 2);
    }
    wr_close(&w, list, 3);
    wr_close(&w, body, 3);
    assert_false(w.bad);
    return span_of(message, w.len);
}

static hf_span text(const char *bytes, size_t len)
{
    return span_of((const uint8_t *)bytes, len);
}

static void certificates_to(enum run_kind kind, hf_role role, const struct pki *pki, hf_err empty)
{
    const hf_span none = span_of(NULL, 0);
    const hf_span der = pki->leaf->der;
    give(kind, role, MSG_CERTIFICATE, certificate(text("c", 1), der, 1, none),
         HF_E_CERTIFICATE_CONTEXT);
    give(kind, role, MSG_CERTIFICATE, certificate(none, none, 0, none), empty);
    give(kind, role, MSG_CERTIFICATE, certificate(none, none, 1, none), HF_E_DECODE);
    give(kind, role, MSG_CERTIFICATE, certificate(none, text("garbage", 7), 1, none),
         HF_E_CERTIFICATE_MALFORMED);
    give(kind, role, MSG_CERTIFICATE, certificate(none, der, 11, none),
         HF_E_CERTIFICATE_CHAIN_TOO_LONG);
    const struct {
        const char *bytes;
        size_t len;
        hf_err told;
    } extensions[] = {
        {BODY("\xff\x77\0\0"), HF_E_UNSOLICITED_EXTENSION},
        {BODY("\0\x33\0\0"), HF_E_MISPLACED_EXTENSION},
        {BODY("\xff\x77\0\0\xff\x77\0\0"), HF_E_DUPLICATE_EXTENSION},
        {BODY("\xff\x77\0"), HF_E_DECODE},
    };
    for (size_t i = 0; i < COUNT(extensions); i++) {
        give(kind, role, MSG_CERTIFICATE,
             certificate(none, der, 1, text(extensions[i].bytes, extensions[i].len)),
             extensions[i].told);
    }
}

static void certificates(void **state)
{
    (void)state;
    certificates_to(RUN_FULL, HF_CLIENT, run_server_pki(), HF_E_CERTIFICATE_EMPTY);
    certificates_to(RUN_MUTUAL, HF_SERVER, run_client_pki(), HF_E_CERTIFICATE_REQUIRED);
    /* The server asked for no staple. */
    give(RUN_MUTUAL, HF_SERVER, MSG_CERTIFICATE,
         certificate(span_of(NULL, 0), run_client_pki()->leaf->der, 1,
                     text(BODY("\0\5\0\5\1\0\0\1x"))),
         HF_E_UNSOLICITED_EXTENSION);
}

static void staples(void **state)
{
    (void)state;
    const struct {
        const char *bytes;
        size_t len;
        hf_err told;
    } extensions[] = {
        {BODY("\0\5\0\0"), HF_E_CERTIFICATE_STATUS},
        {BODY("\0\5\0\4\1\0\0\0"), HF_E_CERTIFICATE_STATUS},   /* an empty response */
        {BODY("\0\5\0\5\2\0\0\1x"), HF_E_CERTIFICATE_STATUS},  /* of another type */
        {BODY("\0\5\0\6\1\0\0\1xy"), HF_E_CERTIFICATE_STATUS}, /* and more */
        {BODY("\0\x12\0\2\0\0"), HF_E_DECODE_EXTENSION},       /* no SCTs */
        {BODY("\0\x12\0\4\0\2\0\0"), HF_E_DECODE_EXTENSION},   /* an empty one */
        {BODY("\0\x12\0\4\0\1xy"), HF_E_DECODE_EXTENSION},
    };
    for (size_t i = 0; i < COUNT(extensions); i++) {
        give(RUN_FULL, HF_CLIENT, MSG_CERTIFICATE,
             certificate(span_of(NULL, 0), run_server_pki()->leaf->der, 1,
                         text(extensions[i].bytes, extensions[i].len)),
             extensions[i].told);
    }
}

/* Ten are allowed, and work; the limit is configurable. */
static void chain_of_ten(void **state)
{
    (void)state;
    struct pki_cert *certs[10];
    char *pem;
    certs[9] = pki_make(&(struct pki_spec){.common_name = "Root", .ca = true});
    for (size_t i = 9; i-- > 0;) {
        const char *names = i == 0 ? "server.example" : NULL;
        certs[i] = pki_make(&(struct pki_spec){
            .common_name = "Chain", .issuer = certs[i + 1], .ca = i > 0, .names = names});
    }
    pem = pki_bundle((const struct pki_cert *const *)certs, COUNT(certs));
    const struct pki pki = {
        .ca_pem = certs[9]->pem, .chain_pem = pem, .key_pem = certs[0]->key_pem};
    for (uint32_t depth = 10; depth >= 9; depth--) {
        hf_config *client = pair_client_config(&pki);
        hf_config *server = pair_server_config(&pki);
        const hf_limits limits = {.size = sizeof limits, .chain_depth = depth};
        assert_int_equal(hf_config_set_limits(client, &limits), HF_OK);
        struct pair *p = pair_new(
            &(struct pair_options){.client = pair_freeze(client), .server = pair_freeze(server)});
        const bool is_connected = pair_handshake(p);
        const hf_err code = hf_conn_error(p->client.conn)->code;
        assert_int_equal(code, depth == 10 ? HF_E_NONE : HF_E_CERTIFICATE_CHAIN_TOO_LONG);
        assert_int_equal(is_connected, depth == 10);
        pair_free(p);
        hf_config_free(client);
        hf_config_free(server);
    }
    free(pem);
    for (size_t i = 0; i < COUNT(certs); i++) {
        pki_cert_free(certs[i]);
    }
}

/* --- CertificateVerify and Finished
 * --------------------------------------------------------------- */

static hf_span signature(uint16_t scheme, size_t len)
{
    struct wr w = wr_of(message, sizeof message);
    wr_u8(&w, MSG_CERTIFICATE_VERIFY);
    const size_t body = wr_open(&w, 3);
    wr_u16(&w, scheme);
    const size_t m = wr_open(&w, 2);
    for (size_t i = 0; i < len; i++) {
        wr_u8(&w, (uint8_t)i);
    }
    wr_close(&w, m, 2);
    wr_close(&w, body, 3);
    return span_of(message, w.len);
}

static void certificate_verify(void **state)
{
    (void)state;
    const struct {
        enum run_kind kind;
        hf_role role;
    } to[] = {{RUN_FULL, HF_CLIENT}, {RUN_MUTUAL, HF_SERVER}};
    const struct {
        uint16_t scheme;
        size_t len;
        hf_err told;
    } proofs[] = {
        {IANA_SCHEME_ed25519, 64, HF_E_CERTIFICATE_VERIFY},
        {IANA_SCHEME_ed25519, 63, HF_E_CERTIFICATE_VERIFY},
        {IANA_SCHEME_ed25519, 0, HF_E_CERTIFICATE_VERIFY},
        {IANA_SCHEME_ed25519, 2000, HF_E_CERTIFICATE_VERIFY},
        /* Offered, but of other keys; not for handshakes; unknown. */
        {IANA_SCHEME_ecdsa_secp256r1_sha256, 70, HF_E_CERTIFICATE_ALGORITHM},
        {IANA_SCHEME_rsa_pss_rsae_sha256, 256, HF_E_CERTIFICATE_ALGORITHM},
        {IANA_SCHEME_rsa_pkcs1_sha256, 256, HF_E_CERTIFICATE_ALGORITHM},
        {0x0203, 70, HF_E_CERTIFICATE_ALGORITHM},
        {0xfe0e, 64, HF_E_CERTIFICATE_ALGORITHM},
    };
    for (size_t t = 0; t < COUNT(to); t++) {
        for (size_t i = 0; i < COUNT(proofs); i++) {
            give(to[t].kind, to[t].role, MSG_CERTIFICATE_VERIFY,
                 signature(proofs[i].scheme, proofs[i].len), proofs[i].told);
        }
    }
}

static void finished(void **state)
{
    (void)state;
    static const uint8_t zeros[4 + 64] = {MSG_FINISHED, 0, 0, 0};
    const struct {
        uint8_t len;
        hf_err told;
    } tries[] = {{32, HF_E_FINISHED},
                 {0, HF_E_DECODE},
                 {31, HF_E_DECODE},
                 {33, HF_E_DECODE},
                 {48, HF_E_DECODE}};
    for (size_t i = 0; i < COUNT(tries); i++) {
        uint8_t m[sizeof zeros];
        memcpy(m, zeros, sizeof m);
        m[3] = tries[i].len;
        give(RUN_FULL, HF_CLIENT, MSG_FINISHED, span_of(m, 4u + tries[i].len), tries[i].told);
        give(RUN_FULL, HF_SERVER, MSG_FINISHED, span_of(m, 4u + tries[i].len), tries[i].told);
    }
}

/* --- CompressedCertificate
 * -------------------------------------------------------------------------- */

static uint8_t expanded[1 << 20];
static uint8_t packed[1 << 16];

static size_t pack(uint16_t method, size_t len)
{
    size_t n = sizeof packed;
    if (method == IANA_COMPRESSION_zlib) {
        uLongf zlib_len = sizeof packed;
        assert_int_equal(compress2(packed, &zlib_len, expanded, len, 9), Z_OK);
        n = zlib_len;
    } else if (method == IANA_COMPRESSION_brotli) {
        assert_int_equal(
            BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, len, expanded, &n, packed),
            BROTLI_TRUE);
    } else {
        n = ZSTD_compress(packed, sizeof packed, expanded, len, 3);
        assert_false(ZSTD_isError(n));
    }
    return n;
}

static hf_span compressed(uint16_t method, uint32_t claimed, size_t packed_len)
{
    struct wr w = wr_of(message, sizeof message);
    wr_u8(&w, MSG_COMPRESSED_CERTIFICATE);
    const size_t body = wr_open(&w, 3);
    wr_u16(&w, method);
    wr_u24(&w, claimed);
    wr_vec(&w, span_of(packed, packed_len), 3);
    wr_close(&w, body, 3);
    assert_false(w.bad);
    return span_of(message, w.len);
}

static void expand(uint16_t method, uint32_t claimed, size_t packed_len, hf_err told)
{
    give(RUN_COMPRESSED, HF_CLIENT, MSG_COMPRESSED_CERTIFICATE,
         compressed(method, claimed, packed_len), told);
}

static void compressed_certificates(void **state)
{
    (void)state;
    static const uint16_t methods[] = {IANA_COMPRESSION_zlib, IANA_COMPRESSION_brotli,
                                       IANA_COMPRESSION_zstd};
    run_make(&run, RUN_COMPRESSED);
    assert_int_equal(hf_config_set_certificate_compression(run.client, "zlib,brotli,zstd"), HF_OK);
    for (size_t i = 0; i < COUNT(methods); i++) {
        const uint16_t method = methods[i];
        /* A megabyte of zeros that claims to be little, and one that says what it is. */
        memset(expanded, 0, sizeof expanded);
        size_t n = pack(method, sizeof expanded);
        expand(method, 65536, n, HF_E_CERTIFICATE_DECOMPRESS);
        expand(method, 1, n, HF_E_CERTIFICATE_DECOMPRESS);
        expand(method, sizeof expanded, n, HF_E_CERTIFICATE_DECOMPRESS);
        expand(method, 0xffffff, n, HF_E_CERTIFICATE_DECOMPRESS);
        /* Less than claimed; nothing; cut short; garbage; something behind the end. */
        n = pack(method, 1000);
        expand(method, 1001, n, HF_E_CERTIFICATE_DECOMPRESS);
        expand(method, 999, n, HF_E_CERTIFICATE_DECOMPRESS);
        expand(method, 0, n, HF_E_CERTIFICATE_DECOMPRESS);
        expand(method, 1000, n - 1, HF_E_CERTIFICATE_DECOMPRESS);
        packed[n] = 0;
        expand(method, 1000, n + 1, HF_E_CERTIFICATE_DECOMPRESS);
        expand(method, 1000, 0, HF_E_DECODE);
        /* What comes out is no Certificate: 1000 zeros. */
        expand(method, 1000, n, HF_E_DECODE);
        memset(packed, 0xff, 100);
        expand(method, 1000, 100, HF_E_CERTIFICATE_DECOMPRESS);
    }
    const size_t n = pack(IANA_COMPRESSION_zlib, 1000);
    expand(0, 1000, n, HF_E_CERTIFICATE_COMPRESSION_NOT_OFFERED);
    expand(4, 1000, n, HF_E_CERTIFICATE_COMPRESSION_NOT_OFFERED);
    run_clear(&run);
    give(RUN_FULL, HF_CLIENT, MSG_CERTIFICATE, compressed(IANA_COMPRESSION_zlib, 1000, n),
         HF_E_CERTIFICATE_COMPRESSION_NOT_OFFERED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(certificate_request),
        RUN_TEST(certificates),
        RUN_TEST(staples),
        RUN_TEST(chain_of_ten),
        RUN_TEST(certificate_verify),
        RUN_TEST(finished),
        RUN_TEST(compressed_certificates),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}
