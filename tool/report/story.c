/* The inside of a handshake, retold from its trace. */
#include "report/story.h"

#include <stdio.h>
#include <string.h>

#include "report/facts.h"
#include "report/names.h"

static void choice_name(const struct obs_item *item, char out[OBS_TEXT_MAX]);
static void rejected_before(const struct observer *o, size_t decision, const struct style *style,
                            struct text *out);
static size_t since(const struct observer *o, size_t decision);
static double op_micros(const struct observer *o, size_t opened);
static const char *or_empty(const char *s);

void story_decisions(const struct observer *o, const struct style *style, struct text *out)
{
    for (size_t i = 0; i < o->count; i++) {
        const struct obs_item *item = &o->items[i];
        if (item->kind == HF_EV_DECISION) {
            char name[OBS_TEXT_MAX], line[2 * OBS_TEXT_MAX + 8];
            choice_name(item, name);
            const char *reason = or_empty(item->u.choice.reason);
            (void)snprintf(line, sizeof line, "%s%s%s", name,
                           reason[0] == '\0' || name[0] == '\0' ? "" : ": ", reason);
            facts_add_line(out, style, obs_decision_name(item->u.choice.about), line);
            rejected_before(o, i, style, out);
        } else if (item->kind == HF_EV_NOTE) {
            char line[2 * OBS_TEXT_MAX + 8];
            (void)snprintf(line, sizeof line, "%s%s%s", or_empty(item->u.note.about),
                           or_empty(item->u.note.about)[0] == '\0' ? "" : ": ",
                           or_empty(item->u.note.text));
            facts_add_line(out, style, "note", line);
        }
    }
}

void story_decisions_json(const struct observer *o, struct json *j, const char *key)
{
    json_array(j, key);
    for (size_t i = 0; i < o->count; i++) {
        const struct obs_item *item = &o->items[i];
        if (item->kind != HF_EV_DECISION) {
            continue;
        }
        char name[OBS_TEXT_MAX];
        choice_name(item, name);
        json_object(j, NULL);
        json_string(j, "about", obs_decision_name(item->u.choice.about));
        json_string(j, "choice", name);
        json_number(j, "value", item->u.choice.value);
        json_string(j, "reason", or_empty(item->u.choice.reason));
        json_array(j, "rejected");
        for (size_t n = since(o, i); n < i; n++) {
            const struct obs_item *candidate = &o->items[n];
            if (candidate->kind == HF_EV_CANDIDATE &&
                candidate->u.choice.about == item->u.choice.about &&
                !candidate->u.choice.accepted) {
                choice_name(candidate, name);
                json_object(j, NULL);
                json_string(j, "candidate", name);
                json_string(j, "reason", or_empty(candidate->u.choice.reason));
                json_end(j);
            }
        }
        json_end(j);
        json_end(j);
    }
    json_end(j);
}

void story_work(const struct observer *o, const struct style *style, struct text *out)
{
    struct text line = {0};
    for (size_t i = 0; i < o->count; i++) {
        if (o->items[i].kind == HF_EV_OP && !o->items[i].u.op.answered) {
            text_addf(&line, "%s%s %.0f %s", line.len == 0 ? "" : ", ",
                      or_empty(o->items[i].u.op.name), op_micros(o, i), style->utf8 ? "µs" : "us");
        }
    }
    if (line.len > 0) {
        facts_add_line(out, style, "operations", line.ptr);
    }
    text_clear(&line);
    for (size_t i = 0; i < o->count; i++) {
        if (o->items[i].kind == HF_EV_STATE) {
            text_addf(&line, "%s%s", line.len == 0 ? "" : " ", or_empty(o->items[i].u.state.to));
        }
    }
    if (line.len > 0) {
        facts_add_line(out, style, "states", line.ptr);
    }
    text_free(&line);
}

void story_work_json(const struct observer *o, struct json *j)
{
    json_array(j, "operations");
    for (size_t i = 0; i < o->count; i++) {
        if (o->items[i].kind == HF_EV_OP && !o->items[i].u.op.answered) {
            json_object(j, NULL);
            json_string(j, "name", o->items[i].u.op.name);
            json_decimal(j, "us", op_micros(o, i));
            json_end(j);
        }
    }
    json_end(j);
    json_array(j, "states");
    for (size_t i = 0; i < o->count; i++) {
        if (o->items[i].kind == HF_EV_STATE) {
            json_string(j, NULL, o->items[i].u.state.to);
        }
    }
    json_end(j);
}

void story_secrets(const struct observer *o, const struct style *style, struct text *out)
{
    for (size_t i = 0; i < o->count; i++) {
        const struct obs_item *item = &o->items[i];
        if (item->kind != HF_EV_SECRET && item->kind != HF_EV_KEY_STEP) {
            continue;
        }
        text_addf(out, "  %s%-12s %-34s%s ", style_on(style, TINT_DIM),
                  item->kind == HF_EV_SECRET ? "secret" : item->u.secret.step, item->u.secret.label,
                  style_off(style));
        text_add_hex(out, (hf_span){item->u.secret.bytes, item->u.secret.len});
        text_add(out, "\n");
    }
}

void story_secrets_json(const struct observer *o, struct json *j, const char *key)
{
    json_array(j, key);
    for (size_t i = 0; i < o->count; i++) {
        const struct obs_item *item = &o->items[i];
        if (item->kind == HF_EV_SECRET || item->kind == HF_EV_KEY_STEP) {
            json_object(j, NULL);
            json_string(j, "step", item->kind == HF_EV_SECRET ? "secret" : item->u.secret.step);
            json_string(j, "label", item->u.secret.label);
            json_hex(j, "value", (hf_span){item->u.secret.bytes, item->u.secret.len});
            json_end(j);
        }
    }
    json_end(j);
}

/* The engine names most things; for the rest the registry does. */
static void choice_name(const struct obs_item *item, char out[OBS_TEXT_MAX])
{
    static const int lists[] = {
        [HF_DECIDE_VERSION] = NAME_VERSION,
        [HF_DECIDE_CIPHER_SUITE] = NAME_SUITE,
        [HF_DECIDE_GROUP] = NAME_GROUP,
        [HF_DECIDE_SIGNATURE_SCHEME] = NAME_SIGNATURE,
    };
    char room[8];
    const char *name = or_empty(item->u.choice.name);
    if (name[0] == '\0' && item->u.choice.about <= HF_DECIDE_SIGNATURE_SCHEME &&
        item->u.choice.value != 0) {
        name = name_of((enum name_list)lists[item->u.choice.about], (uint16_t)item->u.choice.value,
                       room);
    }
    (void)snprintf(out, OBS_TEXT_MAX, "%s", name);
}

/* Who was turned down on the way to a decision. */
static void rejected_before(const struct observer *o, size_t decision, const struct style *style,
                            struct text *out)
{
    for (size_t i = since(o, decision); i < decision; i++) {
        const struct obs_item *item = &o->items[i];
        if (item->kind != HF_EV_CANDIDATE ||
            item->u.choice.about != o->items[decision].u.choice.about || item->u.choice.accepted) {
            continue;
        }
        char name[OBS_TEXT_MAX], line[2 * OBS_TEXT_MAX + 16];
        choice_name(item, name);
        (void)snprintf(line, sizeof line, "not %s: %s", name, or_empty(item->u.choice.reason));
        facts_add_line(out, style, "", line);
    }
}

/* The first event after the previous decision about the same. */
static size_t since(const struct observer *o, size_t decision)
{
    for (size_t i = decision; i > 0; i--) {
        const struct obs_item *item = &o->items[i - 1];
        if (item->kind == HF_EV_DECISION &&
            item->u.choice.about == o->items[decision].u.choice.about) {
            return i;
        }
    }
    return 0;
}

/* From the opening of an operation to its answer. */
static double op_micros(const struct observer *o, size_t opened)
{
    for (size_t i = opened + 1; i < o->count; i++) {
        if (o->items[i].kind == HF_EV_OP && o->items[i].u.op.answered) {
            return (double)(o->items[i].at_ns - o->items[opened].at_ns) / 1e3;
        }
    }
    return 0;
}

static const char *or_empty(const char *s)
{
    return s == NULL ? "" : s;
}
