#include "support/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/span.h"
#include "record/record.h"

static const char *name_of(hf_err code)
{
    return code == HF_E_NONE ? "nothing" : hf_err_lookup(code)->name;
}

void rule_judge(struct stage *s, const char *name, hf_err code)
{
    const hf_error *told = hf_conn_error(s->target->conn);
    if (told->code != code) {
        fail_msg("%s: %s instead of %s (%s)", name, name_of(told->code), name_of(code),
                 told->detail);
    }
    if (code != HF_E_NONE) {
        stage_must_fail(s, code, NULL);
    }
}

void rule_hear(const struct rule *rule, struct run *run, hf_role role, int n, struct edit *e)
{
    struct stage s;
    assert_true(heard_go_to(&s, run, role, n));
    const struct tape_message *m = stage_next(&s);
    edit_open(e, span_of(m->data, m->len));
    rule->change();
    (void)stage_record(&s, REC_HANDSHAKE, edit_close(e));
    rule_judge(&s, rule->name, rule->code);
    stage_end(&s);
}

void rule_hear_in(enum run_kind kind, const struct rule *rule, struct run *run, hf_role role, int n,
                  struct edit *e)
{
    if (run->client == NULL) {
        run_make(run, kind);
    }
    rule_hear(rule, run, role, n, e);
}
