/* Attacks on TLS that have names, where no other test already stands in their way: each is tried
 * (docs/THREATS.md lists them all). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "conn/conn.h"
#include "record/record.h"
#include "support/run.h"
#include "support/tape.h"

static struct run run;

/* --- What there is none of ----------------------------------------------------------------------
 */

/* A suite that an attack needs cannot even be named. */
static void suites_of_known_attacks(void **state)
{
    (void)state;
    static const char *const names[] = {
        "TLS_RSA_EXPORT_WITH_RC4_40_MD5",          /* FREAK */
        "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA",   /* Logjam */
        "TLS_RSA_WITH_RC4_128_SHA",                /* RC4 NOMORE */
        "TLS_RSA_WITH_3DES_EDE_CBC_SHA",           /* Sweet32 */
        "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",     /* the same */
        "TLS_RSA_WITH_AES_128_CBC_SHA",            /* BEAST, Lucky 13, POODLE's kin */
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", /* the same */
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",   /* the same */
        "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256",  /* key compromise impersonation */
        "TLS_DH_RSA_WITH_AES_128_GCM_SHA256",      /* the same, and Raccoon */
        "TLS_DH_anon_WITH_AES_128_GCM_SHA256",     /* nobody is anybody */
        "TLS_ECDHE_ECDSA_WITH_NULL_SHA",           /* nothing is secret */
        "TLS_NULL_WITH_NULL_NULL",                 /* the same */
        "TLS_RSA_PSK_WITH_AES_128_GCM_SHA256",     /* Bleichenbacher once more */
    };
    run_make(&run, RUN_DEFAULTS);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(hf_config_set_ciphers(run.client, names[i]), HF_FAILED);
        assert_int_equal(hf_config_set_ciphers(run.server, names[i]), HF_FAILED);
    }
}

/* SLOTH: signatures over SHA-1 or MD5 are not made of a handshake. */
static void signatures_of_weak_hashes(void **state)
{
    (void)state;
    static const char *const names[] = {"rsa_pkcs1_sha1", "ecdsa_sha1", "rsa_pkcs1_md5",
                                        "dsa_sha1"};
    run_make(&run, RUN_DEFAULTS);
    for (size_t i = 0; i < run.server->sigalgs.count; i++) {
        assert_int_not_equal(run.server->sigalgs.v[i] >> 8, 0x02); /* SHA-1 */
        assert_int_not_equal(run.server->sigalgs.v[i] >> 8, 0x01); /* MD5 */
    }
    for (size_t i = 2; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(hf_config_set_signature_algorithms(run.server, names[i]), HF_FAILED);
    }
}

/* --- Keys that are used once
 * ---------------------------------------------------------------------- */

/* The server's key exchange message of one more connection, without its signature. */
static uint8_t *server_half(size_t *len)
{
    struct tape tape;
    tape_begin(&tape);
    /* Not run_start: the randomness goes on. */
    struct pair *p = pair_new(&(struct pair_options){.client = pair_freeze(run.client),
                                                     .server = pair_freeze(run.server),
                                                     .server_trace = &tape.trace});
    assert_non_null(p);
    assert_true(pair_handshake(p));
    const struct tape_message *m = tape_find(&tape, HF_SERVER, MSG_SERVER_KEY_EXCHANGE);
    assert_non_null(m);
    *len = m->len < 300 ? m->len : 300;
    uint8_t *copy = malloc(*len);
    assert_non_null(copy);
    memcpy(copy, m->data, *len);
    pair_free(p);
    tape_end(&tape);
    return copy;
}

/* Raccoon needs a server that uses its half of the exchange again. */
static void no_half_is_used_twice(void **state)
{
    (void)state;
    static const char *const suites[] = {"DHE-RSA-AES256-GCM-SHA384",
                                         "ECDHE-RSA-AES256-GCM-SHA384"};
    static const char *const groups[] = {"ffdhe2048", "x25519"};
    enum { DH_SHARE_AT = 4 + 2 + 256 + 2 + 1 + 2, EC_SHARE_AT = 4 + 1 + 2 + 1, COMPARED = 32 };
    for (size_t i = 0; i < 2; i++) {
        run_make(&run, RUN_12_RSA);
        run_set(hf_config_set_ciphers(run.client, suites[i]));
        run_set(hf_config_set_ciphers(run.server, suites[i]));
        run_set(hf_config_set_groups(run.client, groups[i]));
        run_set(hf_config_set_groups(run.server, groups[i]));
        const size_t at = i == 0 ? DH_SHARE_AT : EC_SHARE_AT;
        uint8_t *halves[3];
        size_t len;
        for (size_t k = 0; k < 3; k++) {
            halves[k] = server_half(&len);
            assert_true(at + COMPARED <= len);
            for (size_t other = 0; other < k; other++) {
                assert_memory_not_equal(halves[k] + at, halves[other] + at, COMPARED);
            }
        }
        for (size_t k = 0; k < 3; k++) {
            free(halves[k]);
        }
        run_clear(&run);
    }
}

/* --- One's own words
 * ------------------------------------------------------------------------------ */

/* What one end said, without handing it to the other. */
static uint8_t *said(struct pair *p, struct pair_end *end, size_t *len)
{
    struct pair_end *other = pair_other(p, end);
    (void)pair_pump_end(p, end);
    uint8_t *copy = malloc(other->in.len + 1);
    assert_non_null(copy);
    *len = other->in.len;
    memcpy(copy, other->in.data, other->in.len);
    pipe_drop(&other->in, other->in.len);
    return copy;
}

static hf_status hear(struct pair_end *end, uint8_t *bytes, size_t len)
{
    hf_status s = HF_OK;
    for (size_t at = 0; at < len && s == HF_OK;) {
        hf_received got;
        s = hf_conn_recv(end->conn, bytes + at, len - at, &got);
        at += got.consumed;
    }
    return s;
}

/* An attacker who plays back to an end what that end has said. */
static void reflected(void **state)
{
    (void)state;
    static const enum run_kind kinds[] = {RUN_FULL, RUN_12_FULL, RUN_PSK};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t len;
        run_make(&run, kinds[i]);
        struct pair *p = run_start(&run, NULL);
        assert_int_not_equal(hf_conn_drive(p->client.conn), HF_FAILED);
        uint8_t *hello = said(p, &p->client, &len);
        assert_int_equal(hear(&p->client, hello, len), HF_FAILED);
        assert_int_equal(hf_conn_error(p->client.conn)->code, HF_E_UNEXPECTED_MESSAGE);
        free(hello);
        pair_free(p);
        for (int k = 0; k < 2; k++) {
            static uint8_t room[200];
            p = run_start(&run, NULL);
            run_must_finish(&run, p);
            struct pair_end *end = k == 0 ? &p->client : &p->server;
            hf_buf out = {room, sizeof room, 0};
            size_t taken;
            run_set(hf_conn_send(end->conn, span_of("pay 1000", 8), &out, &taken));
            assert_int_equal(hear(end, room, out.pos), HF_FAILED);
            assert_int_equal(hf_conn_error(end->conn)->code, HF_E_RECORD_AUTH);
            pair_free(p);
        }
        run_clear(&run);
    }
}

/* RFC 9846, 2.3: early data cannot be made to look like later data, nor come twice. */
static void early_records_played_again(void **state)
{
    (void)state;
    run_make(&run, RUN_RESUMED);
    for (int is_late = 0; is_late < 2; is_late++) {
        static uint8_t room[4000];
        static uint8_t again[200];
        struct pair *p = run_start(&run, NULL);
        assert_int_not_equal(hf_conn_drive(p->client.conn), HF_FAILED);
        hf_buf out = {room, sizeof room, 0};
        size_t taken;
        run_set(hf_conn_send_early(p->client.conn, span_of("pay 1000", 8), &out, &taken));
        /* Before it went what had waited: the record itself is the last. */
        const size_t record_len = REC_HEADER_LEN + 8 + 1 + HF_AEAD_TAG_LEN;
        assert_true(out.pos >= record_len);
        memcpy(again, room + out.pos - record_len, record_len);
        pipe_put(&p->server.in, room, out.pos);
        if (is_late) {
            run_must_finish(&run, p);
        } else {
            (void)pair_pump_end(p, &p->server);
        }
        assert_int_equal(p->server.early_len, 8);
        assert_int_equal(hear(&p->server, again, record_len), HF_FAILED);
        assert_int_equal(hf_conn_error(p->server.conn)->code, HF_E_RECORD_AUTH);
        pair_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(suites_of_known_attacks),    RUN_TEST(signatures_of_weak_hashes),
        RUN_TEST(no_half_is_used_twice),      RUN_TEST(reflected),
        RUN_TEST(early_records_played_again),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}
