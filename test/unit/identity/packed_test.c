#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "identity/compress.h"
#include "identity/packed.h"
#include "support/pair.h"

static const uint8_t bytes[] = "compressed";

static hf_span all(void)
{
    return (hf_span){bytes, sizeof bytes};
}

static void variants_are_all_different(void **state)
{
    (void)state;
    bool seen[PACKED_VARIANTS] = {false};
    for (int method = CERT_ZLIB; method <= CERT_ZSTD; method++) {
        for (int flags = 0; flags < 4; flags++) {
            size_t v = packed_variant((uint16_t)method, (flags & 2) != 0, (flags & 1) != 0);
            assert_in_range(v, 0, PACKED_VARIANTS - 1);
            assert_false(seen[v]);
            seen[v] = true;
        }
    }
}

static void the_first_is_kept(void **state)
{
    (void)state;
    struct pki *pki = pki_simple(PKI_P256, "server.example");
    hf_identity *identity = pair_identity(pki);
    assert_null(packed_find(identity, 3));
    struct packed *first = packed_new(100, all());
    assert_ptr_equal(packed_keep(identity, 3, first), first);
    assert_ptr_equal(packed_find(identity, 3), first);
    assert_null(packed_find(identity, 2));
    /* The second is freed, which LeakSanitizer sees. */
    assert_ptr_equal(packed_keep(identity, 3, packed_new(100, all())), first);
    assert_int_equal(first->plain_len, 100);
    assert_int_equal(first->len, sizeof bytes);
    assert_memory_equal(first->data, bytes, sizeof bytes);
    hf_identity_free(identity);
    pki_free(pki);
}

static void *keep_every_variant(void *identity)
{
    for (size_t v = 0; v < PACKED_VARIANTS; v++) {
        const struct packed *kept = packed_keep(identity, v, packed_new(v, all()));
        if (kept->plain_len != v || packed_find(identity, v) != kept) {
            return identity;
        }
    }
    return NULL;
}

static void threads_agree(void **state)
{
    (void)state;
    struct pki *pki = pki_simple(PKI_P256, "server.example");
    hf_identity *identity = pair_identity(pki);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, keep_every_variant, identity), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    hf_identity_free(identity);
    pki_free(pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variants_are_all_different),
        cmocka_unit_test(the_first_is_kept),
        cmocka_unit_test(threads_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
