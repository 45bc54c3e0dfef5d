/* certificate_authorities: read, and written from trust anchors (RFC 9846, 4.3.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/bare.h"

#include "support/hex.h"
#include "support/pki.h"

static hf_err read_names(struct bare *b, const char *body, hf_span **names, size_t *count)
{
    const struct hex bytes = hex(body);
    uint8_t *copy = arena_copy(&b->hs->arena, hex_span(&bytes));
    const hf_status s =
        ext_certificate_authorities_read(b->hs, span_of(copy, bytes.len), 2, names, count);
    assert_int_equal(s == HF_OK, b->error.code == HF_E_NONE);
    return bare_error(b);
}

static void read(void **state)
{
    (void)state;
    static const char *const malformed[] = {
        "",
        "00",
        "0000",       /* <3..2^16-1> */
        "00020000",   /* DistinguishedName<1..2^16-1> */
        "00040002ab", /* shorter than it says */
        "0003000200",
        "0003000161ff",     /* a name beyond the list; a byte behind it */
        "0005000161000261", /* the second name is cut */
    };
    struct bare b;
    hf_span *names = NULL;
    size_t count = 0;
    bare_open(&b, bare_config(HF_CLIENT));
    assert_int_equal(read_names(&b, "000700016100026263", &names, &count), HF_E_NONE);
    assert_int_equal(count, 2);
    assert_int_equal(names[0].len, 1);
    assert_memory_equal(names[1].data, "bc", 2);
    /* No more than wanted, but all of them read. */
    assert_int_equal(read_names(&b, "0009000161000162000163", &names, &count), HF_E_NONE);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        assert_int_equal(read_names(&b, malformed[i], &names, &count), HF_E_DECODE_EXTENSION);
    }
    bare_close(&b);
}

/* What one end writes the other reads. */
static void round_trip(void **state)
{
    (void)state;
    struct bare b;
    hf_error error = {0};
    uint8_t ext[512];
    hf_span *names = NULL;
    size_t count = 0;
    struct pki_cert *one = pki_make(&(struct pki_spec){.common_name = "One", .ca = true});
    struct pki_cert *two = pki_make(&(struct pki_spec){.common_name = "Number two", .ca = true});
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    assert_int_equal(hf_trust_add(trust, one->der, &error), HF_OK);
    assert_int_equal(hf_trust_add(trust, two->der, &error), HF_OK);
    bare_open(&b, bare_config(HF_CLIENT));
    struct wr w = wr_of(ext, sizeof ext);
    hf_config *server = hf_config_new(HF_SERVER, NULL);
    hf_trust_store *store = hf_trust_store_new(trust);
    assert_int_equal(hf_config_set_trust(server, store), HF_OK);
    struct ext_authorities named = ext_authorities_of(server, UINT16_MAX);
    ext_authorities_write(&w, &named);
    assert_false(w.bad);
    assert_int_equal(w.len, 2 + named.len);
    assert_int_equal(
        ext_certificate_authorities_read(b.hs, span_of(ext, w.len), SIZE_MAX, &names, &count),
        HF_OK);
    /* Names that would not fit are not sent, none of them. */
    struct ext_authorities fitting = ext_authorities_of(server, named.len);
    assert_int_equal(fitting.len, named.len);
    struct ext_authorities too_many = ext_authorities_of(server, named.len - 1);
    assert_int_equal(too_many.len, 0);
    assert_null(too_many.trust);
    ext_authorities_free(&too_many);
    ext_authorities_free(&fitting);
    ext_authorities_free(&named);
    hf_trust_store_free(store);
    hf_config_free(server);
    assert_int_equal(count, hf_trust_count(trust));
    for (size_t i = 0; i < count; i++) {
        assert_true(span_eq(names[i], hf_trust_subject(trust, i)));
    }
    bare_close(&b);
    hf_trust_free(trust);
    pki_cert_free(one);
    pki_cert_free(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read),
        cmocka_unit_test(round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
