/* Tables and keys serve many threads at once: more of them than the stash has slots, on the same
 * keys. Under ThreadSanitizer this is the test of the stash and of everything that is made once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>

#include <handfast/crypto.h>

enum { THREAD_COUNT = 12, TURN_COUNT = 6 };

/* Few enough for a test, one of each kind of machinery. */
static const uint16_t group_ids[] = {0x11ec, 0x001d, 0x0017, 0x0100};

static hf_private_key *priv;
static hf_public_key *pub;
static atomic_bool failed;

/* From the heap: gcc's AddressSanitizer gives threads' locals less alignment than they ask for. */
static void *aligned(size_t size)
{
    return aligned_alloc(64, (size + 63) / 64 * 64);
}

static bool exchange(const hf_provider *provider, const hf_group *group)
{
    void *state = aligned(group->private_size);
    uint8_t client[HF_GROUP_MAX_SHARE_LEN];
    uint8_t server[HF_GROUP_MAX_SHARE_LEN];
    uint8_t ours[HF_GROUP_MAX_SECRET_LEN];
    uint8_t theirs[HF_GROUP_MAX_SECRET_LEN];
    const bool done =
        state != NULL && group->generate(provider->random, NULL, state, client) &&
        group->encap(provider->random, NULL, client, group->client_share_len, server, theirs) &&
        group->decap(state, server, group->server_share_len, ours) &&
        memcmp(ours, theirs, group->secret_len) == 0;
    group->clear(state);
    free(state);
    return done;
}

static bool sign_and_verify(const hf_provider *provider)
{
    static const uint8_t message[] = "message";
    uint8_t sig[HF_SIGNATURE_MAX_LEN];
    size_t len = sizeof sig;
    return provider->sign(priv, 0x0403, (hf_span){message, sizeof message}, sig, &len) &&
           provider->verify(pub, 0x0403, (hf_span){message, sizeof message}, (hf_span){sig, len});
}

static bool seal_and_open(const hf_provider *provider)
{
    uint8_t record[100] = {1};
    const uint8_t key[HF_AEAD_MAX_KEY_LEN] = {2};
    const uint8_t nonce[HF_AEAD_NONCE_LEN] = {3};
    const hf_aead *aead = provider->aes128gcm;
    void *ctx = aligned(aead->ctx_size);
    const bool done =
        ctx != NULL && aead->init(ctx, key) &&
        aead->seal(ctx, nonce, (hf_span){nonce, 5}, record, record, 84, (hf_span){NULL, 0}) &&
        aead->open(ctx, nonce, (hf_span){nonce, 5}, record, sizeof record);
    aead->clear(ctx);
    free(ctx);
    return done;
}

static void *work(void *arg)
{
    (void)arg;
    const hf_provider *provider = hf_provider_default();
    for (int turn = 0; turn < TURN_COUNT; turn++) {
        for (size_t i = 0; i < sizeof group_ids / sizeof group_ids[0]; i++) {
            if (!exchange(provider, hf_provider_group(provider, group_ids[i]))) {
                failed = true;
            }
        }
        if (!sign_and_verify(provider) || !seal_and_open(provider)) {
            failed = true;
        }
    }
    return NULL;
}

/* Nothing of libcrypto's arithmetic is touched before the threads start, so that they race to
 * make what is made once; only the key pair, which all share, is there. */
static void test_threads(void **state)
{
    (void)state;
    const hf_provider *provider = hf_provider_default();
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    uint8_t *der = NULL;
    uint8_t *spki = NULL;
    const int der_len = i2d_PrivateKey(key, &der);
    const int spki_len = i2d_PUBKEY(key, &spki);
    assert_int_equal(provider->private_key_load((hf_span){der, (size_t)der_len}, NULL, NULL, &priv),
                     HF_KEY_LOAD_OK);
    pub = provider->public_key_import((hf_span){spki, (size_t)spki_len});
    assert_non_null(pub);
    pthread_t threads[THREAD_COUNT];
    for (size_t i = 0; i < THREAD_COUNT; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    }
    for (size_t i = 0; i < THREAD_COUNT; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_false(failed);
    provider->private_key_free(priv);
    provider->public_key_free(pub);
    OPENSSL_free(der);
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
