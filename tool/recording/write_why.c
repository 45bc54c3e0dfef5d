/* What was thought: decisions, states, operations, alerts, notes, errors. */
#include <handfast/trust.h>

#include "recording/write_int.h"

static void decisions(struct document *d);
static void candidates(struct document *d, const struct recorded_decision *decision);
static void states(struct document *d);
static void operations(struct document *d);
static void alerts(struct document *d);
static void notes(struct document *d);
static void errors(struct document *d);

void write_why(struct document *d)
{
    decisions(d);
    states(d);
    operations(d);
    alerts(d);
    notes(d);
    errors(d);
}

static void decisions(struct document *d)
{
    json_array(&d->j, "decisions");
    for (size_t i = 0; i < d->r->decisions.count; i++) {
        const struct recorded_decision *decision = &d->r->decisions.items[i];
        json_object(&d->j, NULL);
        json_string(&d->j, "about", hf_decision_name(decision->about));
        write_end_name(d, "end", decision->end);
        json_bool(&d->j, "taken", decision->taken);
        write_ns(d, "value", decision->taken, decision->value);
        json_string(&d->j, "name", decision->name);
        json_string(&d->j, "reason", decision->reason);
        json_number(&d->j, "at_ns", (int64_t)decision->at_ns);
        candidates(d, decision);
        json_end(&d->j);
    }
    json_end(&d->j);
}

static void candidates(struct document *d, const struct recorded_decision *decision)
{
    json_array(&d->j, "candidates");
    for (size_t i = 0; i < decision->candidate_count; i++) {
        const struct recorded_candidate *c = &decision->candidates[i];
        json_object(&d->j, NULL);
        json_number(&d->j, "value", c->value);
        json_string(&d->j, "name", c->name);
        json_bool(&d->j, "accepted", c->accepted);
        json_string(&d->j, "reason", c->reason);
        json_end(&d->j);
    }
    json_end(&d->j);
}

static void states(struct document *d)
{
    json_array(&d->j, "states");
    for (size_t i = 0; i < d->r->states.count; i++) {
        const struct recorded_state *s = &d->r->states.items[i];
        json_object(&d->j, NULL);
        write_end_name(d, "end", s->end);
        json_number(&d->j, "at_ns", (int64_t)s->at_ns);
        json_string(&d->j, "from", s->from);
        json_string(&d->j, "to", s->to);
        json_end(&d->j);
    }
    json_end(&d->j);
}

static void operations(struct document *d)
{
    json_array(&d->j, "operations");
    for (size_t i = 0; i < d->r->ops.count; i++) {
        const struct recorded_op *op = &d->r->ops.items[i];
        json_object(&d->j, NULL);
        write_end_name(d, "end", op->end);
        json_string(&d->j, "name", op->name);
        json_number(&d->j, "opened_ns", (int64_t)op->opened_ns);
        write_ns(d, "answered_ns", op->answered, op->answered_ns);
        json_end(&d->j);
    }
    json_end(&d->j);
}

static void alerts(struct document *d)
{
    json_array(&d->j, "alerts");
    for (size_t i = 0; i < d->r->alerts.count; i++) {
        const struct recorded_alert *a = &d->r->alerts.items[i];
        const char *name = hf_alert_name(a->description);
        name = name == NULL ? "unknown" : name;
        json_object(&d->j, NULL);
        write_end_name(d, "from", a->from);
        json_number(&d->j, "level", a->level);
        json_number(&d->j, "description", a->description);
        json_string(&d->j, "name", name);
        json_string(&d->j, "term", terms_use_named(&d->terms, "alert", name, "alert.unknown"));
        write_index(d, "protection", a->protection);
        write_times(d, &a->times);
        json_string(&d->j, "cause", hf_alert_cause(a->description));
        json_string(&d->j, "fix", hf_alert_fix(a->description));
        json_end(&d->j);
    }
    json_end(&d->j);
}

static void notes(struct document *d)
{
    json_array(&d->j, "notes");
    for (size_t i = 0; i < d->r->notes.count; i++) {
        const struct recorded_note *n = &d->r->notes.items[i];
        json_object(&d->j, NULL);
        write_end_name(d, "end", n->end);
        json_number(&d->j, "at_ns", (int64_t)n->at_ns);
        json_string(&d->j, "about", n->about == NULL ? "" : n->about);
        json_string(&d->j, "text", n->text == NULL ? "" : n->text);
        json_number(&d->j, "value", n->value);
        json_end(&d->j);
    }
    json_end(&d->j);
}

static void errors(struct document *d)
{
    static const char *const origins[] = {
        [HF_ORIGIN_PEER] = "peer",     [HF_ORIGIN_MISMATCH] = "mismatch", [HF_ORIGIN_US] = "us",
        [HF_ORIGIN_CALLER] = "caller", [HF_ORIGIN_SYSTEM] = "system",
    };
    json_array(&d->j, "errors");
    for (size_t i = 0; i < d->r->errors.count; i++) {
        const struct recorded_error *e = &d->r->errors.items[i];
        const hf_err_info words = hf_error_words(&e->error);
        const hf_err_info *info = &words;
        json_object(&d->j, NULL);
        write_end_name(d, "end", e->end);
        json_number(&d->j, "at_ns", (int64_t)e->at_ns);
        json_string(&d->j, "code", info->name);
        json_string(&d->j, "origin", origins[info->origin]);
        json_string(&d->j, "alert",
                    e->error.alert == HF_ALERT_none ? NULL : hf_alert_name(e->error.alert));
        json_string(&d->j, "state", e->error.state);
        json_string(&d->j, "sentence", info->sentence);
        json_string(&d->j, "detail", e->error.detail);
        json_string(&d->j, "cause", info->cause);
        json_string(&d->j, "fix", info->fix);
        json_string(&d->j, "place", info->place);
        json_end(&d->j);
    }
    json_end(&d->j);
}
