#include "trace/trace.h"

void trace_emit(const struct tracer *tr, hf_event *event)
{
    event->role = tr->role;
    event->conn = tr->conn;
    event->at_ns = tr->trace->now_ns == NULL ? 0 : tr->trace->now_ns(tr->trace->ctx);
    tr->trace->event(tr->trace->ctx, event);
}
