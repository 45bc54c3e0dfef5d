/* Imported pre-shared keys against values that were computed apart (test/vector/rfc9258.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/span.h"
#include "crypto/import.h"
#include "support/hex.h"

struct vector {
    const char *hash, *epsk, *external_identity, *context, *target, *identity, *key;
};

static const struct vector vectors[] = {
#define X(hash, epsk, external_identity, context, target, identity, key)                           \
    {#hash, epsk, external_identity, context, #target, identity, key},
#include "vector/rfc9258.inc"
#undef X
};

static const hf_hash *hash_of(const char *name)
{
    const hf_provider *p = hf_provider_default();
    return strcmp(name, "sha384") == 0 ? p->sha384 : p->sha256;
}

static void keys_are_those_of_the_rfc(void **state)
{
    (void)state;
    size_t count = 0;
    for (; count < sizeof vectors / sizeof vectors[0]; count++) {
        const struct vector *v = &vectors[count];
        const struct hex epsk = hex(v->epsk);
        const struct hex external = hex(v->external_identity);
        const struct hex context = hex(v->context);
        const struct hex identity = hex(v->identity);
        const struct hex key = hex(v->key);
        const struct import_identity import = {.external_identity = hex_span(&external),
                                               .context = hex_span(&context),
                                               .target = hash_of(v->target)};
        uint8_t written[sizeof identity.bytes];
        assert_int_equal(import_identity_len(&import), identity.len);
        import_identity_write(&import, written);
        assert_memory_equal(written, identity.bytes, identity.len);
        struct secret got;
        import_key(hash_of(v->hash), hex_span(&epsk), hex_span(&identity), import.target, &got);
        assert_int_equal(got.len, key.len);
        assert_memory_equal(got.b, key.bytes, key.len);
    }
    assert_int_equal(count, 36);
}

static void what_cannot_be_sent_is_told(void **state)
{
    (void)state;
    static uint8_t bytes[65535];
    struct import_identity import = {.external_identity = span_of(bytes, sizeof bytes - 8),
                                     .target = hash_of("sha256")};
    assert_int_equal(import_identity_len(&import), UINT16_MAX);
    import.context = span_of(bytes, 1);
    assert_true(import_identity_len(&import) > UINT16_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_those_of_the_rfc),
        cmocka_unit_test(what_cannot_be_sent_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
