/* What the demo tells about one mode, and whether it came to what it claims. */
#ifndef TOOL_DEMO_REPORT_H
#define TOOL_DEMO_REPORT_H

#include "cli/json.h"
#include "cli/style.h"
#include "demo_modes.h"
#include "exchange.h"

enum { DEMO_CHECKS_MAX = 12, DEMO_STEPS = 4 };

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

/* Judges. */
void demo_judge(const struct demo_mode *mode, const struct exchange_result *result,
                struct demo_verdict *out);

struct demo_view {
    const struct demo_mode *mode;
    const struct exchange_result *result;
    const struct demo_verdict *verdict;
    const struct style *style;
    size_t number, of;
    bool explain, secrets;
};

void demo_report_text(const struct demo_view *view, struct text *out);
void demo_report_json(const struct demo_view *view, struct json *j);

#endif
