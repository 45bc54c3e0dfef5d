/* ServerHellos, HelloRetryRequests and EncryptedExtensions that break a rule (RFC
 * 9846, 4.2.3, 4.2.4 and 4.4.1), one rule each: to every one the client has a name and an alert.
 * Made from what a real server answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "config/config.h"
#include "record/record.h"
#include "support/rule.h"
#include "wire/iana.h"

static struct run run;
static struct edit e;

/* The n-th message to the client in this kind of run, changed. */
static void answer(enum run_kind kind, int n, const struct rule *rule)
{
    rule_hear_in(kind, rule, &run, HF_CLIENT, n, &e);
}

static void answers(enum run_kind kind, int n, const struct rule *list, size_t count)
{
    run_clear(&run);
    for (size_t i = 0; i < count; i++) {
        answer(kind, n, &list[i]);
    }
}

/* --- What every ServerHello has
 * ------------------------------------------------------------------- */

static void no_version(void)
{
    DROP(supported_versions);
}

static void downgraded_to_tls12(void)
{
    DROP(supported_versions);
    memcpy(e.random + 24, "DOWNGRD\1", 8);
}

static void downgraded_further(void)
{
    DROP(supported_versions);
    e.legacy_version = 0x0302;
    memcpy(e.random + 24, "DOWNGRD\0", 8);
}

static void tls12_chosen(void)
{
    SET(supported_versions, "\3\3");
}

static void strange_version(void)
{
    SET(supported_versions, "\3\5");
}

static void two_versions(void)
{
    SET(supported_versions, "\3\4\3\3");
}

static void legacy(void)
{
    e.legacy_version = 0x0304;
}

static void other_session_id(void)
{
    e.session_id.data[0] ^= 1;
}

static void no_session_id(void)
{
    e.session_id.len = 0;
}

static void long_session_id(void)
{
    e.session_id.len = 33;
}

static void strange_suite(void)
{
    e.suites.data[1] = 0x04; /* TLS_AES_128_CCM_SHA256 */
}

static void suite_of_tls12(void)
{
    memcpy(e.suites.data, "\xc0\x2b", 2);
}

static void compressed(void)
{
    e.compression.data[0] = 1;
}

static void strange_extension(void)
{
    edit_append(&e, 0xff77, "", 0);
}

static void extension_of_another_message(void)
{
    SET(application_layer_protocol_negotiation, "\0\3\2h2");
}

static void version_twice(void)
{
    edit_append(&e, EXT_CODE_supported_versions, "\3\4", 2);
}

static const struct rule common[] = {
    {"no version", no_version, HF_E_NO_COMMON_VERSION},
    {"downgraded to TLS 1.2", downgraded_to_tls12, HF_E_DOWNGRADE},
    {"downgraded to TLS 1.1", downgraded_further, HF_E_DOWNGRADE},
    {"TLS 1.2 chosen", tls12_chosen, HF_E_VERSION_NOT_OFFERED},
    {"a strange version", strange_version, HF_E_VERSION_NOT_OFFERED},
    {"two versions", two_versions, HF_E_DECODE_EXTENSION},
    {"legacy_version", legacy, HF_E_LEGACY_VERSION},
    {"another session id", other_session_id, HF_E_SESSION_ID_ECHO},
    {"no session id", no_session_id, HF_E_SESSION_ID_ECHO},
    {"session id of 33 bytes", long_session_id, HF_E_DECODE},
    {"a strange suite", strange_suite, HF_E_SUITE_NOT_OFFERED},
    {"a suite of TLS 1.2", suite_of_tls12, HF_E_SUITE_NOT_OFFERED},
    {"a compression method", compressed, HF_E_COMPRESSION_CHOSEN},
    {"a strange extension", strange_extension, HF_E_UNSOLICITED_EXTENSION},
    {"ALPN", extension_of_another_message, HF_E_MISPLACED_EXTENSION},
    {"the version twice", version_twice, HF_E_DUPLICATE_EXTENSION},
};

/* The mark of a downgrade stands where a HelloRetryRequest has its own, so it is no retry any more.
 */
static void in_server_hello_and_retry(void **state)
{
    (void)state;
    answers(RUN_FULL, 0, common, COUNT(common));
    answers(RUN_RETRY, 0, common, COUNT(common));
    /* RFC 9846, 4.2.4: after a retry a version of before is a changed one. */
    answers(RUN_RETRY, 1, common + 3, COUNT(common) - 3);
}

/* --- ServerHello
 * ---------------------------------------------------------------------------------- */

static void no_share(void)
{
    DROP(key_share);
}

static void share_of_a_group_not_offered(void)
{
    SET(key_share, "\0\x18\0\1x");
}

static void empty_share(void)
{
    SET(key_share, "\0\x1d\0\0");
}

static void share_and_more(void)
{
    SET(key_share, "\0\x1d\0\1xy");
}

static void group_alone(void)
{
    SET(key_share, "\0\x1d");
}

static void key_unasked(void)
{
    SET(pre_shared_key, "\0\0");
}

static void cookie_unasked(void)
{
    SET(cookie, "\0\1c");
}

static const struct rule hellos[] = {
    {"no share", no_share, HF_E_MISSING_EXTENSION},
    {"a share of a group not offered", share_of_a_group_not_offered, HF_E_GROUP_NOT_OFFERED},
    {"an empty share", empty_share, HF_E_DECODE_EXTENSION},
    {"a byte behind the share", share_and_more, HF_E_DECODE_EXTENSION},
    {"a group without share", group_alone, HF_E_DECODE_EXTENSION},
    {"a pre-shared key unasked for", key_unasked, HF_E_UNSOLICITED_EXTENSION},
    {"a cookie", cookie_unasked, HF_E_MISPLACED_EXTENSION},
};

static void server_hello(void **state)
{
    (void)state;
    answers(RUN_FULL, 0, hellos, COUNT(hellos));
}

static const hf_group *group;
static uint8_t share[HF_GROUP_MAX_SHARE_LEN + 1];
static size_t share_len;

static void put_share(void)
{
    uint8_t body[4 + sizeof share];
    const uint8_t head[4] = {(uint8_t)(group->id >> 8), (uint8_t)group->id,
                             (uint8_t)(share_len >> 8), (uint8_t)share_len};
    memcpy(body, head, sizeof head);
    memcpy(body + sizeof head, share, share_len);
    edit_set(&e, EXT_CODE_key_share, body, sizeof head + share_len);
}

static void answer_share(size_t len)
{
    const struct rule a = {group->name, put_share, HF_E_KEY_SHARE_INVALID};
    share_len = len;
    answer(RUN_FULL, 0, &a);
}

static void shares_of_no_value(void **state)
{
    (void)state;
    const hf_group *const *groups = hf_provider_default()->groups;
    for (size_t i = 0; groups[i] != NULL; i++) {
        group = groups[i];
        run_clear(&run);
        run_make(&run, RUN_FULL);
        assert_int_equal(hf_config_set_groups(run.client, group->name), HF_OK);
        assert_int_equal(hf_config_set_groups(run.server, group->name), HF_OK);
        memset(share, 0, sizeof share);
        answer_share(group->server_share_len);
        answer_share(group->server_share_len - 1u);
        answer_share(group->server_share_len + 1u);
        answer_share(1);
        if (group->id == IANA_GROUP_secp256r1 || group->id == IANA_GROUP_secp384r1 ||
            group->id == IANA_GROUP_secp521r1) {
            share[0] = 4; /* uncompressed, not on the curve */
            answer_share(group->server_share_len);
            share[0] = 2; /* RFC 9846, 4.3.8.2: only uncompressed points */
            answer_share(group->server_share_len);
        }
    }
}

/* --- Pre-shared keys
 * -------------------------------------------------------------------------------- */

static void key_without_share(void)
{
    DROP(key_share);
}

static void share_beside_key(void)
{
    static const uint8_t entry[2 + 2 + 32] = {0, 0x1d, 0, 32, 9};
    edit_set(&e, EXT_CODE_key_share, entry, sizeof entry);
}

static void no_key(void)
{
    DROP(pre_shared_key);
}

static void key_of_no_index(void)
{
    SET(pre_shared_key, "\0\2");
}

static void key_of_high_index(void)
{
    SET(pre_shared_key, "\xff\xff");
}

static void half_an_index(void)
{
    SET(pre_shared_key, "\0");
}

static void suite_of_another_hash(void)
{
    e.suites.data[1] = 0x02; /* SHA-384 */
}

static const struct rule keys[] = {
    {"a key without share", key_without_share, HF_E_PSK_WITHOUT_DHE},
    {"a key that was not offered", key_of_no_index, HF_E_PSK_INDEX},
    {"a key of the highest index", key_of_high_index, HF_E_PSK_INDEX},
    {"half an index", half_an_index, HF_E_DECODE_EXTENSION},
    {"a suite of another hash", suite_of_another_hash, HF_E_PSK_INDEX},
};

static const struct rule keys_alone[] = {
    {"a share beside psk_ke", share_beside_key, HF_E_PSK_WITH_DHE},
    {"neither key nor share", no_key, HF_E_MISSING_EXTENSION},
};

static void pre_shared_key(void **state)
{
    (void)state;
    answers(RUN_PSK, 0, keys, COUNT(keys));
    answers(RUN_PSK_KE, 0, keys_alone, COUNT(keys_alone));
}

/* --- HelloRetryRequest
 * ------------------------------------------------------------------------------ */

static void asks_for_nothing(void)
{
    DROP(key_share);
}

static void asks_for_what_is_there(void)
{
    SET(key_share, "\0\x17"); /* the client sent a share of secp256r1 */
}

static void asks_for_a_group_not_offered(void)
{
    SET(key_share, "\0\x18");
}

static void asks_for_a_strange_group(void)
{
    SET(key_share, "\x0a\x0a");
}

static void retry_with_a_share(void)
{
    SET(key_share, "\0\x1d\0\1x");
}

static void empty_cookie(void)
{
    SET(cookie, "\0\0");
}

static void cookie_and_more(void)
{
    SET(cookie, "\0\1cd");
}

/* As long as a HelloRetryRequest can carry: what else a ClientHello has does not fit beside it. */
static void cookie_for_no_hello(void)
{
    static uint8_t cookie[2 + 65400];
    cookie[0] = (uint8_t)((sizeof cookie - 2) >> 8);
    cookie[1] = (uint8_t)((sizeof cookie - 2) & 0xff);
    edit_set(&e, EXT_CODE_cookie, cookie, sizeof cookie);
}

static const struct rule retries[] = {
    {"asks for nothing", asks_for_nothing, HF_E_RETRY_POINTLESS},
    {"asks for what is there", asks_for_what_is_there, HF_E_RETRY_POINTLESS},
    {"asks for a group not offered", asks_for_a_group_not_offered, HF_E_GROUP_NOT_OFFERED},
    {"asks for a strange group", asks_for_a_strange_group, HF_E_GROUP_NOT_OFFERED},
    {"has a share", retry_with_a_share, HF_E_DECODE_EXTENSION},
    {"has an empty cookie", empty_cookie, HF_E_DECODE_EXTENSION},
    {"has a byte behind the cookie", cookie_and_more, HF_E_DECODE_EXTENSION},
    {"chooses a key", key_unasked, HF_E_MISPLACED_EXTENSION},
    {"has a cookie that fits no hello", cookie_for_no_hello, HF_E_COOKIE_TOO_LONG},
};

static void hello_retry_request(void **state)
{
    (void)state;
    answers(RUN_RETRY, 0, retries, COUNT(retries));
}

static void other_suite(void)
{
    e.suites.data[1] = e.suites.data[1] == 1 ? 3 : 1;
}

static void share_of_before(void)
{
    SET(key_share, "\0\x17\0\1x");
}

static const struct rule after_retry[] = {
    {"another suite than before", other_suite, HF_E_SUITE_CHANGED},
    {"another group than asked for", share_of_before, HF_E_GROUP_CHANGED},
    {"another version than before", no_version, HF_E_VERSION_NOT_OFFERED},
};

static void server_hello_after_retry(void **state)
{
    (void)state;
    answers(RUN_RETRY, 1, after_retry, COUNT(after_retry));
}

static void second_retry(void **state)
{
    (void)state;
    struct stage s;
    run_make(&run, RUN_RETRY);
    assert_true(heard_go_to(&s, &run, HF_CLIENT, 1));
    const struct tape_message *retry = tape_find(&s.tape, HF_SERVER, 2);
    assert_true(heard_is_retry(retry));
    assert_int_equal(stage_record(&s, REC_HANDSHAKE, span_of(retry->data, retry->len)), HF_FAILED);
    stage_must_fail(&s, HF_E_RETRY_TWICE, "CLI_READ_SERVER_HELLO");
    stage_end(&s);
}

/* --- EncryptedExtensions
 * ---------------------------------------------------------------------------- */

static void protocol_not_offered(void)
{
    SET(application_layer_protocol_negotiation, "\0\3\2h3");
}

static void two_protocols(void)
{
    SET(application_layer_protocol_negotiation, "\0\14\2h2\10http/1.1");
}

static void no_protocol(void)
{
    SET(application_layer_protocol_negotiation, "\0\0");
}

static void empty_protocol(void)
{
    SET(application_layer_protocol_negotiation, "\0\1\0");
}

static void name_sent_back(void)
{
    SET(server_name, "\0\4\0\0\1a");
}

static void odd_groups(void)
{
    SET(supported_groups, "\0\3\0\x1d\0");
}

static void early_data_unasked(void)
{
    SET(early_data, "");
}

static void limit_unasked(void)
{
    SET(record_size_limit, "\1\0");
}

static void share_here(void)
{
    SET(key_share, "\0\x1d\0\1x");
}

static void algorithms_here(void)
{
    SET(signature_algorithms, "\0\2\x08\7");
}

static void protocol_twice(void)
{
    edit_append(&e, EXT_CODE_application_layer_protocol_negotiation, "\0\3\2h2", 5);
}

static void nothing_at_all(void)
{
    e.count = 0;
}

static void no_block(void)
{
    e.no_extensions = true;
}

static const struct rule parameters[] = {
    {"a protocol not offered", protocol_not_offered, HF_E_ALPN_NOT_OFFERED},
    {"two protocols", two_protocols, HF_E_DECODE_EXTENSION},
    {"no protocol", no_protocol, HF_E_DECODE_EXTENSION},
    {"an empty protocol", empty_protocol, HF_E_DECODE_EXTENSION},
    {"the name sent back", name_sent_back, HF_E_DECODE_EXTENSION},
    {"half a group", odd_groups, HF_E_DECODE_EXTENSION},
    {"early_data unasked for", early_data_unasked, HF_E_UNSOLICITED_EXTENSION},
    {"record_size_limit unasked for", limit_unasked, HF_E_UNSOLICITED_EXTENSION},
    {"a strange extension", strange_extension, HF_E_UNSOLICITED_EXTENSION},
    {"key_share", share_here, HF_E_MISPLACED_EXTENSION},
    {"signature_algorithms", algorithms_here, HF_E_MISPLACED_EXTENSION},
    {"a protocol twice", protocol_twice, HF_E_DUPLICATE_EXTENSION},
    {"no block of extensions", no_block, HF_E_DECODE},
    {"no extensions", nothing_at_all, HF_E_NONE},
};

static void limit_of_63(void)
{
    SET(record_size_limit, "\0\x3f");
}

static void limit_of_16386(void)
{
    SET(record_size_limit, "\x40\2");
}

static void limit_cut(void)
{
    SET(record_size_limit, "\1");
}

static const struct rule limits[] = {
    {"a limit of 63", limit_of_63, HF_E_RECORD_SIZE_LIMIT_INVALID},
    {"a limit of 16386", limit_of_16386, HF_E_RECORD_SIZE_LIMIT_INVALID},
    {"a limit of one byte", limit_cut, HF_E_DECODE_EXTENSION},
};

static void encrypted_extensions(void **state)
{
    (void)state;
    answers(RUN_FULL, 1, parameters, COUNT(parameters));
    answers(RUN_BARE, 1, limits, COUNT(limits));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(in_server_hello_and_retry),
        RUN_TEST(server_hello),
        RUN_TEST(shares_of_no_value),
        RUN_TEST(pre_shared_key),
        RUN_TEST(hello_retry_request),
        RUN_TEST(server_hello_after_retry),
        RUN_TEST(second_retry),
        RUN_TEST(encrypted_extensions),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}
