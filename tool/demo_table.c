/* The table at the end of the demo. */
#include <stdio.h>

#include "demo_report.h"

static const char *certificate_word(const struct demo_view *view);
static const char *secrecy_word(const struct demo_view *view);

void demo_table_head(uint64_t rtt_ms, const struct style *style, struct text *out)
{
    char at[16] = "";
    if (rtt_ms > 0) {
        (void)snprintf(at, sizeof at, "at %u ms", (unsigned)rtt_ms);
    }
    text_addf(out, "%sAll modes%s\n  %-12s %5s %10s %9s %9s %9s %9s  %-7s %s\n",
              style_on(style, TINT_BOLD), style_off(style), "mode", "trips", at, "bytes out",
              "bytes in", "client", "server", "secrecy", "certificate");
}

void demo_table_row(const struct demo_view *view, struct text *out)
{
    const struct demo_figures *f = &view->run->figures;
    const struct exchange_result *r = &view->run->shown;
    const struct style *style = view->style;
    char trips[12] = "-", time[24] = "-", bytes[2][24] = {"-", "-"}, cpu[2][24] = {"-", "-"};
    if (f->has_trips) {
        (void)snprintf(trips, sizeof trips, "%u", f->data_trips);
        (void)snprintf(bytes[0], sizeof bytes[0], "%llu", (unsigned long long)r->bytes_to_server);
        (void)snprintf(bytes[1], sizeof bytes[1], "%llu", (unsigned long long)r->bytes_to_client);
    }
    if (f->is_timed) {
        (void)snprintf(time, sizeof time, "%.1f ms", f->to_data_ms);
    }
    if (f->has_cost) {
        (void)snprintf(cpu[0], sizeof cpu[0], "%.3f ms", f->client_us / 1e3);
        (void)snprintf(cpu[1], sizeof cpu[1], "%.3f ms", f->server_us / 1e3);
    }
    text_addf(out, "  %-12s %5s %10s %9s %9s %9s %9s  %-7s %s", view->mode->name, trips, time,
              bytes[0], bytes[1], cpu[0], cpu[1], secrecy_word(view), certificate_word(view));
    if (!view->verdict->ok) {
        text_addf(out, "  %sNOT as it should be%s", style_on(style, TINT_BAD), style_off(style));
    }
    text_add(out, "\n");
}

void demo_table_foot(const struct style *style, struct text *out)
{
    text_add(out, "  ");
    text_add_wrapped(
        out,
        "trips: how often the client waits for the server before its first data goes out, counted "
        "on "
        "the wire; then the time that this takes when the way there and back takes as long as the "
        "column says (--rtt), the least of three at most. bytes: of the handshake. client, server: "
        "CPU time of each end's work "
        "for "
        "a connection, median of 15. secrecy: forward secrecy, whether what is recorded now stays "
        "closed when keys are stolen later; part: but for the early data. certificate: what the "
        "wire "
        "shows of it.",
        2, 2, style->width);
    text_add(out, "\n\n");
}

static const char *certificate_word(const struct demo_view *view)
{
    if (view->mode->resume == DEMO_REPLAYED) {
        return "-";
    }
    if (view->run->figures.certificate_seen) {
        return "readable";
    }
    return view->run->shown.leaf_der.len > 0 ? "hidden" : "none";
}

static const char *secrecy_word(const struct demo_view *view)
{
    if (view->mode->resume == DEMO_REPLAYED) {
        return "-";
    }
    if (!view->run->figures.forward_secrecy) {
        return "NO";
    }
    return view->run->shown.early_heard > 0 ? "part" : "yes";
}
