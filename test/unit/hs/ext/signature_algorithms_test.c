/* signature_algorithms and signature_algorithms_cert: offered and read (RFC 9846, 4.3.3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/bare.h"

static hf_config *with_schemes(const char *schemes, const char *cert_schemes)
{
    hf_config *config = bare_config(HF_CLIENT);
    assert_int_equal(hf_config_set_signature_algorithms(config, schemes), HF_OK);
    assert_int_equal(hf_config_set_signature_algorithms_cert(config, cert_schemes), HF_OK);
    return config;
}

static void offered(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, with_schemes("ed25519,ecdsa_secp256r1_sha256", ""));
    bare_must_write(&b, ext_signature_algorithms_offer, "000408070403");
    bare_must_write(&b, ext_signature_algorithms_cert_offer, NULL);
    b.hs->c.grease[5] = 0x1a1a;
    bare_must_write(&b, ext_signature_algorithms_offer, "00061a1a08070403");
    bare_close(&b);
    bare_open(&b, with_schemes("ed25519", "rsa_pkcs1_sha256"));
    bare_must_write(&b, ext_signature_algorithms_cert_offer, "00020401");
    bare_close(&b);
}

static void read(void **state)
{
    (void)state;
    static const struct {
        bare_read_fn *read;
        size_t at;
    } both[] = {{ext_signature_algorithms_read, offsetof(struct hs_offer, schemes)},
                {ext_signature_algorithms_cert_read, offsetof(struct hs_offer, cert_schemes)}};
    for (size_t i = 0; i < 2; i++) {
        struct bare b;
        bare_open(&b, bare_config(HF_SERVER));
        bare_must_be_whole(&b, both[i].read, "000408070403");
        assert_int_equal(bare_read(&b, both[i].read, "000408070403"), HF_E_NONE);
        hf_span list;
        memcpy(&list, (const uint8_t *)&b.hs->s.offer + both[i].at, sizeof list);
        assert_int_equal(list.len, 4);
        assert_int_equal(list16_at(list, 1), 0x0403);
        assert_int_equal(bare_read(&b, both[i].read, "0000"), HF_E_DECODE_EXTENSION);
        assert_int_equal(bare_read(&b, both[i].read, "0003080704"), HF_E_DECODE_EXTENSION);
        bare_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offered),
        cmocka_unit_test(read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
