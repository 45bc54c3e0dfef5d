/* Pre-shared keys: which are offered, binders that one end writes and the other checks, and every
 * way to get them wrong (RFC 9846, 4.3.11.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "hs/psk.h"
#include "support/bare.h"

#define KEY_A span_of("0123456789abcdef", 16)
#define KEY_B span_of("fedcba9876543210fedcba9876543210", 32)

/* Two keys, one of each hash. */
static hf_config *with_keys(hf_role role, hf_span a, hf_span b)
{
    hf_config *config = bare_config(role);
    assert_int_equal(hf_config_add_raw_psk(config, span_of("first", 5), a, 256), HF_OK);
    assert_int_equal(hf_config_add_raw_psk(config, span_of("second", 6), b, 384), HF_OK);
    return config;
}

/* The key of what is offered there; NULL: nothing. */
static const uint8_t *offered_at(const struct hs *hs, size_t position)
{
    struct psk psk;
    return psk_offered_at(hs, position, &psk) ? psk.key.data : NULL;
}

/* The configuration's key number i, as the handshake sees it. */
static struct psk external(const struct bare *b, size_t i)
{
    struct psk psk;
    const struct config_psk *own = &b->config->psks[i];
    assert_true(psk_find_external(b->hs, span_of(own->identity, own->identity_len), &psk));
    return psk;
}

static void offered_by_hash(void **state)
{
    (void)state;
    struct bare b;
    hf_config *config = with_keys(HF_CLIENT, KEY_A, KEY_B);
    bare_open(&b, config);
    assert_ptr_equal(offered_at(b.hs, 0), config->psks[0].key);
    assert_ptr_equal(offered_at(b.hs, 1), config->psks[1].key);
    assert_null(offered_at(b.hs, 2));
    /* After a HelloRetryRequest only those of its suite's hash. */
    b.result.retried = true;
    b.result.suite.hash = config->provider->sha384;
    assert_ptr_equal(offered_at(b.hs, 0), config->psks[1].key);
    assert_null(offered_at(b.hs, 1));
    bare_close(&b);
}

static void offered_by_suite(void **state)
{
    (void)state;
    struct bare b;
    hf_config *config = bare_config(HF_CLIENT);
    assert_int_equal(hf_config_set_ciphers(config, "TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256"),
                     HF_OK);
    assert_int_equal(hf_config_add_raw_psk(config, span_of("first", 5), KEY_A, 256), HF_OK);
    bare_open(&b, config);
    assert_ptr_equal(offered_at(b.hs, 0), config->psks[0].key);
    config->ciphers.count = 1; /* no suite with SHA-256 is left */
    assert_null(offered_at(b.hs, 0));
    bare_close(&b);
}

/* --- Binders ---------------------------------------------------------------------------------- */

/* What stands for a hello: some bytes, then the extension's body. */
struct hello {
    uint8_t bytes[512];
    size_t len, binders_at;
};

static void write_hello(struct bare *client, struct hello *h)
{
    struct wr w = wr_of(h->bytes, sizeof h->bytes);
    wr_bytes(&w, span_of("the hello before", 16));
    assert_true(ext_pre_shared_key_offer(client->hs, &w, &h->binders_at));
    assert_false(w.bad);
    psk_fill_binders(client->hs, &w, h->binders_at);
    h->len = w.len;
}

static void read_hello(struct bare *server, const struct hello *h)
{
    const uint8_t *copy = arena_copy(&server->hs->arena, span_of(h->bytes, h->len));
    struct hs_offer *offer = &server->hs->s.offer;
    assert_non_null(copy);
    server->hs->msg.raw = span_of(copy, h->len);
    offer->hello.ext.last_code = EXT_CODE_pre_shared_key;
    offer->hello.ext.present = EXT_BIT(EXT_pre_shared_key) | EXT_BIT(EXT_psk_key_exchange_modes);
    assert_int_equal(ext_pre_shared_key_read(server->hs, span_of(copy + 16, h->len - 16), offer),
                     HF_OK);
    assert_int_equal(offer->binders_at, h->binders_at);
}

/* Both binders, checked by a server with these keys. */
static void check_both(struct bare *server, bool first, bool second)
{
    const struct psk psks[] = {external(server, 0), external(server, 1)};
    transcript_start(&server->hs->transcript, psks[0].hash);
    assert_int_equal(psk_check_binder(server->hs, &psks[0], 0) == HF_OK, first);
    assert_int_equal(bare_error(server), first ? HF_E_NONE : HF_E_PSK_BINDER);
    transcript_start(&server->hs->transcript, psks[1].hash);
    assert_int_equal(psk_check_binder(server->hs, &psks[1], 1) == HF_OK, second);
    assert_int_equal(bare_error(server), second ? HF_E_NONE : HF_E_PSK_BINDER);
}

static void binders(void **state)
{
    (void)state;
    struct bare client;
    struct bare server;
    struct hello h;
    bare_open(&client, with_keys(HF_CLIENT, KEY_A, KEY_B));
    write_hello(&client, &h);
    bare_open(&server, with_keys(HF_SERVER, KEY_A, KEY_B));
    read_hello(&server, &h);
    check_both(&server, true, true);
    bare_close(&server);
    /* A server that holds another key under one of the names. */
    bare_open(&server, with_keys(HF_SERVER, KEY_B, KEY_B));
    read_hello(&server, &h);
    check_both(&server, false, true);
    bare_close(&server);
    bare_close(&client);
}

/* Any byte of the hello or of the binder. */
static void changed_hello(void **state)
{
    (void)state;
    struct bare client;
    struct bare server;
    struct hello h;
    bare_open(&client, with_keys(HF_CLIENT, KEY_A, KEY_B));
    write_hello(&client, &h);
    bare_open(&server, with_keys(HF_SERVER, KEY_A, KEY_B));
    for (size_t at = 0; at < 16; at++) {
        h.bytes[at] ^= 0x01;
        read_hello(&server, &h);
        check_both(&server, false, false);
        h.bytes[at] ^= 0x01;
    }
    const size_t first = h.binders_at + 3;
    for (size_t at = first; at < first + 32; at++) {
        h.bytes[at] ^= 0x80;
        read_hello(&server, &h);
        check_both(&server, false, true); /* binders do not cover each other */
        h.bytes[at] ^= 0x80;
    }
    bare_close(&server);
    bare_close(&client);
}

/* A binder of another hash's length. */
static void binder_of_wrong_length(void **state)
{
    (void)state;
    struct bare client;
    struct bare server;
    struct hello h;
    bare_open(&client, with_keys(HF_CLIENT, KEY_A, KEY_B));
    write_hello(&client, &h);
    bare_open(&server, with_keys(HF_SERVER, KEY_A, KEY_B));
    read_hello(&server, &h);
    const struct psk psks[] = {external(&server, 0)};
    transcript_start(&server.hs->transcript, psks[0].hash);
    assert_int_equal(psk_check_binder(server.hs, &psks[0], 1), HF_FAILED);
    assert_int_equal(bare_error(&server), HF_E_PSK_BINDER);
    bare_close(&server);
    bare_close(&client);
}

/* After a HelloRetryRequest the binder covers what came before. */
static void after_retry(void **state)
{
    (void)state;
    struct bare client;
    struct bare server;
    struct hello h;
    bare_open(&client, with_keys(HF_CLIENT, KEY_A, KEY_B));
    bare_open(&server, with_keys(HF_SERVER, KEY_A, KEY_B));
    struct bare *const both[] = {&client, &server};
    for (size_t i = 0; i < 2; i++) {
        both[i]->result.retried = true;
        both[i]->result.suite.hash = both[i]->config->provider->sha384;
        transcript_start(&both[i]->hs->transcript, both[i]->result.suite.hash);
        transcript_add(&both[i]->hs->transcript, span_of("hello and retry", 15));
    }
    write_hello(&client, &h);
    read_hello(&server, &h);
    const struct psk second = external(&server, 1);
    assert_int_equal(psk_check_binder(server.hs, &second, 0), HF_OK);
    transcript_add(&server.hs->transcript, span_of("!", 1));
    assert_int_equal(psk_check_binder(server.hs, &second, 0), HF_FAILED);
    assert_int_equal(bare_error(&server), HF_E_PSK_BINDER);
    bare_close(&server);
    bare_close(&client);
}

/* --- Found --------------------------------------------------------------------------------------
 */

static void found(void **state)
{
    (void)state;
    struct bare b;
    struct psk psk;
    hf_config *config = with_keys(HF_SERVER, KEY_A, KEY_B);
    bare_open(&b, config);
    assert_true(psk_find_external(b.hs, span_of("second", 6), &psk));
    assert_ptr_equal(psk.key.data, config->psks[1].key);
    assert_ptr_equal(psk.hash, config->provider->sha384);
    assert_string_equal(psk.binder_label, "ext binder");
    assert_false(psk_find_external(b.hs, span_of("fir", 3), &psk));
    assert_false(psk_find_external(b.hs, span_of("firsts", 6), &psk));
    assert_false(psk_find_external(b.hs, span_of("", 0), &psk));
    bare_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offered_by_hash), cmocka_unit_test(offered_by_suite),
        cmocka_unit_test(binders),         cmocka_unit_test(changed_hello),
        cmocka_unit_test(after_retry),     cmocka_unit_test(binder_of_wrong_length),
        cmocka_unit_test(found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
