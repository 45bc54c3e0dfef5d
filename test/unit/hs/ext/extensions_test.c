/* The table of extensions: all offers of a hello read back by a server, order and GREASE,
 * unsolicited answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "hs/ext/extensions.h"
#include "support/bare.h"
#include "wire/iana.h"

enum { BLOCK_MAX = 4096, CODES_MAX = 64 };

/* A client that offers everything it can. */
static hf_config *rich_config(bool grease)
{
    hf_config *config = bare_config(HF_CLIENT);
    assert_int_equal(hf_config_set_grease(config, grease), HF_OK);
    assert_int_equal(hf_config_set_alpn(config, "h2"), HF_OK);
    assert_int_equal(hf_config_set_record_size_limit(config, 1000), HF_OK);
    assert_int_equal(hf_config_set_signature_algorithms_cert(config, "ed25519"), HF_OK);
    assert_int_equal(hf_config_set_certificate_compression(config, "zlib"), HF_OK);
    assert_int_equal(hf_config_set_post_handshake_auth(config, true), HF_OK);
    assert_int_equal(
        hf_config_add_raw_psk(config, span_of("identity", 8), span_of("0123456789abcdef", 16), 256),
        HF_OK);
    return config;
}

/* Writes the block, its two length bytes included, and lists its code points in order. */
static size_t write_block(struct bare *b, uint8_t block[BLOCK_MAX], uint16_t codes[CODES_MAX],
                          size_t *count)
{
    size_t binders_at = 0;
    struct wr w = wr_of(block, BLOCK_MAX);
    ext_write_offers(b->hs, &w, &binders_at);
    assert_false(w.bad);
    struct rd r = rd_of(span_of(block, w.len));
    struct rd list = rd_of(rd_vec16(&r, 0, 0xffff));
    assert_true(rd_done(&r));
    for (*count = 0; rd_left(&list) > 0; (*count)++) {
        codes[*count] = rd_u16(&list);
        (void)rd_vec16(&list, 0, 0xffff);
    }
    assert_true(rd_done(&list));
    return w.len;
}

static const enum ext_index all_offers[] = {
    EXT_server_name,
    EXT_status_request,
    EXT_supported_groups,
    EXT_signature_algorithms,
    EXT_application_layer_protocol_negotiation,
    EXT_signed_certificate_timestamp,
    EXT_compress_certificate,
    EXT_record_size_limit,
    EXT_supported_versions,
    EXT_cookie,
    EXT_psk_key_exchange_modes,
    EXT_post_handshake_auth,
    EXT_signature_algorithms_cert,
    EXT_key_share,
    EXT_pre_shared_key,
};
enum { ALL_OFFERS = sizeof all_offers / sizeof all_offers[0] };

static bool is_offered(uint32_t offered, enum ext_index index)
{
    return (offered & EXT_BIT(index)) != 0;
}

static void everything(void **state)
{
    (void)state;
    struct bare b;
    uint8_t block[BLOCK_MAX];
    uint16_t codes[CODES_MAX];
    size_t count;
    bare_open_for(&b, rich_config(false), "a.example");
    b.hs->c.cookie = span_of("c", 1);
    b.hs->c.versions = HS_MAY_13;
    assert_int_equal(ext_prepare_offers(b.hs), HF_OK);
    (void)write_block(&b, block, codes, &count);
    assert_int_equal(count, ALL_OFFERS);
    for (size_t i = 0; i < ALL_OFFERS; i++) {
        assert_true(is_offered(b.hs->c.offered, all_offers[i]));
    }
    assert_int_equal(codes[count - 1], EXT_CODE_pre_shared_key);
    bare_close(&b);
}

static void what_is_not_configured(void **state)
{
    (void)state;
    struct bare b;
    uint8_t block[BLOCK_MAX];
    uint16_t codes[CODES_MAX];
    size_t count;
    hf_config *config = bare_config(HF_CLIENT);
    assert_int_equal(hf_config_set_request_status(config, false), HF_OK);
    bare_open(&b, config);
    b.hs->c.versions = HS_MAY_13;
    assert_int_equal(ext_prepare_offers(b.hs), HF_OK);
    (void)write_block(&b, block, codes, &count);
    /* RFC 9846, 9.2: what no hello may lack. */
    assert_int_equal(b.hs->c.offered, EXT_BIT(EXT_supported_groups) |
                                          EXT_BIT(EXT_signature_algorithms) |
                                          EXT_BIT(EXT_supported_versions) | EXT_BIT(EXT_key_share));
    assert_int_equal(count, 4);
    bare_close(&b);
}

/* A server's reading of the rich hello. */
static void read_back(void **state)
{
    (void)state;
    struct bare client;
    struct bare server;
    uint8_t block[BLOCK_MAX];
    uint16_t codes[CODES_MAX];
    size_t count;
    bare_open_for(&client, rich_config(true), "a.example");
    client.hs->c.versions = HS_MAY_13;
    assert_int_equal(ext_prepare_offers(client.hs), HF_OK);
    const size_t len = write_block(&client, block, codes, &count);
    bare_open(&server, bare_config(HF_SERVER));
    struct hs_offer *offer = &server.hs->s.offer;
    server.hs->msg.raw = span_of(block, len);
    assert_int_equal(
        ext_parse(span_of(block + 2, len - 2), EXT_CH, &server.error, &offer->hello.ext), HF_OK);
    assert_int_equal(offer->hello.ext.unknown_count, 2); /* GREASE */
    assert_int_equal(ext_read_offers(server.hs, offer), HF_OK);
    assert_int_equal(offer->server_name.len, strlen("a.example"));
    assert_true(offer->has_alpn && offer->has_psk && offer->wants_status && offer->wants_sct &&
                offer->post_auth);
    assert_false(offer->early_data);
    assert_true(list16_has(offer->versions, HF_TLS13));
    assert_true(list16_has(offer->compression, 1));
    assert_int_equal(server.result.peer_record_size_limit, 1000);
    bare_close(&client);
    bare_close(&server);
}

/* What stands first in the hello of one connection, leaving GREASE aside. */
static uint16_t shuffle_once(uint64_t seed, bool grease_seen[16])
{
    struct bare b;
    uint8_t block[BLOCK_MAX];
    uint16_t codes[CODES_MAX];
    size_t count;
    bare_open_for(&b, rich_config(true), "a.example");
    b.seed = seed;
    b.hs->c.versions = HS_MAY_13;
    assert_int_equal(ext_prepare_offers(b.hs), HF_OK);
    (void)write_block(&b, block, codes, &count);
    assert_int_equal(count, ALL_OFFERS - 1 + 2); /* no cookie; two of GREASE */
    const uint16_t greases[] = {codes[0], codes[count - 2]};
    assert_true(iana_is_grease(greases[0]) && iana_is_grease(greases[1]));
    assert_int_not_equal(greases[0], greases[1]);
    assert_int_equal(codes[count - 1], EXT_CODE_pre_shared_key);
    grease_seen[greases[0] >> 12] = grease_seen[greases[1] >> 12] = true;
    for (size_t i = 0; i < HS_GREASE_COUNT; i++) {
        assert_true(iana_is_grease(b.hs->c.grease[i]));
    }
    bare_close(&b);
    return codes[1];
}

/* Over many connections every offer comes to stand in first place and every value of GREASE is
 * used. */
static void shuffled_and_greased(void **state)
{
    (void)state;
    enum { ROUNDS = 400 };
    bool is_first[CODES_MAX] = {false};
    bool is_grease_seen[16] = {false};
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        const uint16_t first = shuffle_once(seed * 1000, is_grease_seen);
        assert_true(first < CODES_MAX);
        is_first[first] = true;
    }
    for (size_t i = 0; i < ALL_OFFERS; i++) {
        const bool is_movable = all_offers[i] != EXT_pre_shared_key && all_offers[i] != EXT_cookie;
        assert_int_equal(is_first[ext_code_of(all_offers[i])], is_movable);
    }
    for (size_t i = 0; i < 16; i++) {
        assert_true(is_grease_seen[i]);
    }
}

/* The same hello twice: the second after a HelloRetryRequest keeps order and GREASE (RFC
 * 9846, 4.2.2). */
static void second_hello_is_the_same(void **state)
{
    (void)state;
    struct bare b;
    uint8_t blocks[2][BLOCK_MAX];
    uint16_t codes[CODES_MAX];
    size_t count;
    bare_open_for(&b, rich_config(true), "a.example");
    b.hs->c.versions = HS_MAY_13;
    assert_int_equal(ext_prepare_offers(b.hs), HF_OK);
    const size_t len = write_block(&b, blocks[0], codes, &count);
    assert_int_equal(write_block(&b, blocks[1], codes, &count), len);
    assert_memory_equal(blocks[0], blocks[1], len);
    bare_close(&b);
}

/* --- Answers ---------------------------------------------------------------------------------- */

static void answers_read_back(void **state)
{
    (void)state;
    struct bare server;
    struct bare client;
    static char name[] = "a.example";
    uint8_t block[256];
    struct ext_view view;
    hf_config *config = bare_config(HF_SERVER);
    assert_int_equal(hf_config_set_alpn(config, "h2"), HF_OK);
    assert_int_equal(hf_config_set_announce_groups(config, true), HF_OK);
    bare_open(&server, config);
    server.result.alpn = span_of("h2", 2);
    server.result.peer_record_size_limit = 1000;
    server.result.server_name = name;
    assert_int_equal(bare_read(&server, ext_supported_groups_read, "0002001d"), HF_E_NONE);
    struct wr w = wr_of(block, sizeof block);
    ext_write_answers(server.hs, &w);
    server.result.server_name = NULL;
    assert_false(w.bad);

    bare_open_for(&client, rich_config(false), "a.example");
    assert_int_equal(ext_parse(span_of(block + 2, w.len - 2), EXT_EE, &client.error, &view), HF_OK);
    const uint32_t four = EXT_BIT(EXT_supported_groups) | EXT_BIT(EXT_record_size_limit) |
                          EXT_BIT(EXT_server_name) |
                          EXT_BIT(EXT_application_layer_protocol_negotiation);
    assert_int_equal(view.present, four);
    client.hs->c.offered = four;
    assert_int_equal(ext_read_answers(client.hs, &view), HF_OK);
    assert_int_equal(client.result.alpn.len, 2);
    assert_int_equal(client.result.peer_record_size_limit, 16385);
    /* Each of them unsolicited. */
    for (size_t i = 0; i < EXT_COUNT; i++) {
        if (is_offered(four, (enum ext_index)i)) {
            client.hs->c.offered = four & ~EXT_BIT(i);
            assert_int_equal(ext_read_answers(client.hs, &view), HF_FAILED);
            assert_int_equal(bare_error(&client), HF_E_UNSOLICITED_EXTENSION);
        }
    }
    bare_close(&client);
    bare_close(&server);
}

static void no_answers(void **state)
{
    (void)state;
    struct bare b;
    uint8_t block[16];
    bare_open(&b, bare_config(HF_SERVER));
    struct wr w = wr_of(block, sizeof block);
    ext_write_answers(b.hs, &w);
    assert_int_equal(w.len, 2);
    assert_int_equal(block[0] | block[1], 0);
    bare_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything),
        cmocka_unit_test(what_is_not_configured),
        cmocka_unit_test(read_back),
        cmocka_unit_test(shuffled_and_greased),
        cmocka_unit_test(second_hello_is_the_same),
        cmocka_unit_test(answers_read_back),
        cmocka_unit_test(no_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
