/* The key schedule where RFC 8448 does not reach: its constants, the stages with and without a
 * pre-shared key and with SHA-384, watched and not, traffic updates and exporters. The traces
 * themselves are in test/vector/rfc8448_*.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "crypto/hkdf.h"
#include "crypto/schedule13.h"
#include "support/hex.h"

static const struct tracer silent;
static const uint8_t zeros[HF_HASH_MAX_LEN];

/* --- RFC 9846, 7.1, written down once more in the plainest way -------------------------------- */

struct plain {
    const hf_hash *hash;
    struct secret secret;
};

static void plain_label(const struct plain *s, const char *label, hf_span context,
                        struct secret *out)
{
    struct hmac_key key;
    hmac_key_init(&key, s->hash, secret_span(&s->secret));
    out->len = s->hash->digest_len;
    assert_true(hkdf_expand_label(&key, label, context, out->b, out->len));
}

static void plain_next(struct plain *s, hf_span ikm)
{
    uint8_t nothing[HF_HASH_MAX_LEN];
    hf_hash_ctx ctx;
    struct secret salt;
    s->hash->init(&ctx);
    s->hash->final(&ctx, nothing);
    plain_label(s, "derived", span_of(nothing, s->hash->digest_len), &salt);
    hkdf_extract(s->hash, secret_span(&salt),
                 ikm.len > 0 ? ikm : span_of(zeros, s->hash->digest_len), &s->secret);
}

static void plain_start(struct plain *s, const hf_hash *hash, hf_span psk)
{
    s->hash = hash;
    hkdf_extract(hash, span_of(zeros, hash->digest_len),
                 psk.len > 0 ? psk : span_of(zeros, hash->digest_len), &s->secret);
}

/* --- Both, side by side ----------------------------------------------------------------------- */

static void must_agree(const struct sched13 *ours, const struct plain *plain, const char *label)
{
    uint8_t digest[HF_HASH_MAX_LEN];
    struct secret a;
    struct secret b;
    memset(digest, 0x5a, sizeof digest);
    const hf_span context = span_of(digest, plain->hash->digest_len);
    sched13_derive(ours, label, context, "", &a);
    plain_label(plain, label, context, &b);
    assert_int_equal(a.len, plain->hash->digest_len);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.b, b.b, b.len);
}

static void run(const hf_hash *hash, hf_span psk, hf_span shared, const struct tracer *tr)
{
    struct sched13 ours;
    struct plain plain;
    sched13_start(&ours, hash, psk, tr);
    plain_start(&plain, hash, psk);
    assert_int_equal(ours.stage, SCHED13_EARLY);
    if (psk.len > 0) {
        must_agree(&ours, &plain, "ext binder");
    }
    sched13_to_handshake(&ours, shared);
    plain_next(&plain, shared);
    assert_int_equal(ours.stage, SCHED13_HANDSHAKE);
    must_agree(&ours, &plain, "c hs traffic");
    must_agree(&ours, &plain, "s hs traffic");
    sched13_to_main(&ours);
    plain_next(&plain, span_of(NULL, 0));
    assert_int_equal(ours.stage, SCHED13_MAIN);
    must_agree(&ours, &plain, "c ap traffic");
    must_agree(&ours, &plain, "exp master");
    sched13_wipe(&ours);
    static const struct sched13 nothing;
    assert_memory_equal(&ours, &nothing, sizeof ours);
}

static void ignore(void *ctx, const hf_event *event)
{
    size_t *steps = ctx;
    assert_int_equal(event->kind, HF_EV_KEY_STEP);
    (*steps)++;
}

/* With and without a key, with and without (EC)DHE, watched and not, both hashes. */
static void every_way(void **state)
{
    (void)state;
    const hf_provider *p = hf_provider_default();
    const hf_hash *hashes[] = {p->sha256, p->sha384};
    const hf_span psks[] = {{NULL, 0}, span_of("a pre-shared key", 16)};
    const hf_span shares[] = {{NULL, 0}, span_of("a shared secret of some length", 30)};
    size_t steps = 0;
    const hf_trace trace = {.wanted = HF_EV_BIT(HF_EV_KEY_STEP), .event = ignore, .ctx = &steps};
    struct tracer watched;
    tracer_init(&watched, &trace, NULL, HF_CLIENT);
    for (size_t i = 0; i < 8; i++) {
        run(hashes[i & 1], psks[i >> 1 & 1], shares[i >> 2], &silent);
        run(hashes[i & 1], psks[i >> 1 & 1], shares[i >> 2], &watched);
    }
    assert_true(steps > 0);
}

/* The constant in schedule13.c, and the one that SHA-384 does without. RFC 8448, 3 shows the
 * first. */
static void constants(void **state)
{
    (void)state;
    const struct hex derived =
        hex("6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba");
    struct plain plain;
    uint8_t nothing[HF_HASH_MAX_LEN];
    hf_hash_ctx ctx;
    struct secret salt;
    plain_start(&plain, hf_provider_default()->sha256, span_of(NULL, 0));
    plain.hash->init(&ctx);
    plain.hash->final(&ctx, nothing);
    plain_label(&plain, "derived", span_of(nothing, 32), &salt);
    assert_memory_equal(salt.b, derived.bytes, 32);
}

/* --- From traffic secrets --------------------------------------------------------------------- */

static void make_secret(struct secret *s, const hf_hash *hash)
{
    s->len = hash->digest_len;
    for (size_t i = 0; i < s->len; i++) {
        s->b[i] = (uint8_t)(i + 1);
    }
}

static void keys_for_every_suite(void **state)
{
    (void)state;
    const hf_provider *p = hf_provider_default();
    const struct {
        const hf_hash *hash;
        const hf_aead *aead;
    } suites[] = {
        {p->sha256, p->aes128gcm}, {p->sha384, p->aes256gcm}, {p->sha256, p->chacha20poly1305}};
    for (size_t i = 0; i < 3; i++) {
        struct plain plain = {.hash = suites[i].hash};
        struct hmac_key k;
        uint8_t key[HF_AEAD_MAX_KEY_LEN + 1];
        uint8_t iv[HF_AEAD_NONCE_LEN];
        uint8_t expected[HF_AEAD_MAX_KEY_LEN];
        memset(key, 0xee, sizeof key);
        make_secret(&plain.secret, plain.hash);
        traffic_keys(plain.hash, &plain.secret, suites[i].aead, &silent, key, iv);
        hmac_key_init(&k, plain.hash, secret_span(&plain.secret));
        assert_true(
            hkdf_expand_label(&k, "key", span_of(NULL, 0), expected, suites[i].aead->key_len));
        assert_memory_equal(key, expected, suites[i].aead->key_len);
        assert_int_equal(key[suites[i].aead->key_len], 0xee);
        assert_true(hkdf_expand_label(&k, "iv", span_of(NULL, 0), expected, HF_AEAD_NONCE_LEN));
        assert_memory_equal(iv, expected, HF_AEAD_NONCE_LEN);
    }
}

static void updates(void **state)
{
    (void)state;
    const hf_hash *hashes[] = {hf_provider_default()->sha256, hf_provider_default()->sha384};
    for (size_t i = 0; i < 2; i++) {
        struct plain plain = {.hash = hashes[i]};
        struct secret ours;
        make_secret(&plain.secret, plain.hash);
        ours = plain.secret;
        for (int generation = 0; generation < 3; generation++) {
            struct secret next;
            plain_label(&plain, "traffic upd", span_of(NULL, 0), &next);
            plain.secret = next;
            traffic_update(plain.hash, &ours, &silent);
            assert_int_equal(ours.len, next.len);
            assert_memory_equal(ours.b, next.b, next.len);
        }
    }
}

/* RFC 9846, 7.5: Derive-Secret(Secret, label, "") and then "exporter" over the hashed context. */
static void exporters(void **state)
{
    (void)state;
    const hf_hash *hash = hf_provider_default()->sha384;
    struct plain plain = {.hash = hash};
    uint8_t nothing[HF_HASH_MAX_LEN];
    uint8_t hashed[HF_HASH_MAX_LEN];
    uint8_t ours[100];
    uint8_t theirs[100];
    hf_hash_ctx ctx;
    struct secret derived;
    struct hmac_key k;
    hash->init(&ctx);
    hash->final(&ctx, nothing);
    hash->init(&ctx);
    hash->update(&ctx, (const uint8_t *)"context", 7);
    hash->final(&ctx, hashed);
    make_secret(&plain.secret, hash);
    plain_label(&plain, "EXPORTER-test", span_of(nothing, 48), &derived);
    hmac_key_init(&k, hash, secret_span(&derived));
    assert_true(hkdf_expand_label(&k, "exporter", span_of(hashed, 48), theirs, sizeof theirs));
    assert_true(exporter_compute(hash, &plain.secret, "EXPORTER-test", span_of("context", 7), ours,
                                 sizeof ours));
    assert_memory_equal(ours, theirs, sizeof ours);

    assert_true(exporter_compute(hash, &plain.secret, "EXPORTER-test", span_of(NULL, 0), theirs,
                                 sizeof theirs));
    assert_memory_not_equal(ours, theirs, sizeof ours);
}

static void exporter_limits(void **state)
{
    (void)state;
    const hf_hash *hash = hf_provider_default()->sha256;
    static uint8_t out[255 * 32 + 1];
    char label[251];
    struct secret secret;
    make_secret(&secret, hash);
    memset(label, 'l', sizeof label);
    label[250] = '\0';
    assert_false(exporter_compute(hash, &secret, label, span_of(NULL, 0), out, 32));
    assert_false(exporter_compute(hash, &secret, "l", span_of(NULL, 0), out, sizeof out));
    label[249] = '\0';
    assert_true(exporter_compute(hash, &secret, label, span_of(NULL, 0), out, sizeof out - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way),
        cmocka_unit_test(constants),
        cmocka_unit_test(keys_for_every_suite),
        cmocka_unit_test(updates),
        cmocka_unit_test(exporters),
        cmocka_unit_test(exporter_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
