/* server_name: offered, read with all the things that are no host name, acknowledged (RFC 6066, 3).
 */
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
    bare_open_for(&b, bare_config(HF_CLIENT), "a.example");
    bare_must_write(&b, ext_server_name_offer, "000c000009612e6578616d706c65");
    bare_close(&b);
    bare_open(&b, bare_config(HF_CLIENT));
    bare_must_write(&b, ext_server_name_offer, NULL);
    bare_close(&b);
}

/* The body for one host name. */
static hf_err read_name(struct bare *b, const char *name)
{
    uint8_t body[600];
    struct wr w = wr_of(body, sizeof body);
    const size_t list = wr_open(&w, 2);
    wr_u8(&w, 0);
    wr_vec(&w, span_str(name), 2);
    wr_close(&w, list, 2);
    uint8_t *copy = arena_copy(&b->hs->arena, span_of(body, w.len));
    assert_non_null(copy);
    b->hs->s.offer.server_name = span_of(NULL, 0);
    (void)ext_server_name_read(b->hs, span_of(copy, w.len), &b->hs->s.offer);
    return bare_error(b);
}

static void names(void **state)
{
    (void)state;
    static char longest[] = "0123456789012345678901234567890123456789012345678901234567890123456789"
                            "012345678901234567890123456789"
                            "0123456789012345678901234567890123456789012345678901234567890123456789"
                            "012345678901234567890123456789"
                            "01234567890123456789012345678901234567890123456789.example";
    static const char *const good[] = {
        "a", "a.example", "A.Example", "x--y_z.example", "xn--bcher-kva.example", "1.2.3.example"};
    static const char *const bad[] = {"a.",  ".a",  "a..b",      "a b",  "b\303\274cher",
                                      "a/b", "::1", "*.example", "a:443"};
    static const char *const addresses[] = {"192.0.2.1", "1.2.3.4", "1"};
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(read_name(&b, good[i]), HF_E_NONE);
        assert_int_equal(b.hs->s.offer.server_name.len, strlen(good[i]));
        assert_memory_equal(b.hs->s.offer.server_name.data, good[i], strlen(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(read_name(&b, bad[i]), HF_E_SERVER_NAME_INVALID);
    }
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        assert_int_equal(read_name(&b, addresses[i]), HF_E_NONE);
        assert_int_equal(b.hs->s.offer.server_name.len, 0); /* overlooked */
    }
    longest[255] = '\0';
    assert_int_equal(read_name(&b, longest), HF_E_NONE);
    longest[255] = 'e';
    assert_int_equal(read_name(&b, longest), HF_E_SERVER_NAME_INVALID);
    bare_close(&b);
}

static void lists(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    bare_must_be_whole(&b, ext_server_name_read,
                       "00060000036162"
                       "63");
    static const struct {
        const char *body;
        hf_err error;
    } cases[] = {
        {"0000", HF_E_DECODE_EXTENSION},       /* ServerNameList<1..2^16-1> */
        {"0003000000", HF_E_DECODE_EXTENSION}, /* HostName<1..2^16-1> */
        {"0008000001610000"
         "0162",
         HF_E_SERVER_NAME_INVALID},          /* RFC 6066, 3: one of a type */
        {"0004010001ff", HF_E_NONE},         /* another type of name */
        {"0008010001ff00000161", HF_E_NONE}, /* ... beside a host name */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(bare_read(&b, ext_server_name_read, cases[i].body), cases[i].error);
    }
    assert_int_equal(b.hs->s.offer.server_name.len, 1);
    bare_close(&b);
}

static void acknowledged(void **state)
{
    (void)state;
    struct bare b;
    static char name[] = "a.example";
    bare_open(&b, bare_config(HF_SERVER));
    bare_must_write(&b, ext_server_name_answer, NULL);
    b.result.server_name = name;
    bare_must_write(&b, ext_server_name_answer, "");
    b.hs->result->resumed = true; /* RFC 6066, 3: not when resuming a session */
    bare_must_write(&b, ext_server_name_answer, NULL);
    b.hs->result->resumed = false;
    b.result.server_name = NULL;
    bare_close(&b);
    bare_open_for(&b, bare_config(HF_CLIENT), "a.example");
    bare_must_be_whole_answer(&b, ext_server_name_answered, "");
    bare_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offered),
        cmocka_unit_test(names),
        cmocka_unit_test(lists),
        cmocka_unit_test(acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
