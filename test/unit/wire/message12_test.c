/* Messages of TLS 1.2: read whole, refused at every truncation and with every byte too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "wire/message12.h"

static hf_error error;

/* One message in one form, so that all are tried in the same way. */
typedef hf_status parse_fn(hf_span body);

static hf_status ecdhe(hf_span body)
{
    struct server_key_exchange m;
    return server_key_exchange_ecdhe_parse(body, &error, &m);
}

static hf_status dhe(hf_span body)
{
    struct server_key_exchange m;
    return server_key_exchange_dhe_parse(body, &error, &m);
}

static hf_status point(hf_span body)
{
    hf_span m;
    return client_key_exchange_parse(body, 1, &error, &m);
}

static hf_status value(hf_span body)
{
    hf_span m;
    return client_key_exchange_parse(body, 2, &error, &m);
}

static hf_status chain(hf_span body)
{
    hf_span list = {NULL, 0};
    if (certificate12_parse(body, &error, &list) != HF_OK) {
        return HF_FAILED;
    }
    struct rd r = rd_of(list);
    hf_span one = {NULL, 0};
    while (rd_left(&r) > 0) {
        if (certificate12_next(&r, &error, &one) != HF_OK) {
            return HF_FAILED;
        }
    }
    return HF_OK;
}

static hf_status status(hf_span body)
{
    hf_span m;
    return certificate_status_parse(body, &error, &m);
}

static hf_status request(hf_span body)
{
    struct certificate_request12 m;
    return certificate_request12_parse(body, &error, &m);
}

static hf_status ticket(hf_span body)
{
    struct new_session_ticket12 m;
    return new_session_ticket12_parse(body, &error, &m);
}

struct sample {
    const char *name;
    parse_fn *parse;
    hf_span body;
};
#define BODY(bytes)                                                                                \
    {                                                                                              \
        (const uint8_t *)(bytes), sizeof(bytes) - 1                                                \
    }

static const struct sample samples[] = {
    {"ServerKeyExchange with a curve", ecdhe, BODY("\3\0\x1d\3abc\4\3\0\2sg")},
    {"ServerKeyExchange with a field", dhe, BODY("\0\2pp\0\1\2\0\2yy\4\1\0\2sg")},
    {"ClientKeyExchange with a point", point, BODY("\3abc")},
    {"ClientKeyExchange with a value", value, BODY("\0\3abc")},
    {"Certificate", chain, BODY("\0\0\11\0\0\2aa\0\0\1b")},
    {"CertificateStatus", status, BODY("\1\0\0\2ok")},
    {"CertificateRequest", request, BODY("\2\100\1\0\4\4\3\10\4\0\4\0\2ca")},
    {"NewSessionTicket", ticket, BODY("\0\0\16\20\0\4tick")},
};

static void whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        uint8_t longer[64] = {0};
        const struct sample *s = &samples[i];
        error = (hf_error){0};
        if (s->parse(s->body) != HF_OK) {
            fail_msg("%s: %s", s->name, error.detail);
        }
        for (size_t len = 0; len < s->body.len; len++) {
            error = (hf_error){0};
            if (s->parse(span_of(s->body.data, len)) != HF_FAILED) {
                fail_msg("%s of %zu bytes", s->name, len);
            }
            assert_true(error.code == HF_E_DECODE || error.code == HF_E_CURVE_TYPE);
        }
        memcpy(longer, s->body.data, s->body.len);
        error = (hf_error){0};
        assert_int_equal(s->parse(span_of(longer, s->body.len + 1)), HF_FAILED);
        assert_int_equal(error.code, HF_E_DECODE);
    }
}

static void what_is_read(void **state)
{
    (void)state;
    struct server_key_exchange m;
    error = (hf_error){0};
    const hf_span curve = samples[0].body;
    assert_int_equal(server_key_exchange_ecdhe_parse(curve, &error, &m), HF_OK);
    assert_int_equal(m.group, 0x1d);
    assert_true(span_eq(m.share, span_str("abc")));
    assert_true(span_eq(m.params, span_of(curve.data, 7)));
    assert_int_equal(m.algorithm, 0x0403);
    assert_true(span_eq(m.signature, span_str("sg")));
    const hf_span field = samples[1].body;
    assert_int_equal(server_key_exchange_dhe_parse(field, &error, &m), HF_OK);
    assert_true(span_eq(m.p, span_str("pp")) && span_eq(m.share, span_str("yy")));
    assert_true(span_eq(m.g, span_of("\2", 1)));
    assert_true(span_eq(m.params, span_of(field.data, 11)));
    struct certificate_request12 asked;
    assert_int_equal(certificate_request12_parse(samples[6].body, &error, &asked), HF_OK);
    assert_true(span_eq(asked.types, span_of("\100\1", 2)));
    assert_int_equal(list16_at(asked.schemes, 1), 0x0804);
    assert_int_equal(asked.authorities.len, 4);
}

static void what_is_refused(void **state)
{
    (void)state;
    error = (hf_error){0};
    assert_int_equal(ecdhe(span_of("\1\0\x1d\3abc\4\3\0\2sg", 13)), HF_FAILED);
    assert_int_equal(error.code, HF_E_CURVE_TYPE);
    error = (hf_error){0};
    assert_int_equal(status(span_of("\2\0\0\2ok", 6)), HF_FAILED);
    assert_int_equal(error.code, HF_E_CERTIFICATE_STATUS);
    error = (hf_error){0};
    assert_int_equal(chain(span_of("\0\0\3\0\0\0", 6)), HF_FAILED); /* an empty certificate */
    assert_int_equal(error.code, HF_E_DECODE);
    error = (hf_error){0};
    assert_int_equal(request(span_of("\1\1\0\2\4\3\0\2\0\0", 10)), HF_FAILED); /* an empty name */
    assert_int_equal(error.code, HF_E_DECODE);
    error = (hf_error){0};
    assert_int_equal(message_empty_parse(span_of("x", 1), "ServerHelloDone", &error), HF_FAILED);
    assert_int_equal(error.code, HF_E_DECODE);
    assert_int_equal(message_empty_parse(span_of(NULL, 0), "ServerHelloDone", &error), HF_OK);
    assert_int_equal(ticket(span_of("\0\0\0\0\0\0", 6)), HF_OK); /* RFC 5077, 3.3: none after all */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_or_not_at_all),
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
