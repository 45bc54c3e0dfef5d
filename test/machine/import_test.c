/* Imported pre-shared keys from end to end (RFC 9258): which suites, which context, which role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "config/config.h"
#include "support/run.h"

static struct run run;

static hf_span text(const char *s)
{
    return (hf_span){(const uint8_t *)s, strlen(s)};
}

/* How a key comes to an end. */
struct way {
    const char *identity, *context, *key;
    unsigned hash;
    bool is_raw;
};

static const struct way usual = {"device", "client=a,server=b", "0123456789abcdef", 256, false};

static void add(hf_config *config, const struct way *way)
{
    if (way->is_raw) {
        run_set(hf_config_add_raw_psk(config, text(way->identity), text(way->key), way->hash));
    } else {
        run_set(hf_config_add_psk(config, text(way->identity), text(way->context), text(way->key),
                                  way->hash));
    }
}

/* A handshake; what the server has to say of it. suite: what must come of it. */
static hf_err handshake(const struct way *client, const struct way *server, const char *ours,
                        const char *theirs, uint16_t suite)
{
    run_make(&run, RUN_FULL);
    run_set(hf_config_set_identities(run.server, NULL));
    run_set(hf_config_set_ciphers(run.client, ours));
    run_set(hf_config_set_ciphers(run.server, theirs));
    add(run.client, client);
    add(run.server, server);
    struct pair *p = run_start(&run, NULL);
    const bool is_done = pair_handshake(p);
    const hf_err code = hf_conn_error(p->server.conn)->code;
    hf_conn_info info;
    hf_conn_describe(p->server.conn, &info);
    assert_int_equal(is_done, code == HF_E_NONE);
    if (is_done) {
        assert_true(info.psk);
        assert_int_equal(info.cipher_suite, suite);
        assert_true(pair_send(p, &p->client, "to the server", 13));
    }
    pair_free(p);
    run_clear(&run);
    return code;
}

static const char all[] = "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384";
static const char sha256[] = "TLS_AES_128_GCM_SHA256";
static const char sha384[] = "TLS_AES_256_GCM_SHA384";
static const char other_order[] = "TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256";

/* One key serves suites of both hashes. */
static void for_every_suite(void **state)
{
    (void)state;
    assert_int_equal(handshake(&usual, &usual, all, all, 0x1301), HF_E_NONE);
    assert_int_equal(handshake(&usual, &usual, all, sha384, 0x1302), HF_E_NONE);
    assert_int_equal(handshake(&usual, &usual, sha384, all, 0x1302), HF_E_NONE);
    assert_int_equal(handshake(&usual, &usual, other_order, sha256, 0x1301), HF_E_NONE);
    assert_int_equal(handshake(&usual, &usual, other_order, all, 0x1302), HF_E_NONE);
    assert_int_equal(handshake(&usual, &usual, sha256, sha384, 0), HF_E_NO_COMMON_SUITE);
    run_make(&run, RUN_FULL); /* for drop_run */
}

/* Both ends import the same, in the same way, or they do not meet. */
static void the_same_at_both_ends(void **state)
{
    (void)state;
    static const struct {
        struct way server;
        hf_err code;
    } rows[] = {
        {{"device", "", "0123456789abcdef", 256, false}, HF_E_PSK_UNKNOWN},
        {{"device", "client=b,server=a", "0123456789abcdef", 256, false}, HF_E_PSK_UNKNOWN},
        {{"device", "client=a,server=b", "0123456789abcdeg", 256, false}, HF_E_PSK_BINDER},
        {{"device", "client=a,server=b", "0123456789abcdef", 384, false}, HF_E_PSK_BINDER},
        {{"device", "", "0123456789abcdef", 256, true}, HF_E_PSK_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(handshake(&usual, &rows[i].server, all, all, 0), rows[i].code);
        assert_int_equal(handshake(&rows[i].server, &usual, all, all, 0), rows[i].code);
    }
    run_make(&run, RUN_FULL);
}

/* The very bytes of an imported key, given raw under the imported identity: the binder tells them
 * apart (RFC 9258, 5.2). */
static void not_mistaken_for_a_raw_one(void **state)
{
    (void)state;
    run_make(&run, RUN_FULL);
    run_set(hf_config_set_identities(run.server, NULL));
    run_set(hf_config_set_ciphers(run.client, sha256));
    run_set(hf_config_set_ciphers(run.server, sha256));
    add(run.client, &usual);
    const struct config_psk *imported = &run.client->psks[0];
    run_set(hf_config_add_raw_psk(run.server, (hf_span){imported->identity, imported->identity_len},
                                  (hf_span){imported->key, imported->key_len}, 256));
    struct pair *p = run_start(&run, NULL);
    assert_false(pair_handshake(p));
    assert_int_equal(hf_conn_error(p->server.conn)->code, HF_E_PSK_BINDER);
    pair_free(p);
}

/* A node that is both client and server and holds one key for all: its own hello comes back to it
 * ("Selfie"). Contexts that name the roles tell it. */
static void a_hello_is_not_taken_by_its_sender(void **state)
{
    (void)state;
    static const struct way to = {"group", "client=a,server=b", "0123456789abcdef", 256, false};
    static const struct way from = {"group", "client=b,server=a", "0123456789abcdef", 256, false};
    static const struct way anybody = {"group", "", "0123456789abcdef", 256, false};
    assert_int_equal(handshake(&to, &from, all, all, 0), HF_E_PSK_UNKNOWN);
    assert_int_equal(handshake(&anybody, &anybody, all, all, 0x1301), HF_E_NONE); /* the attack */
    run_make(&run, RUN_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(for_every_suite),
        RUN_TEST(the_same_at_both_ends),
        RUN_TEST(not_mistaken_for_a_raw_one),
        RUN_TEST(a_hello_is_not_taken_by_its_sender),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}
