/* Nothing secret decides a branch or an address in the key schedules, the MACs and the comparison.
 *
 * As test/unit/native/mlkem768_ct_test.c does it for ML-KEM: secrets are undefined memory, and
 * memcheck reports each jump and each address that depends on one, in libcrypto's hashes as well.
 * What is public in the end, a Finished message and whether it fits, is declared so before it is
 * looked at. docs/constant-time.md lists what else touches secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/secret.h"
#include "base/span.h"
#include "crypto/hkdf.h"
#include "crypto/schedule12.h"
#include "crypto/schedule13.h"
#include "support/memcheck.h"
#include "support/skip.h"

enum {
    LEAKED = 42,       /* exit code of a child that saw a report */
    VALGRIND_EXIT = 99 /* what the runner's --error-exitcode makes of it */
};

static const struct tracer silent;
static volatile uint8_t sink;

static unsigned begin(void)
{
    if (!RUNNING_ON_VALGRIND) {
        test_skip("not under valgrind");
    }
    return VALGRIND_COUNT_ERRORS;
}

static void end(unsigned before)
{
    assert_int_equal(VALGRIND_COUNT_ERRORS, before);
}

static void hide(void *p, size_t len)
{
    VALGRIND_MAKE_MEM_UNDEFINED(p, len);
}

static void show(void *p, size_t len)
{
    VALGRIND_MAKE_MEM_DEFINED(p, len);
}

/* The verdict is public, the bytes are not: right, wrong at the front, wrong at the end. */
static void comparison_hides_where_it_differs(void **state)
{
    (void)state;
    const unsigned before = begin();
    for (size_t wrong = 0; wrong < 3; wrong++) {
        uint8_t a[48] = {1};
        uint8_t b[48] = {1};
        b[0] ^= wrong == 1;
        b[47] ^= wrong == 2;
        hide(a, sizeof a);
        hide(b, sizeof b);
        bool equal = hf_ct_equal(a, b, sizeof a);
        show(&equal, sizeof equal);
        assert_int_equal(equal, wrong == 0);
    }
    end(before);
}

static void mac_hides_key_and_message(void **state)
{
    (void)state;
    const unsigned before = begin();
    const hf_hash *hash = hf_provider_default()->sha256;
    for (size_t len = 16; len <= 128; len *= 2) {
        uint8_t key[128] = {1};
        uint8_t message[100] = {2};
        uint8_t mac[HF_HASH_MAX_LEN];
        hide(key, sizeof key);
        hide(message, sizeof message);
        hmac_compute(hash, span_of(key, len), span_of(message, sizeof message), mac);
    }
    end(before);
}

static void schedule13_hides_its_secrets(const hf_hash *hash)
{
    uint8_t psk[32] = {1};
    uint8_t shared[32] = {2};
    uint8_t digest[HF_HASH_MAX_LEN] = {3};
    const hf_span transcript = span_of(digest, hash->digest_len);
    struct sched13 s;
    struct secret binder;
    struct secret traffic;
    struct secret resumption;
    struct secret ticket;
    uint8_t out[HF_HASH_MAX_LEN];
    uint8_t key[HF_AEAD_MAX_KEY_LEN];
    uint8_t iv[HF_AEAD_NONCE_LEN];
    hide(psk, sizeof psk);
    hide(shared, sizeof shared);
    sched13_start(&s, hash, span_of(psk, sizeof psk), &silent);
    sched13_derive(&s, "res binder", transcript, "binder", &binder);
    finished_mac(hash, &binder, transcript, &silent, out);
    sched13_to_handshake(&s, span_of(shared, sizeof shared));
    sched13_derive(&s, "c hs traffic", transcript, "client", &traffic);
    traffic_keys(hash, &traffic, hf_provider_default()->aes256gcm, &silent, key, iv);
    finished_mac(hash, &traffic, transcript, &silent, out);
    sched13_to_main(&s);
    sched13_derive(&s, "c ap traffic", transcript, "client", &traffic);
    traffic_update(hash, &traffic, &silent);
    sched13_derive(&s, "res master", transcript, "resumption", &resumption);
    ticket_key(hash, &resumption, span_of(digest, 8), &silent, &ticket);
    assert_true(exporter_compute(hash, &traffic, "label", transcript, out, 32));
    sched13_wipe(&s);
}

static void schedule_of_tls13_hides_psk_and_shared_secret(void **state)
{
    (void)state;
    const unsigned before = begin();
    schedule13_hides_its_secrets(hf_provider_default()->sha256);
    schedule13_hides_its_secrets(hf_provider_default()->sha384);
    end(before);
}

static void schedule_of_tls12_hides_premaster_and_master(void **state)
{
    (void)state;
    const unsigned before = begin();
    const hf_provider *provider = hf_provider_default();
    static uint8_t randoms[64];
    uint8_t premaster[48] = {1};
    uint8_t digest[32] = {2};
    struct suite suite;
    struct secret master;
    struct keys12 keys;
    uint8_t verify[VERIFY_DATA12_LEN];
    assert_true(suite12_find(provider, 0xc02b, &suite));
    hide(premaster, sizeof premaster);
    master12_compute(&(struct master12_args){.hash = suite.hash,
                                             .premaster = span_of(premaster, sizeof premaster),
                                             .client_random = span_of(randoms, 32),
                                             .server_random = span_of(randoms + 32, 32),
                                             .session_hash = span_of(digest, sizeof digest),
                                             .tr = &silent},
                     &master);
    keys12_compute(&suite, &master, span_of(randoms, 32), span_of(randoms + 32, 32), &silent,
                   &keys);
    finished12(suite.hash, &master, "client finished", span_of(digest, sizeof digest), &silent,
               verify);
    end(before);
}

/* ---- and it would be seen ---- */

static void leak_by_branch(void)
{
    struct secret ticket;
    struct secret resumption = {32, {1}};
    static const uint8_t nonce[8];
    hide(resumption.b, sizeof resumption.b);
    ticket_key(hf_provider_default()->sha256, &resumption, span_of(nonce, sizeof nonce), &silent,
               &ticket);
    if (ticket.b[5] & 1) {
        sink = 1;
    }
}

/* A comparison that ends where the first difference is. */
static void leak_by_memcmp(void)
{
    volatile uint8_t mac[32] = {1};
    const uint8_t got[32] = {1};
    VALGRIND_MAKE_MEM_UNDEFINED((void *)(uintptr_t)mac, sizeof mac);
    for (size_t i = 0; i < sizeof got; i++) {
        if (mac[i] != got[i]) {
            return;
        }
    }
    sink = 1;
}

static void expect_report(void (*leak)(void))
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const unsigned before = VALGRIND_COUNT_ERRORS;
        leak();
        _exit(VALGRIND_COUNT_ERRORS > before ? LEAKED : 0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == LEAKED || WEXITSTATUS(status) == VALGRIND_EXIT);
}

static void leaks_are_reported(void **state)
{
    (void)state;
    (void)begin();
    expect_report(leak_by_branch);
    expect_report(leak_by_memcmp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparison_hides_where_it_differs),
        cmocka_unit_test(mac_hides_key_and_message),
        cmocka_unit_test(schedule_of_tls13_hides_psk_and_shared_secret),
        cmocka_unit_test(schedule_of_tls12_hides_premaster_and_master),
        cmocka_unit_test(leaks_are_reported),
    };
    return cmocka_run_group_tests_name("secrets_ct", tests, NULL, NULL);
}
