/* The door to tracing for every room: one predicted branch where nobody watches.
 *
 *     TRACE(tr, HF_EV_STATE, state, .from = a, .to = b);
 *
 * The fields are evaluated only when the event is wanted.
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <handfast/trace.h>

/* A connection's view of its trace. wanted is a copy, 0 without a trace, so that the test is one
 * load. */
struct tracer {
    uint64_t wanted;
    const hf_trace *trace;
    const void *conn;
    hf_role role;
};

static inline void tracer_init(struct tracer *tr, const hf_trace *trace, const void *conn,
                               hf_role role)
{
    *tr = (struct tracer){trace == NULL || trace->event == NULL ? 0 : trace->wanted, trace, conn,
                          role};
}

/* HF_WITHOUT_TRACE is for script/trace-cost, which measures what the question costs. */
#ifdef HF_WITHOUT_TRACE
#define TRACE_ON(tr, kind_) ((void)(tr), false)
#else
#define TRACE_ON(tr, kind_) __builtin_expect(((tr)->wanted & HF_EV_BIT(kind_)) != 0, 0)
#endif

#define TRACE(tr, kind_, field, ...)                                                               \
    do {                                                                                           \
        if (TRACE_ON(tr, kind_)) {                                                                 \
            hf_event trace_event_ = {.kind = (kind_), .u.field = {__VA_ARGS__}};                   \
            trace_emit(tr, &trace_event_);                                                         \
        }                                                                                          \
    } while (0)

/* Stamps the event and hands it to the watcher. Call through TRACE. */
void trace_emit(const struct tracer *tr, hf_event *event);

#endif
