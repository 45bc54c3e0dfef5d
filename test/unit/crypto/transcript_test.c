/* The transcript hash against a plain hash of the same bytes, and its restart after a
 * HelloRetryRequest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "base/span.h"
#include "crypto/transcript.h"

static const char first[] = "the first message";
static const char second[] = "and the second";

struct both {
    const hf_hash *hash;
    const EVP_MD *md;
};

static void each_hash(void (*run)(const struct both *b))
{
    const hf_provider *p = hf_provider_default();
    const struct both both[] = {{p->sha256, EVP_sha256()}, {p->sha384, EVP_sha384()}};
    run(&both[0]);
    run(&both[1]);
}

static void must_hash(const struct transcript *t, const struct both *b, const void *bytes,
                      size_t len)
{
    uint8_t ours[HF_HASH_MAX_LEN];
    uint8_t theirs[EVP_MAX_MD_SIZE];
    unsigned theirs_len = 0;
    transcript_value(t, ours);
    assert_int_equal(EVP_Digest(bytes, len, theirs, &theirs_len, b->md, NULL), 1);
    assert_int_equal(theirs_len, b->hash->digest_len);
    assert_memory_equal(ours, theirs, theirs_len);
}

static void grow(const struct both *b)
{
    struct transcript t;
    transcript_start(&t, b->hash);
    must_hash(&t, b, "", 0);
    transcript_add(&t, span_str(first));
    must_hash(&t, b, first, strlen(first));
    must_hash(&t, b, first, strlen(first)); /* reading does not end it */
    transcript_add(&t, span_of(NULL, 0));
    transcript_add(&t, span_str(second));
    must_hash(&t, b, "the first messageand the second", strlen(first) + strlen(second));
}

static void readable_at_any_point(void **state)
{
    (void)state;
    each_hash(grow);
}

static void fork_it(const struct both *b)
{
    struct transcript t;
    transcript_start(&t, b->hash);
    transcript_add(&t, span_str(first));
    struct transcript other = t;
    transcript_add(&other, span_str(second));
    must_hash(&t, b, first, strlen(first));
    must_hash(&other, b, "the first messageand the second", strlen(first) + strlen(second));
}

static void copied_by_assignment(void **state)
{
    (void)state;
    each_hash(fork_it);
}

/* RFC 9846, 4.1: 254, 00 00, the hash's length, the hash of ClientHello1. */
static void restart(const struct both *b)
{
    uint8_t expected[4 + EVP_MAX_MD_SIZE + sizeof second] = {254, 0, 0, b->hash->digest_len};
    const size_t n = b->hash->digest_len;
    struct transcript t;
    struct transcript from_digest;
    assert_int_equal(EVP_Digest(first, strlen(first), expected + 4, NULL, b->md, NULL), 1);
    memcpy(expected + 4 + n, second, strlen(second));

    transcript_start(&t, b->hash);
    transcript_add(&t, span_str(first));
    transcript_retry(&t);
    must_hash(&t, b, expected, 4 + n);
    transcript_add(&t, span_str(second));
    must_hash(&t, b, expected, 4 + n + strlen(second));

    transcript_restart(&from_digest, b->hash, expected + 4);
    assert_ptr_equal(from_digest.hash, b->hash);
    transcript_add(&from_digest, span_str(second));
    must_hash(&from_digest, b, expected, 4 + n + strlen(second));
}

static void restarted_after_retry(void **state)
{
    (void)state;
    each_hash(restart);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readable_at_any_point),
        cmocka_unit_test(copied_by_assignment),
        cmocka_unit_test(restarted_after_retry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
