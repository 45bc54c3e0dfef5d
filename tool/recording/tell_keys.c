/* The key schedule and the thoughts: what was computed, and what was decided. */
#include <string.h>

#include "recording/tell.h"

static void step(const struct teller *t, const json_t *s);
static bool is_imported(const struct teller *t, const json_t *s);
static void input(const struct teller *t, const json_t *s, const json_t *i);
static void context(const struct teller *t, const json_t *s);
static void secret(const struct teller *t, const json_t *o, const char *key);
static void shares(const struct teller *t);
static void protections(const struct teller *t);
static void decision(const struct teller *t, const json_t *d);
static void moves(const struct teller *t);

void tell_keys(const struct teller *t)
{
    const json_t *schedule = json_object_get(t->root, "schedule");
    size_t i;
    const json_t *s;
    tell_title(t, "The key schedule");
    if (json_array_size(json_object_get(schedule, "steps")) == 0) {
        text_add(t->out, "  No key was derived, or none is known.\n");
        return;
    }
    text_add(t->out, "  hash: ");
    tell_inert(t, tell_text(schedule, "hash"));
    text_add(t->out, "\n\n");
    shares(t);
    json_array_foreach(json_object_get(schedule, "steps"), i, s)
    {
        step(t, s);
    }
    protections(t);
    tell_proofs(t);
}

/* What the key exchange was made of. */
static void shares(const struct teller *t)
{
    size_t i;
    const json_t *share;
    json_array_foreach(json_object_get(t->root, "key_shares"), i, share)
    {
        tell_inert(t, tell_text(share, "end"));
        text_add(t->out, " drew for its share of ");
        tell_tinted(t, TINT_BOLD, tell_text(share, "group_name"));
        text_add(t->out, "\n    private  ");
        secret(t, share, "random");
        text_add(t->out, "\n");
    }
}

static void step(const struct teller *t, const json_t *s)
{
    size_t i;
    const json_t *item;
    tell_tinted(t, TINT_BOLD, tell_text(s, "id"));
    text_add(t->out, " = ");
    tell_inert(t, tell_text(s, "op"));
    if (tell_text(s, "label")[0] != '\0') {
        text_add(t->out, " \"");
        tell_inert(t, tell_text(s, "label"));
        text_add(t->out, "\"");
    }
    const char *comma = "   by ";
    json_array_foreach(json_object_get(s, "ends"), i, item)
    {
        const char *end = json_string_value(item);
        text_add(t->out, comma);
        tell_inert(t, end == NULL ? "" : end);
        comma = " and ";
    }
    text_add(t->out, "\n");
    if (tell_term(t, s, "text")[0] != '\0') {
        text_add(t->out, style_on(t->style, TINT_DIM));
        tell_wrapped(t, 4, tell_term(t, s, "text"));
        text_add(t->out, style_off(t->style));
    }
    json_array_foreach(json_object_get(s, "inputs"), i, item)
    {
        input(t, s, item);
    }
    context(t, s);
    text_add(t->out, "    output   ");
    secret(t, s, "output");
    if (tell_text(s, "key_log")[0] != '\0') {
        text_add(t->out, "    key log  ");
        tell_inert(t, tell_text(s, "key_log"));
        text_add(t->out, "\n");
    }
    text_add(t->out, "\n");
}

/* Whether this is the early_secret of an imported pre-shared key: its binder says so (RFC
 * 9258, 5.2).
 */
static bool is_imported(const struct teller *t, const json_t *s)
{
    size_t i;
    const json_t *step;
    json_array_foreach(json_object_get(json_object_get(t->root, "schedule"), "steps"), i, step)
    {
        const json_t *from = json_array_get(json_object_get(step, "inputs"), 0);
        if (strcmp(tell_text(step, "label"), "imp binder") == 0 &&
            strcmp(tell_text(from, "step"), tell_text(s, "id")) == 0) {
            return true;
        }
    }
    return false;
}

static void input(const struct teller *t, const json_t *s, const json_t *i)
{
    static const struct {
        const char *kind, *text;
    } kinds[] = {
        {"zeros", "zeros "},
        {"psk", "the pre-shared key "},
        {"shared_secret", "the secret of the key exchange "},
    };
    const char *role = tell_text(i, "role");
    text_add(t->out, "    ");
    tell_inert(t, role);
    text_fill(t->out, " ", strlen(role) < 9 ? 9 - strlen(role) : 1);
    if (tell_text(i, "step")[0] != '\0') {
        tell_inert(t, tell_text(i, "step"));
        text_add(t->out, "\n");
        return;
    }
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        if (strcmp(kinds[k].kind, tell_text(i, "kind")) == 0) {
            text_add(t->out, kinds[k].text);
        }
    }
    secret(t, i, "hex");
    if (strcmp(tell_text(i, "kind"), "psk") == 0 && is_imported(t, s)) {
        tell_wrapped(
            t, 13,
            "Imported (RFC 9258, 4.1): Expand-Label \"derived psk\" of Extract(0, epsk), epsk "
            "being the key that both ends were given; the context is the hash of "
            "ImportedIdentity, the identity in the ClientHello.");
    }
}

static void context(const struct teller *t, const json_t *s)
{
    const char *kind = tell_text(s, "context_kind");
    if (strcmp(kind, "none") == 0) {
        return;
    }
    text_add(t->out, "    context  ");
    if (strcmp(kind, "transcript") == 0) {
        text_addf(t->out, "the hash of messages #0 to #%lld: ",
                  (long long)tell_number(s, "context_messages") - 1);
    } else if (strcmp(kind, "empty") == 0) {
        text_add(t->out, "the hash of nothing: ");
    }
    tell_inert(t, tell_text(s, "context"));
    text_add(t->out, "\n");
}

static void secret(const struct teller *t, const json_t *o, const char *key)
{
    if (tell_is_null(o, key)) {
        tell_tinted(t, TINT_DIM, "(not in this recording: made without --secrets)");
    } else {
        tell_inert(t, tell_text(o, key));
    }
    text_add(t->out, "\n");
}

static void protections(const struct teller *t)
{
    size_t i;
    const json_t *k;
    tell_title(t, "Put to use");
    json_array_foreach(json_object_get(t->root, "protections"), i, k)
    {
        text_addf(t->out, "  the %s's %s, ", tell_text(k, "from"), tell_level(k));
        tell_inert(t, tell_text(k, "cipher_suite_name"));
        if (tell_number(k, "generation") > 0) {
            text_addf(t->out, ", after %lld updates", (long long)tell_number(k, "generation"));
        }
        if (tell_text(k, "secret_step")[0] != '\0') {
            text_add(t->out, ", from ");
            tell_inert(t, tell_text(k, "secret_step"));
        }
        text_add(t->out, "\n");
    }
}

/* --- Why -------------------------------------------------------------------------------------- */

void tell_why(const struct teller *t)
{
    const json_t *all = json_object_get(t->root, "decisions");
    size_t i;
    const json_t *item;
    tell_title(t, "What was decided, and why");
    if (json_array_size(all) == 0) {
        text_add(t->out, "  Nothing that this recording knows of: who only sees the wire sees what "
                         "was decided, not why.\n");
    }
    json_array_foreach(all, i, item)
    {
        decision(t, item);
    }
    json_array_foreach(json_object_get(t->root, "notes"), i, item)
    {
        text_addf(t->out, "  %s: note: ", tell_text(item, "end"));
        tell_inert(t, tell_text(item, "about"));
        text_add(t->out, ": ");
        tell_inert(t, tell_text(item, "text"));
        text_add(t->out, "\n");
    }
    moves(t);
}

static void choice(const struct teller *t, const json_t *o)
{
    const char *name = tell_text(o, "name");
    const char *reason = tell_text(o, "reason");
    if (name[0] != '\0') {
        tell_inert(t, name);
    } else {
        text_addf(t->out, "%lld", (long long)tell_number(o, "value"));
    }
    if (reason[0] != '\0') {
        text_add(t->out, ": ");
        tell_inert(t, reason);
    }
    text_add(t->out, "\n");
}

/* Nobody chose: all were bad, or what was good was offered and the peer decides. */
static void tell_undecided(const struct teller *t, const json_t *candidates)
{
    bool any_good = false;
    size_t i;
    const json_t *c;
    json_array_foreach(candidates, i, c)
    {
        any_good = any_good || json_is_true(json_object_get(c, "accepted"));
    }
    tell_tinted(t, any_good ? TINT_DIM : TINT_BAD, any_good ? "the peer decides" : "none was good");
    text_add(t->out, "\n");
}

static void decision(const struct teller *t, const json_t *d)
{
    size_t i;
    const json_t *c;
    text_addf(t->out, "  %s, ", tell_text(d, "end"));
    tell_tinted(t, TINT_BOLD, tell_text(d, "about"));
    text_add(t->out, ": ");
    if (json_is_true(json_object_get(d, "taken"))) {
        choice(t, d);
    } else {
        tell_undecided(t, json_object_get(d, "candidates"));
    }
    json_array_foreach(json_object_get(d, "candidates"), i, c)
    {
        const bool accepted = json_is_true(json_object_get(c, "accepted"));
        text_addf(t->out, "      %s%s%s ", style_on(t->style, accepted ? TINT_GOOD : TINT_BAD),
                  accepted ? "yes" : "no ", style_off(t->style));
        choice(t, c);
    }
}

static void moves(const struct teller *t)
{
    size_t i;
    const json_t *item;
    if (json_array_size(json_object_get(t->root, "states")) > 0) {
        text_add(t->out, "\n");
        tell_title(t, "Moves of the machines");
    }
    json_array_foreach(json_object_get(t->root, "states"), i, item)
    {
        text_addf(t->out, "  %9.3f ms  %s  ", (double)tell_number(item, "at_ns") / 1e6,
                  tell_text(item, "end"));
        tell_inert(t, tell_text(item, "from"));
        text_add(t->out, " to ");
        tell_inert(t, tell_text(item, "to"));
        text_add(t->out, "\n");
    }
    if (json_array_size(json_object_get(t->root, "operations")) > 0) {
        text_add(t->out, "\n");
        tell_title(t, "Asked outside the engine");
    }
    json_array_foreach(json_object_get(t->root, "operations"), i, item)
    {
        text_addf(t->out, "  %9.3f ms  %s  ", (double)tell_number(item, "opened_ns") / 1e6,
                  tell_text(item, "end"));
        tell_inert(t, tell_text(item, "name"));
        if (!tell_is_null(item, "answered_ns")) {
            text_addf(t->out, ", answered after %.3f ms",
                      (double)(tell_number(item, "answered_ns") - tell_number(item, "opened_ns")) /
                          1e6);
        }
        text_add(t->out, "\n");
    }
}
