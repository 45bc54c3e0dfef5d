/* Which connection of a capture is meant, and what stands in the way of it. */
#include "capture/capture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/follow.h"
#include "capture/keylog_read.h"
#include "capture/packets.h"
#include "capture/streams.h"
#include "cli/text.h"
#include "pki/rsa.h"
#include "report/hello.h"
#include "tool.h"

static int read_streams(const struct capture_plan *plan, struct streams *streams,
                        struct packets *seen, struct trouble *trouble);
static const struct stream *choose(const struct capture_plan *plan, const struct streams *streams,
                                   const struct packets *seen, struct trouble *trouble);
static int none(const struct capture_plan *plan, const struct streams *streams,
                const struct packets *seen, struct trouble *trouble);
static int several(const struct capture_plan *plan, const struct streams *streams, size_t count,
                   struct trouble *trouble);
static void list(const struct streams *streams);
static void describe(const struct stream *s, struct text *out);
static void begin(const struct capture_plan *plan, const struct stream *s,
                  struct recorder *recorder);
static void explain_loss(const struct packets *seen, struct trouble *trouble);

int capture_record(const struct capture_plan *plan, struct recorder *recorder,
                   struct trouble *trouble)
{
    struct streams streams = {0};
    struct packets seen = {0};
    struct keylog_set keylog = {0};
    struct rsa_key *rsa = NULL;
    recorder_init(recorder, RECORDING_PCAP, plan->secrets);
    const struct stream *chosen = NULL;
    if (read_streams(plan, &streams, &seen, trouble) == 0) {
        chosen = choose(plan, &streams, &seen, trouble);
    }
    if (chosen != NULL &&
        (plan->keylog == NULL || keylog_read(plan->keylog, &keylog, trouble) == 0) &&
        (plan->rsa_key == NULL || rsa_key_read(plan->rsa_key, &rsa, trouble) == 0)) {
        const struct follow_keys keys = {.keylog_name = plan->keylog,
                                         .keylog = plan->keylog == NULL ? NULL : &keylog,
                                         .rsa_decrypt = rsa == NULL ? NULL : rsa_premaster,
                                         .rsa_ctx = rsa};
        begin(plan, chosen, recorder);
        if (follow_stream(chosen, &keys, recorder, trouble) != 0) {
            explain_loss(&seen, trouble);
        }
    }
    rsa_key_free(rsa);
    keylog_set_free(&keylog);
    streams_free(&streams);
    return trouble->exit_code;
}

static int read_streams(const struct capture_plan *plan, struct streams *streams,
                        struct packets *seen, struct trouble *trouble)
{
    FILE *file = fopen(plan->pcap, "rbe");
    if (file == NULL) {
        return trouble_set(trouble, TOOL_USAGE, "Name a file that exists and can be read.",
                           "--pcap %s: cannot be opened: %s", plan->pcap, strerror(errno));
    }
    if (packets_read(plan->pcap, file, streams, seen, trouble) != 0) {
        return trouble->exit_code;
    }
    if (streams->no_memory) {
        return trouble_set(trouble, TOOL_SYSTEM, NULL, "no memory for the capture %s", plan->pcap);
    }
    streams_settle(streams);
    return 0;
}

static const struct stream *choose(const struct capture_plan *plan, const struct streams *streams,
                                   const struct packets *seen, struct trouble *trouble)
{
    const struct stream *chosen = NULL;
    size_t count = 0;
    for (size_t i = 0; i < streams->count; i++) {
        if (stream_is_tls(streams->all[i])) {
            count++;
            if (plan->stream == 0 || (size_t)plan->stream == count) {
                chosen = streams->all[i];
            }
        }
    }
    if (count == 0) {
        (void)none(plan, streams, seen, trouble);
        return NULL;
    }
    if ((plan->stream == 0 && count > 1) || (size_t)plan->stream > count) {
        (void)several(plan, streams, count, trouble);
        return NULL;
    }
    return chosen;
}

static int none(const struct capture_plan *plan, const struct streams *streams,
                const struct packets *seen, struct trouble *trouble)
{
    /* A hello whose first bytes were lost is the likeliest reason that is worth a word. */
    size_t without_start = 0;
    for (size_t i = 0; i < streams->count; i++) {
        const struct stream_side *side = streams->all[i]->side;
        without_start += !side[0].saw_start && !side[1].saw_start;
    }
    (void)trouble_set(trouble, TOOL_USAGE,
                      "Begin to capture before the connection is made; QUIC is not read here.",
                      "%s holds no TLS connection from its start: %zu packets, %zu of them TCP in "
                      "%zu connections, %zu of which had begun before",
                      plan->pcap, seen->all, seen->tcp, streams->count, without_start);
    explain_loss(seen, trouble);
    return trouble->exit_code;
}

static int several(const struct capture_plan *plan, const struct streams *streams, size_t count,
                   struct trouble *trouble)
{
    list(streams);
    if (plan->stream == 0) {
        return trouble_set(trouble, TOOL_USAGE, "Choose one of those listed with --stream N.",
                           "%s holds %zu TLS connections", plan->pcap, count);
    }
    return trouble_set(trouble, TOOL_USAGE, "Choose one of those listed.",
                       "--stream %lld: %s holds %zu TLS connection%s", (long long)plan->stream,
                       plan->pcap, count, count == 1 ? "" : "s");
}

/* The connections that may be chosen, on stderr before the sentence that asks for one. */
static void list(const struct streams *streams)
{
    struct text out = {0};
    size_t number = 0;
    for (size_t i = 0; i < streams->count; i++) {
        if (stream_is_tls(streams->all[i])) {
            text_addf(&out, "  --stream %zu   ", ++number);
            describe(streams->all[i], &out);
            text_add(&out, "\n");
        }
    }
    (void)text_write(&out, STDERR_FILENO);
    text_free(&out);
}

/* "127.0.0.1:40000 to 127.0.0.1:443, example.org" */
static void describe(const struct stream *s, struct text *out)
{
    char from[ENDPOINT_TEXT_MAX];
    char to[ENDPOINT_TEXT_MAX];
    struct hello_view hello;
    const struct stream_side *client = &s->side[HF_CLIENT];
    endpoint_text(&client->at, from);
    endpoint_text(&s->side[HF_SERVER].at, to);
    text_addf(out, "%s to %s", from, to);
    hello_read((hf_span){client->bytes + 5, client->len - 5}, &hello);
    if (hello.name[0] != '\0') {
        text_addf(out, ", %s", hello.name);
    }
}

static void begin(const struct capture_plan *plan, const struct stream *s,
                  struct recorder *recorder)
{
    char address[ENDPOINT_TEXT_MAX];
    struct text title = {0};
    const char *slash = strrchr(plan->pcap, '/');
    text_addf(&title, "%s: ", slash == NULL ? plan->pcap : slash + 1);
    describe(s, &title);
    recorder_title(recorder, title.ptr == NULL ? "" : title.ptr);
    text_free(&title);
    for (int end = HF_CLIENT; end <= HF_SERVER; end++) {
        endpoint_text(&s->side[end].at, address);
        recorder_address(recorder, (hf_role)end, address);
    }
    recorder->start_ns = s->first_ns;
    recorder->recording.started_unix_ms = (int64_t)(s->first_ns / 1000000u);
}

/* What the file itself says of bytes that are not there. */
static void explain_loss(const struct packets *seen, struct trouble *trouble)
{
    struct text why = {0};
    if (seen->cut > 0) {
        text_addf(&why, "%zu packets were not captured whole (snap length); ", seen->cut);
    }
    if (seen->fragments > 0) {
        text_addf(&why, "%zu fragments of IP are not put together here; ", seen->fragments);
    }
    if (seen->ended[0] != '\0') {
        text_addf(&why, "the file ends early: %s; ", seen->ended);
    }
    if (why.len > 2) {
        (void)snprintf(trouble->detail, sizeof trouble->detail, "%.*s", (int)(why.len - 2),
                       why.ptr);
    }
    text_free(&why);
}
