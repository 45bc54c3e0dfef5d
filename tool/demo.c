/* The verb demo: runs the modes one after the other, tells of each, and says what to try next. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/option.h"
#include "demo_report.h"
#include "recording/recorder.h"
#include "recording/write.h"
#include "setup.h"
#include "tool.h"

struct demo_settings {
    struct opt_list modes;
    bool explain, secrets, json;
    const char *record;
    const char *rtt;
    uint64_t rtt_ms;
};

#define AT(member) offsetof(struct demo_settings, member)

static const struct opt opts[] = {
    {"mode", "NAME",
     "only this mode: full, post-quantum, retry, mutual, psk, key-update, resumed, early-data, "
     "replay, tls12, tls12-ticket, tls12-id or static-rsa; repeatable",
     OPT_LIST, AT(modes), 0, 0},
    {"rtt", "TIME",
     "how long the way to the server and back takes in the last column of times, such as 80ms "
     "(default 30ms; 0: not measured)",
     OPT_TEXT, AT(rtt), 0, 0},
    {"explain", NULL, "tell every decision, operation and state of both ends as well", OPT_FLAG,
     AT(explain), 0, 0},
    {"secrets", NULL, "print the secrets of the client as well", OPT_FLAG, AT(secrets), 0, 0},
    {"record", "FILE",
     "write the handshake of the one --mode down, both ends in one recording, for 'handfast "
     "explain'; with --secrets its secrets too",
     OPT_TEXT, AT(record), 0, 0},
    {"json", NULL, "one JSON object on stdout instead of text", OPT_FLAG, AT(json), 0, 0},
};

static const struct opt_spec spec = {
    .verb = "demo",
    .usage = "[options]",
    .summary =
        "Shows handshakes of TLS 1.3 and 1.2 between a client and a server of its own, over real "
        "TCP "
        "connections on this "
        "machine, with certificates that are thrown away at the end. Each message is drawn "
        "with its size, its time, "
        "the keys that protect it, and a line on what it is for. At the end stands what each mode "
        "costs, measured: round trips, time, bytes, CPU, and what it protects. Exits with 0 "
        "only if every mode came to what it claims.",
    .tables = {{opts, sizeof opts / sizeof opts[0], 0}},
    .least_args = 0,
    .most_args = 0,
    .footer = tool_exit_help,
};

/* The demo under way. */
struct demo {
    const struct demo_settings *settings;
    struct demo_world world;
    struct style style;
    struct json json;
    struct text json_text, table;
    struct recorder recorder; /* with --record */
    size_t number, of;
    bool ok;
};

static int check_modes(const struct demo_settings *s, struct trouble *trouble);
static int read_rtt(struct demo_settings *s, struct trouble *trouble);
static bool needs_rsa(const struct demo_settings *s);
static bool is_wanted(const struct demo_settings *s, const char *name);
static int run_all(struct demo *d, struct trouble *trouble);
static int run_mode(struct demo *d, const struct demo_mode *mode, struct trouble *trouble);
static const hf_trace *start_recording(struct demo *d, const struct demo_mode *mode);
static void tell(struct demo *d, const struct demo_view *view, struct trouble *trouble);
static void add_opening(const struct demo *d, struct text *out);
static void add_closing(const struct demo *d, struct text *out);

int demo_main(int argc, char **argv)
{
    struct demo_settings settings = {0};
    struct opt_result args = {0};
    struct trouble trouble = {0};
    if (opt_parse(&spec, argc, argv, &settings, &args, &trouble) == 0 && args.help) {
        return opt_print_help(&spec);
    }
    struct demo demo = {.settings = &settings, .style = style_of(STDOUT_FILENO), .ok = true};
    if (trouble.exit_code == 0 && check_modes(&settings, &trouble) == 0 &&
        read_rtt(&settings, &trouble) == 0 &&
        demo_world_make(needs_rsa(&settings), &demo.world, &trouble) == 0) {
        (void)run_all(&demo, &trouble);
    }
    demo_world_free(&demo.world);
    text_free(&demo.json_text);
    text_free(&demo.table);
    if (trouble.exit_code == TOOL_INTERRUPTED || trouble.exit_code == TOOL_TERMINATED) {
        return trouble.exit_code;
    }
    if (trouble.exit_code != 0) {
        return setup_failed(argc, argv, &trouble, "demo");
    }
    return demo.ok ? TOOL_OK : TOOL_DEMO;
}

static int check_modes(const struct demo_settings *s, struct trouble *trouble)
{
    const char *names[DEMO_MODE_COUNT];
    if (s->record != NULL && s->modes.count != 1) {
        return trouble_set(trouble, TOOL_USAGE, "Give one --mode NAME as well.",
                           "--record %s: a recording holds one handshake", s->record);
    }
    for (size_t i = 0; i < DEMO_MODE_COUNT; i++) {
        names[i] = demo_modes[i].name;
    }
    for (size_t i = 0; i < s->modes.count; i++) {
        bool known = false;
        for (size_t n = 0; n < DEMO_MODE_COUNT; n++) {
            known = known || strcmp(names[n], s->modes.items[i]) == 0;
        }
        if (!known) {
            const char *nearest = opt_nearest(s->modes.items[i], names, DEMO_MODE_COUNT);
            return trouble_set(trouble, TOOL_USAGE, "'handfast demo --help' lists the modes.",
                               "--mode %s: no such mode%s%s%s", s->modes.items[i],
                               nearest == NULL ? "" : ": did you mean '",
                               nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
        }
    }
    return s->record == NULL ? 0 : file_check_target("--record", s->record, trouble);
}

/* "30ms", "30" or "0". */
static int read_rtt(struct demo_settings *s, struct trouble *trouble)
{
    enum { DEFAULT_MS = 30, MOST_MS = 2000 };
    char *end = NULL;
    s->rtt_ms = DEFAULT_MS;
    if (s->rtt == NULL) {
        return 0;
    }
    const long ms = strtol(s->rtt, &end, 10);
    if (end == s->rtt || (*end != '\0' && strcmp(end, "ms") != 0) || ms < 0 || ms > MOST_MS) {
        return trouble_set(trouble, TOOL_USAGE, "Write milliseconds: --rtt 30ms.",
                           "--rtt %s: expected a time from 0ms to %dms", s->rtt, MOST_MS);
    }
    s->rtt_ms = ((uint64_t)ms + 1) / 2 * 2; /* both ways take the same */
    return 0;
}

static bool needs_rsa(const struct demo_settings *s)
{
    for (size_t i = 0; i < DEMO_MODE_COUNT; i++) {
        if (demo_modes[i].rsa && is_wanted(s, demo_modes[i].name)) {
            return true;
        }
    }
    return false;
}

static bool is_wanted(const struct demo_settings *s, const char *name)
{
    for (size_t i = 0; i < s->modes.count; i++) {
        if (strcmp(s->modes.items[i], name) == 0) {
            return true;
        }
    }
    return s->modes.count == 0;
}

static int run_all(struct demo *d, struct trouble *trouble)
{
    struct text out = {0};
    for (size_t i = 0; i < DEMO_MODE_COUNT; i++) {
        d->of += is_wanted(d->settings, demo_modes[i].name);
    }
    if (d->settings->json) {
        d->json = json_begin(&d->json_text, false);
        json_object(&d->json, NULL);
        json_array(&d->json, "modes");
    } else {
        add_opening(d, &out);
        (void)trouble_print(&out, trouble);
    }
    for (size_t i = 0; i < DEMO_MODE_COUNT && trouble->exit_code == 0; i++) {
        if (is_wanted(d->settings, demo_modes[i].name)) {
            d->number++;
            (void)run_mode(d, &demo_modes[i], trouble);
        }
    }
    text_clear(&out);
    if (trouble->exit_code == 0 && d->settings->json) {
        json_end(&d->json);
        json_number(&d->json, "rtt_ms", (int64_t)d->settings->rtt_ms);
        json_bool(&d->json, "ok", d->ok);
        json_end(&d->json);
        (void)trouble_print(&d->json_text, trouble);
    } else if (trouble->exit_code == 0) {
        add_closing(d, &out);
        (void)trouble_print(&out, trouble);
    }
    text_free(&out);
    return trouble->exit_code;
}

static int run_mode(struct demo *d, const struct demo_mode *mode, struct trouble *trouble)
{
    const struct demo_settings *settings = d->settings;
    struct demo_run run;
    struct demo_verdict verdict;
    const struct demo_how how = {
        .rtt_ms = settings->rtt_ms,
        .secrets = settings->secrets,
        .trace = settings->record == NULL ? NULL : start_recording(d, mode),
    };
    (void)demo_run(mode, &d->world, &how, &run, trouble);
    if (settings->record != NULL) {
        (void)recording_save(&d->recorder.recording, settings->record, trouble);
        recorder_free(&d->recorder);
    }
    if (trouble->exit_code == 0) {
        demo_judge(mode, &run, &verdict);
        d->ok = d->ok && verdict.ok;
        tell(d,
             &(struct demo_view){mode, &run, &verdict, &d->style, d->number, d->of,
                                 settings->rtt_ms, settings->explain, settings->secrets},
             trouble);
    }
    demo_run_free(&run);
    return trouble->exit_code;
}

static const hf_trace *start_recording(struct demo *d, const struct demo_mode *mode)
{
    char title[160];
    (void)snprintf(title, sizeof title, "demo: %s", mode->title);
    recorder_init(&d->recorder, RECORDING_DEMO, d->settings->secrets);
    recorder_title(&d->recorder, title);
    return recorder_trace(&d->recorder, NULL);
}

static void tell(struct demo *d, const struct demo_view *view, struct trouble *trouble)
{
    if (d->settings->json) {
        demo_report_json(view, &d->json);
        return;
    }
    struct text out = {0};
    demo_report_text(view, &out);
    demo_table_row(view, &d->table);
    (void)trouble_print(&out, trouble);
    text_free(&out);
}

static void add_opening(const struct demo *d, struct text *out)
{
    const struct style *style = &d->style;
    text_addf(out, "%sHandfast: TLS, watched%s\n", style_on(style, TINT_BOLD), style_off(style));
    text_add_wrapped(out,
                     "A client and a server of our own meet over real TCP on 127.0.0.1, with "
                     "certificates made a moment ago "
                     "and thrown away at the end. Every handshake message is drawn as an arrow, "
                     "with its size; at its left "
                     "the time since the client began, at its right the keys that protect it, and "
                     "below it what it says and "
                     "where the specification (RFC 9846) describes it.",
                     0, 0, style->width);
    text_add(out, "\n");
    if (style->colour) {
        text_addf(
            out,
            "Colours: %sin the clear%s, %sunder handshake keys%s, %sunder application keys%s.\n",
            style_on(style, TINT_PLAIN), style_off(style), style_on(style, TINT_HANDSHAKE),
            style_off(style), style_on(style, TINT_APPLICATION), style_off(style));
    }
    text_add(out, "\n");
}

static void add_closing(const struct demo *d, struct text *out)
{
    const struct style *style = &d->style;
    demo_table_head(d->settings->rtt_ms, style, out);
    text_add(out, d->table.ptr == NULL ? "" : d->table.ptr);
    demo_table_foot(style, out);
    text_addf(
        out,
        "%sWhat to try next%s\n"
        "  %s demo --mode retry --explain      one mode, with every decision of both ends\n"
        "  %s connect www.rfc-editor.org       explain a real server's handshake\n"
        "  %s serve                            a server for your browser: https://localhost:8443/\n"
        "  %s help                             all there is\n",
        style_on(style, TINT_BOLD), style_off(style), tool_name, tool_name, tool_name, tool_name);
}
