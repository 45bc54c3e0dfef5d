/* compress_certificate: offered, read, and the common method (RFC 8879). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/bare.h"

static hf_config *with_methods(hf_role role, const char *names)
{
    hf_config *config = bare_config(role);
    assert_int_equal(hf_config_set_certificate_compression(config, names), HF_OK);
    return config;
}

static void offered(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, with_methods(HF_CLIENT, "brotli,zstd,zlib"));
    bare_must_write(&b, ext_compress_certificate_offer, "06000200030001");
    bare_close(&b);
    bare_open(&b, bare_config(HF_CLIENT));
    bare_must_write(&b, ext_compress_certificate_offer, NULL);
    bare_close(&b);
}

static void read(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    bare_must_be_whole(&b, ext_compress_certificate_read, "0400020003");
    assert_int_equal(bare_read(&b, ext_compress_certificate_read, "0400020003"), HF_E_NONE);
    assert_true(list16_has(b.hs->s.offer.compression, 2) &&
                list16_has(b.hs->s.offer.compression, 3));
    assert_int_equal(bare_read(&b, ext_compress_certificate_read, "00"),
                     HF_E_DECODE_EXTENSION); /* <2..2^8-2> */
    assert_int_equal(bare_read(&b, ext_compress_certificate_read, "03000200"),
                     HF_E_DECODE_EXTENSION);
    bare_close(&b);
}

static void common(void **state)
{
    (void)state;
    static const uint8_t theirs[] = {0, 1, 0x7a, 0x7a, 0, 3};
    static const uint8_t strange[] = {0x7a, 0x7a};
    struct bare b;
    bare_open(&b, with_methods(HF_SERVER, "brotli,zstd,zlib"));
    assert_int_equal(ext_compress_certificate_common(b.hs, span_of(theirs, sizeof theirs)),
                     3); /* our order */
    assert_int_equal(ext_compress_certificate_common(b.hs, span_of(strange, sizeof strange)), 0);
    assert_int_equal(ext_compress_certificate_common(b.hs, span_of(NULL, 0)), 0);
    bare_close(&b);
    bare_open(&b, bare_config(HF_SERVER));
    assert_int_equal(ext_compress_certificate_common(b.hs, span_of(theirs, sizeof theirs)), 0);
    bare_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offered),
        cmocka_unit_test(read),
        cmocka_unit_test(common),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
