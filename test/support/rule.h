/* One rule for one hello: the change that breaks it, and what must come of it.
 *
 *     static const struct rule rule = {"no suites", no_suites, HF_E_NO_COMMON_SUITE};
 *     rule_hear(&rule, &run, HF_SERVER, 0, &e);
 */
#ifndef TEST_SUPPORT_RULE_H
#define TEST_SUPPORT_RULE_H

#include "support/edit.h"
#include "support/heard.h"

/* Within a change, of the file's one `e`: an extension is given these bytes, or goes. */
#define SET(name, bytes) edit_set(&e, EXT_CODE_##name, bytes, sizeof(bytes) - 1)
#define DROP(name)       edit_drop(&e, EXT_CODE_##name)
#define COUNT(array)     (sizeof(array) / sizeof((array)[0]))

struct rule {
    const char *name;
    void (*change)(void); /* of what rule_hear has opened */
    hf_err code;          /* HF_E_NONE: it is allowed */
};

/* Ends the test unless the target of this stage has failed with the code, or with none. */
void rule_judge(struct stage *s, const char *name, hf_err code);

/* Plays the run to where this end hears its n-th message, opens that in e, changes it, has it heard
 * and judges.
 */
void rule_hear(const struct rule *rule, struct run *run, hf_role role, int n, struct edit *e);
/* The same in a run of this kind, which is made unless the test has made one. */
void rule_hear_in(enum run_kind kind, const struct rule *rule, struct run *run, hf_role role, int n,
                  struct edit *e);

#endif
