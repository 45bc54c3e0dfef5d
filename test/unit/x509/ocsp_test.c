/* OCSP responses as bytes: what is read, and that everything malformed is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/revoke.h"
#include "x509/ocsp.h"

#define BYTES(...)                                                                                 \
    ((hf_span){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

static struct pki *p;

static int setup(void **state)
{
    (void)state;
    p = pki_simple(PKI_P256, "a.example");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_free(p);
    return 0;
}

static void test_read(void **state)
{
    (void)state;
    const hf_span der = revoke_ocsp(&(struct revoke_ocsp_spec){.subject = p->leaf,
                                                               .issuer = p->intermediate,
                                                               .status = REVOKE_REVOKED,
                                                               .reason = 1,
                                                               .also = p->intermediate});
    struct x5_ocsp o;
    assert_true(x5_ocsp_read(der, &o));
    assert_int_equal(o.status, X5_OCSP_SUCCESSFUL);
    assert_true(o.responder_name.len > 0);
    assert_int_equal(o.responder_key_id.len, 0);
    assert_int_equal(o.certificates.len, 0);
    struct der list = x5_der_over(o.answers);
    struct x5_ocsp_answer a;
    assert_true(x5_ocsp_next(&list, &a));
    assert_int_equal(a.status, X5_STATUS_REVOKED);
    assert_int_equal(a.reason, 1);
    assert_int_equal(a.revoked_s, PKI_NOW - 3 * PKI_DAY);
    assert_int_equal(a.this_s, PKI_NOW - 3600);
    assert_true(a.has_next);
    assert_int_equal(a.next_s, PKI_NOW + PKI_DAY);
    assert_int_equal(a.issuer_name_hash.len, 20);
    assert_true(x5_ocsp_next(&list, &a));
    assert_int_equal(a.status, X5_STATUS_GOOD);
    assert_false(x5_ocsp_next(&list, &a));
    revoke_free(der);
}

static bool is_error(hf_span der, uint32_t *status)
{
    struct x5_ocsp o;
    const bool read = x5_ocsp_read(der, &o);
    *status = o.status;
    return read;
}

static void test_errors(void **state)
{
    (void)state;
    uint32_t status;
    assert_true(is_error(BYTES(0x30, 0x03, 0x0a, 0x01, 0x03), &status));
    assert_int_equal(status, 3);
    assert_string_equal(x5_ocsp_status_name(3), "tryLater");
    assert_string_equal(x5_ocsp_status_name(4), "an error");
    assert_string_equal(x5_ocsp_status_name(99), "an error");
    const hf_span bad[] = {
        {NULL, 0},
        BYTES(0x30, 0x00),
        BYTES(0x30, 0x03, 0x0a, 0x01, 0x00),             /* success without a response */
        BYTES(0x30, 0x03, 0x0a, 0x01, 0x07),             /* no such status */
        BYTES(0x30, 0x03, 0x0a, 0x01, 0x83),             /* negative */
        BYTES(0x30, 0x04, 0x0a, 0x02, 0x00, 0x03),       /* not minimal */
        BYTES(0x30, 0x03, 0x02, 0x01, 0x03),             /* INTEGER */
        BYTES(0x30, 0x02, 0x0a, 0x00),                   /* empty */
        BYTES(0x30, 0x03, 0x0a, 0x01, 0x03, 0x00),       /* trailing */
        BYTES(0x30, 0x05, 0x0a, 0x01, 0x03, 0x05, 0x00), /* trailing inside */
        BYTES(0x30, 0x81, 0x03, 0x0a, 0x01, 0x03),       /* length not minimal */
        BYTES(0x30, 0x80, 0x0a, 0x01, 0x03, 0x00, 0x00), /* indefinite */
        BYTES(0x31, 0x03, 0x0a, 0x01, 0x03),             /* SET */
        BYTES(0x30, 0x84, 0x00, 0x00, 0x00, 0x03, 0x0a, 0x01, 0x03), /* leading zeros */
        BYTES(0x30, 0x83, 0xff, 0xff, 0xff, 0x0a, 0x01, 0x03),       /* larger than the bytes */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(is_error(bad[i], &status));
        assert_int_equal(status, 0);
    }
}

/* Every header that is there, made longer, shorter, or another type, breaks it; so does every cut.
 * The bytes are copied to the end of a block of their own, where the sanitizers watch. */
static void test_malformed(void **state)
{
    (void)state;
    const hf_span der = revoke_ocsp(&(struct revoke_ocsp_spec){
        .subject = p->leaf, .issuer = p->intermediate, .responder = p->leaf});
    struct x5_ocsp o;
    assert_true(x5_ocsp_read(der, &o));
    assert_true(o.certificates.len > 0);
    for (size_t len = 0; len < der.len; len++) {
        uint8_t *cut = malloc(len + (len == 0));
        assert_non_null(cut);
        if (len > 0) {
            memcpy(cut, der.data, len);
        }
        assert_false(x5_ocsp_read(span_of(cut, len), &o));
        free(cut);
    }
    uint8_t *bytes = malloc(der.len + 1);
    assert_non_null(bytes);
    memcpy(bytes, der.data, der.len);
    bytes[der.len] = 0;
    assert_false(x5_ocsp_read(span_of(bytes, der.len + 1), &o));
    for (size_t i = 0; i < der.len; i++) {
        static const uint8_t others[] = {0x00, 0x01, 0x7f, 0x80, 0x84, 0xff};
        for (size_t k = 0; k < sizeof others; k++) {
            bytes[i] = others[k];
            if (x5_ocsp_read(span_of(bytes, der.len), &o)) {
                /* Then it was the content of a primitive type: all spans still lie inside. */
                assert_true(o.tbs.len <= der.len && o.signature.len <= der.len);
            }
        }
        bytes[i] = der.data[i];
    }
    free(bytes);
    revoke_free(der);
}

/* Nothing recurses: depth is only length. */
static void test_deep(void **state)
{
    (void)state;
    enum { DEPTH = 30000 };
    uint8_t *bytes = malloc((size_t)DEPTH * 4);
    assert_non_null(bytes);
    for (size_t i = 0; i < DEPTH; i++) {
        const size_t left = (DEPTH - i - 1) * 4;
        bytes[i * 4] = 0x30;
        bytes[i * 4 + 1] = 0x82;
        bytes[i * 4 + 2] = (uint8_t)(left >> 8);
        bytes[i * 4 + 3] = (uint8_t)left;
    }
    uint32_t status;
    assert_false(is_error(span_of(bytes, (size_t)DEPTH * 4), &status));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_deep),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
