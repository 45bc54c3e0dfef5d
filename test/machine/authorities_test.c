/* Whom a server names in certificate_authorities: its anchors, a list of its own, or nobody (RFC
 * 9846, 4.3.4; RFC 5246, 7.4.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/span.h"
#include "support/run.h"

static struct run run;

static int drop_run(void **state)
{
    (void)state;
    run_clear(&run);
    return 0;
}

static void set(hf_status status)
{
    assert_int_equal(status, HF_OK);
}

static const enum run_kind kinds[] = {RUN_MUTUAL, RUN_POST_AUTH, RUN_12_MUTUAL};
enum { KINDS = sizeof kinds / sizeof kinds[0], NAMES_MAX = 4 };

/* What the client hears when it is asked for a certificate. */
struct heard {
    size_t asked, count;
    uint8_t names[NAMES_MAX][256];
    size_t lens[NAMES_MAX];
};

static bool listen(void *ctx, hf_op *op)
{
    struct heard *h = ctx;
    if (op->kind == HF_OP_CHOOSE_IDENTITY) {
        h->asked++;
        h->count = op->u.choose_identity.authority_count;
        assert_in_range(h->count, 0, NAMES_MAX);
        for (size_t i = 0; i < h->count; i++) {
            const hf_span name = op->u.choose_identity.authorities[i];
            assert_in_range(name.len, 1, sizeof h->names[i]);
            memcpy(h->names[i], name.data, name.len);
            h->lens[i] = name.len;
        }
        op->u.choose_identity.identity = NULL; /* which is no part of the question */
        hf_op_finish(op, HF_OK);
        return true;
    }
    pair_answer(op);
    return true;
}

static void ask(struct heard *h)
{
    *h = (struct heard){.asked = 0};
    set(hf_config_external_ops(run.client, HF_OP_BIT(HF_OP_CHOOSE_IDENTITY)));
    struct pair *p = run_start(&run, &(struct pair_options){.on_op = listen, .ctx = h});
    assert_non_null(p);
    (void)run_finish(&run, p); /* a server that requires a certificate gets none */
    assert_int_equal(h->asked, 1);
    pair_free(p);
}

static void must_hear(const struct heard *h, const hf_span *names, size_t count)
{
    assert_int_equal(h->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(span_eq(span_of(h->names[i], h->lens[i]), names[i]));
    }
}

static void the_anchors_are_named(void **state)
{
    (void)state;
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    set(hf_trust_add(trust, run_client_pki()->ca->der, &error));
    const hf_span subject = hf_trust_subject(trust, 0);
    for (size_t i = 0; i < KINDS; i++) {
        struct heard h;
        run_make(&run, kinds[i]);
        ask(&h);
        must_hear(&h, &subject, 1);
        run_clear(&run);
    }
    hf_trust_free(trust);
}

static void a_list_takes_their_place(void **state)
{
    (void)state;
    const hf_span names[] = {span_of("\x30\x00", 2), span_of("\x30\x03\x31\x01\x30", 5)};
    for (size_t i = 0; i < KINDS; i++) {
        struct heard h;
        run_make(&run, kinds[i]);
        set(hf_config_set_authorities(run.server, names + 1, 1));
        set(hf_config_set_authorities(run.server, names, 2));
        ask(&h);
        must_hear(&h, names, 2);
        run_clear(&run);
    }
}

static void nobody_is_named(void **state)
{
    (void)state;
    const hf_span name = span_of("\x30\x00", 2);
    for (size_t i = 0; i < KINDS; i++) {
        struct heard h;
        run_make(&run, kinds[i]);
        set(hf_config_set_authorities(run.server, &name, 1));
        set(hf_config_set_send_authorities(run.server, false));
        ask(&h);
        assert_int_equal(h.count, 0);
        run_clear(&run);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_anchors_are_named, drop_run),
        cmocka_unit_test_teardown(a_list_takes_their_place, drop_run),
        cmocka_unit_test_teardown(nobody_is_named, drop_run),
    };
    return cmocka_run_group_tests_name("authorities", tests, run_setup, run_teardown);
}
