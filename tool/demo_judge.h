/* Whether a mode of the demo came to what it claims. */
#ifndef TOOL_DEMO_JUDGE_H
#define TOOL_DEMO_JUDGE_H

#include "demo_modes.h"
#include "demo_run.h"

enum { DEMO_CHECKS_MAX = 16, DEMO_STEPS = 4 };

struct demo_check {
    char what[64];
    bool ok;
};

/* One mode judged. */
struct demo_verdict {
    struct demo_check checks[DEMO_CHECKS_MAX];
    size_t count;
    bool ok; /* all are */
    unsigned round_trips;
    double step_us[DEMO_STEPS]; /* offer, answer, check, last check */
    double total_us;
};

void demo_judge(const struct demo_mode *mode, const struct demo_run *run, struct demo_verdict *out);

#endif
