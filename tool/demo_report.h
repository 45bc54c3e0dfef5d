/* What the demo tells about one mode. */
#ifndef TOOL_DEMO_REPORT_H
#define TOOL_DEMO_REPORT_H

#include "cli/json.h"
#include "cli/style.h"
#include "demo_judge.h"

struct demo_view {
    const struct demo_mode *mode;
    const struct demo_run *run;
    const struct demo_verdict *verdict;
    const struct style *style;
    size_t number, of;
    uint64_t rtt_ms;
    bool explain, secrets;
};

void demo_report_text(const struct demo_view *view, struct text *out);
void demo_report_json(const struct demo_view *view, struct json *j);

/* The table at the end: its head, one mode's line, and what its columns mean. */
void demo_table_head(uint64_t rtt_ms, const struct style *style, struct text *out);
void demo_table_row(const struct demo_view *view, struct text *out);
void demo_table_foot(const struct style *style, struct text *out);

#endif
