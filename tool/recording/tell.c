/* The overview, and what all tellers share. */
#include "recording/tell.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void head(const struct teller *t);
static void key_exchange(const struct teller *t, const json_t *s);
static void facts(const struct teller *t);
static void arrows(const struct teller *t);
static const json_t *decision(const struct teller *t, const char *about);
static void early_fact(const struct teller *t, bool taken);
static enum tint tint_of(const json_t *item);
static double moment(const json_t *item);
static void line(const struct teller *t, const json_t *item, const char *name, size_t width);
static void arrow(const struct teller *t, size_t index, size_t width);
static void early_data(const struct teller *t, size_t index, size_t width);
static void alerts(const struct teller *t);
static void errors(const struct teller *t);
static void left_out(const struct teller *t);

enum { NAME_WIDTH = 22, ARROW_WIDTH = 14 };

void tell_overview(const struct teller *t)
{
    head(t);
    facts(t);
    arrows(t);
    alerts(t);
    errors(t);
    const json_t *end = json_object_get(t->root, "end");
    text_add(t->out, "\n");
    const bool failed = strcmp(tell_text(end, "kind"), "failed") == 0;
    tell_tinted(t, failed ? TINT_BAD : TINT_GOOD, tell_text(end, "text"));
    text_add(t->out, "\n");
    left_out(t);
}

static void head(const struct teller *t)
{
    const json_t *ends = json_object_get(t->root, "ends");
    const bool client = json_is_true(json_object_get(json_object_get(ends, "client"), "observed"));
    const bool server = json_is_true(json_object_get(json_object_get(ends, "server"), "observed"));
    char when[40] = "";
    if (!tell_is_null(t->root, "started_unix_ms")) {
        const time_t seconds = (time_t)(tell_number(t->root, "started_unix_ms") / 1000);
        struct tm utc;
        if (gmtime_r(&seconds, &utc) == NULL ||
            strftime(when, sizeof when, ", %Y-%m-%d %H:%M:%S UTC", &utc) == 0) {
            when[0] = '\0';
        }
    }
    tell_tinted(t, TINT_BOLD, tell_text(t->root, "title"));
    text_add(t->out, "\n  recorded by ");
    tell_inert(t, tell_text(t->root, "maker"));
    text_addf(t->out, "%s; %s; %s\n", when,
              client && server ? "both ends watched"
              : client         ? "the client watched"
              : server         ? "the server watched"
                               : "neither end watched: a capture",
              json_is_true(json_object_get(t->root, "secrets"))
                  ? "with its secrets"
                  : "redacted: made without --secrets");
}

static void fact(const struct teller *t, const char *label, const char *value)
{
    if (value[0] != '\0') {
        text_addf(t->out, "  %-14s ", label);
        tell_inert(t, value);
        text_add(t->out, "\n");
    }
}

/* Without a group a suite of TLS 1.2 tells it: in a session of TLS 1.2 that is resumed nothing is
 * exchanged. */
static void key_exchange(const struct teller *t, const json_t *s)
{
    const bool is_12 = tell_number(s, "version") == 0x0303;
    if (tell_text(s, "group_name")[0] != '\0') {
        fact(t, "key exchange", tell_text(s, "group_name"));
    } else if (strcmp(tell_text(decision(t, "psk"), "name"), "session") == 0 && is_12) {
        fact(t, "key exchange", "none: the secret of the session again");
    } else if (strncmp(tell_text(s, "cipher_suite_name"), "TLS_RSA_WITH_", 13) == 0) {
        fact(t, "key exchange",
             "RSA, no forward secrecy: who gets the server's key reads this connection");
    } else if (json_is_true(json_object_get(s, "psk"))) {
        fact(t, "key exchange",
             "none, no forward secrecy: who gets the pre-shared key reads this connection");
    }
}

static void facts(const struct teller *t)
{
    const json_t *s = json_object_get(t->root, "summary");
    const json_t *bytes = json_object_get(s, "bytes");
    text_add(t->out, "\n");
    fact(t, "version", tell_text(s, "version_name"));
    fact(t, "cipher suite", tell_text(s, "cipher_suite_name"));
    key_exchange(t, s);
    fact(t, "signature", tell_text(s, "signature_scheme_name"));
    fact(t, "server name", tell_text(s, "server_name"));
    fact(t, "protocol", tell_text(s, "alpn"));
    if (strcmp(tell_text(decision(t, "psk"), "name"), "session") == 0) {
        fact(t, "resumed", "with the session of an earlier connection");
    } else if (json_is_true(json_object_get(s, "psk"))) {
        const bool is_external = strcmp(tell_text(decision(t, "psk"), "name"), "external key") == 0;
        fact(t, "pre-shared key", is_external ? "from outside" : "of a session, or from outside");
    }
    early_fact(t, json_is_true(json_object_get(s, "early_data")));
    text_addf(t->out, "  %-14s %lld", "round trips", (long long)tell_number(s, "round_trips"));
    if (!tell_is_null(s, "handshake_ns")) {
        text_addf(t->out, ", %.2f ms", (double)tell_number(s, "handshake_ns") / 1e6);
    }
    text_addf(t->out, "\n  %-14s %lld from the client, %lld from the server\n\n", "bytes",
              (long long)tell_number(bytes, "client"), (long long)tell_number(bytes, "server"));
}

/* The last decision about something that named an outcome; NULL: there was none. The server's word
 * comes first: it knows why. */
static const json_t *decision(const struct teller *t, const char *about)
{
    const json_t *found = NULL;
    size_t i;
    const json_t *d;
    json_array_foreach(json_object_get(t->root, "decisions"), i, d)
    {
        const bool fits = strcmp(tell_text(d, "about"), about) == 0 && !tell_is_null(d, "name");
        if (fits && (found == NULL || strcmp(tell_text(d, "end"), "server") == 0)) {
            found = d;
        }
    }
    return found;
}

static void early_fact(const struct teller *t, bool taken)
{
    const json_t *about = decision(t, "early_data");
    char words[300];
    if (taken) {
        fact(t, "early data", "taken (0-RTT)");
    } else if (about != NULL) {
        (void)snprintf(words, sizeof words, "refused (%.40s): %.200s", tell_text(about, "name"),
                       tell_text(about, "reason"));
        fact(t, "early data", words);
    }
}

static void arrows(const struct teller *t)
{
    const size_t count = json_array_size(json_object_get(t->root, "messages"));
    text_addf(t->out, "  %4s %9s  %-*s%*s\n", "#", "ms", NAME_WIDTH + ARROW_WIDTH / 2, "client",
              NAME_WIDTH - ARROW_WIDTH / 2, "server");
    for (size_t i = 0; i < count; i++) {
        arrow(t, i, NAME_WIDTH + ARROW_WIDTH);
        early_data(t, i, NAME_WIDTH + ARROW_WIDTH);
    }
}

/* Data that the client sent before it was answered belongs to the picture: after its last hello. */
static void early_data(const struct teller *t, size_t index, size_t width)
{
    const json_t *messages = json_object_get(t->root, "messages");
    const char *next = tell_text(json_array_get(messages, index + 1), "name");
    const json_t *first = NULL;
    long long len = 0;
    size_t i;
    const json_t *r;
    if (index > 0 || strcmp(tell_text(json_array_get(messages, 0), "name"), "ClientHello") != 0) {
        return;
    }
    json_array_foreach(json_object_get(t->root, "records"), i, r)
    {
        if (strcmp(tell_text(r, "level"), "early") == 0 &&
            json_array_size(json_object_get(r, "messages")) == 0) {
            first = first == NULL ? r : first;
            len += tell_number(r, tell_is_null(r, "plain_len") ? "len" : "plain_len");
        }
    }
    if (first != NULL) {
        text_addf(t->out, "  %4s %9.3f  ", "", moment(first));
        line(t, first, "early data", width);
        text_addf(t->out, " %6lld bytes, %s%s\n", len, tell_level(first),
                  strcmp(next, "HelloRetryRequest") == 0 ? ", lost: the hello was asked for again"
                                                         : "");
    }
}

static double moment(const json_t *item)
{
    const char *key = tell_is_null(item, "sent_ns") ? "received_ns" : "sent_ns";
    return (double)tell_number(item, key) / 1e6;
}

static void line(const struct teller *t, const json_t *item, const char *name, size_t width)
{
    char inert[64];
    const bool from_client = strcmp(tell_text(item, "from"), "client") == 0;
    text_inert(inert, sizeof inert, (hf_span){(const uint8_t *)name, strlen(name)});
    const size_t used = text_columns(inert);
    const size_t dashes = used + 4 < width ? width - used - 3 : 1;
    const char *dash = t->style->utf8 ? "─" : "-";
    text_add(t->out, style_on(t->style, tint_of(item)));
    if (from_client) {
        text_addf(t->out, "%s ", inert);
        text_fill(t->out, dash, dashes);
        text_add(t->out, t->style->utf8 ? "▶ " : "> ");
    } else {
        text_add(t->out, t->style->utf8 ? "◀" : "<");
        text_fill(t->out, dash, dashes);
        text_addf(t->out, " %s ", inert);
    }
    text_add(t->out, style_off(t->style));
}

static void arrow(const struct teller *t, size_t index, size_t width)
{
    const json_t *m = json_array_get(json_object_get(t->root, "messages"), index);
    text_addf(t->out, "  %4zu %9.3f  ", index, moment(m));
    line(t, m, tell_text(m, "name"), width);
    text_addf(t->out, " %6lld bytes, %s\n", (long long)tell_number(m, "len"), tell_level(m));
}

static void alerts(const struct teller *t)
{
    size_t i;
    const json_t *a;
    json_array_foreach(json_object_get(t->root, "alerts"), i, a)
    {
        char name[80];
        (void)snprintf(name, sizeof name, "alert %.60s", tell_text(a, "name"));
        text_addf(t->out, "  %4s %9.3f  ", "", moment(a));
        line(t, a, name, NAME_WIDTH + ARROW_WIDTH);
        text_add(t->out, "\n");
        const char *term = tell_term(t, a, "text");
        if (term[0] != '\0') {
            tell_wrapped(t, 18, term);
        }
    }
}

static void errors(const struct teller *t)
{
    static const struct {
        const char *label, *key;
    } rows[] = {
        {"values", "detail"},  {"state", "state"}, {"cause", "cause"},
        {"what to do", "fix"}, {"rule", "place"},  {"code", "code"},
    };
    size_t i;
    const json_t *e;
    json_array_foreach(json_object_get(t->root, "errors"), i, e)
    {
        text_addf(t->out, "\n%sThe %s failed%s (%s)\n", style_on(t->style, TINT_BAD),
                  tell_text(e, "end"), style_off(t->style),
                  strcmp(tell_text(e, "origin"), "peer") == 0       ? "the other end broke a rule"
                  : strcmp(tell_text(e, "origin"), "mismatch") == 0 ? "no common ground"
                                                                    : "a reason of its own");
        tell_wrapped(t, 2, tell_text(e, "sentence"));
        for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
            fact(t, rows[k].label, tell_text(e, rows[k].key));
        }
    }
}

static void left_out(const struct teller *t)
{
    size_t i;
    const json_t *what;
    json_array_foreach(json_object_get(t->root, "left_out"), i, what)
    {
        const char *text = json_string_value(what);
        tell_tinted(t, TINT_BAD, "not in this recording: ");
        tell_inert(t, text == NULL ? "" : text);
        text_add(t->out, "\n");
    }
}

/* --- Shared ----------------------------------------------------------------------------------- */

const char *tell_text(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text == NULL ? "" : text;
}

json_int_t tell_number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

bool tell_is_null(const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);
    return value == NULL || json_is_null(value);
}

void tell_title(const struct teller *t, const char *title)
{
    text_addf(t->out, "%s%s%s\n", style_on(t->style, TINT_BOLD), title, style_off(t->style));
}

void tell_inert(const struct teller *t, const char *s)
{
    text_add_inert_str(t->out, s);
}

void tell_tinted(const struct teller *t, enum tint tint, const char *s)
{
    text_add(t->out, style_on(t->style, tint));
    tell_inert(t, s);
    text_add(t->out, style_off(t->style));
}

void tell_wrapped(const struct teller *t, size_t indent, const char *s)
{
    struct text inert = {0};
    text_add_inert_str(&inert, s);
    text_fill(t->out, " ", indent);
    if (inert.ptr != NULL) {
        text_add_wrapped(t->out, inert.ptr, indent, indent, t->style->width);
    }
    text_add(t->out, "\n");
    text_free(&inert);
}

const char *tell_level(const json_t *item)
{
    const char *level = tell_text(item, "level");
    return strcmp(level, "early") == 0         ? "early keys"
           : strcmp(level, "handshake") == 0   ? "handshake keys"
           : strcmp(level, "application") == 0 ? "application keys"
                                               : "in the clear";
}

/* The colour of its level. */
static enum tint tint_of(const json_t *item)
{
    const char *level = tell_text(item, "level");
    return strcmp(level, "early") == 0         ? TINT_EARLY
           : strcmp(level, "handshake") == 0   ? TINT_HANDSHAKE
           : strcmp(level, "application") == 0 ? TINT_APPLICATION
                                               : TINT_PLAIN;
}

void tell_message_head(const struct teller *t, size_t index)
{
    const json_t *m = json_array_get(json_object_get(t->root, "messages"), index);
    const bool from_client = strcmp(tell_text(m, "from"), "client") == 0;
    text_addf(t->out, "%s#%zu ", style_on(t->style, TINT_BOLD), index);
    tell_inert(t, tell_text(m, "name"));
    text_addf(t->out, "%s, %s, %lld bytes, %s%s%s\n", style_off(t->style),
              from_client ? "client to server" : "server to client",
              (long long)tell_number(m, "len"), style_on(t->style, tint_of(m)), tell_level(m),
              style_off(t->style));
    if (tell_term(t, m, "text")[0] != '\0') {
        char about[512];
        (void)snprintf(about, sizeof about, "%.400s (%.60s)", tell_term(t, m, "text"),
                       tell_term(t, m, "place"));
        tell_wrapped(t, 2, about);
    }
}

const char *tell_term(const struct teller *t, const json_t *item, const char *key)
{
    return tell_text(json_object_get(json_object_get(t->root, "terms"), tell_text(item, "term")),
                     key);
}
