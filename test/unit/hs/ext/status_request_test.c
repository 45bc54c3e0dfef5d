/* status_request and signed_certificate_timestamp: asked for, read, and the staple in a
 * CertificateEntry (RFC 6066, 8; RFC 6962, 3.3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/bare.h"

static void offered(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_CLIENT));
    bare_must_write(&b, ext_status_request_offer, "0100000000");
    bare_must_write(&b, ext_sct_offer, "");
    bare_close(&b);
    hf_config *config = bare_config(HF_CLIENT);
    assert_int_equal(hf_config_set_request_status(config, false), HF_OK);
    bare_open(&b, config);
    bare_must_write(&b, ext_status_request_offer, NULL);
    bare_must_write(&b, ext_sct_offer, NULL);
    bare_close(&b);
}

static void read(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    bare_must_be_whole(&b, ext_status_request_read, "0100030001610000");
    bare_must_be_whole(&b, ext_sct_read, "");
    assert_int_equal(bare_read(&b, ext_status_request_read, "02ffff"), HF_E_NONE);
    assert_false(b.hs->s.offer.wants_status); /* another type of status */
    assert_int_equal(bare_read(&b, ext_status_request_read, "0100000000"), HF_E_NONE);
    assert_true(b.hs->s.offer.wants_status);
    assert_int_equal(bare_read(&b, ext_sct_read, ""), HF_E_NONE);
    assert_true(b.hs->s.offer.wants_sct);
    bare_close(&b);
}

static hf_err read_staple(struct bare *b, const uint8_t *body, size_t len, hf_span *response)
{
    const hf_status s = ext_status_request_staple(b->hs, span_of(body, len), response);
    assert_int_equal(s == HF_OK, b->error.code == HF_E_NONE);
    return bare_error(b);
}

static void staple(void **state)
{
    (void)state;
    static const uint8_t other_type[] = {2, 0, 0, 1, 'x'};
    static const uint8_t empty[] = {1, 0, 0, 0};
    struct bare b;
    uint8_t ext[32];
    hf_span response;
    bare_open(&b, bare_config(HF_CLIENT));
    struct wr w = wr_of(ext, sizeof ext);
    ext_status_request_write_staple(&w, span_of("response", 8));
    assert_false(w.bad);
    assert_int_equal(w.len, 16);
    assert_int_equal(read_staple(&b, ext + 4, w.len - 4, &response), HF_E_NONE);
    assert_int_equal(response.len, 8);
    assert_memory_equal(response.data, "response", 8);
    for (size_t len = 0; len < w.len - 4; len++) {
        assert_int_equal(read_staple(&b, ext + 4, len, &response), HF_E_CERTIFICATE_STATUS);
    }
    assert_int_equal(read_staple(&b, other_type, sizeof other_type, &response),
                     HF_E_CERTIFICATE_STATUS);
    assert_int_equal(read_staple(&b, empty, sizeof empty, &response), HF_E_CERTIFICATE_STATUS);
    bare_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offered),
        cmocka_unit_test(read),
        cmocka_unit_test(staple),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
