/* The verb explain: a recording told as text. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "capture/capture.h"
#include "cli/file.h"
#include "cli/option.h"
#include "recording/read.h"
#include "recording/tell.h"
#include "recording/write.h"
#include "tool.h"

struct explain_settings {
    int64_t message, stream;
    bool bytes, keys, why, secrets;
    const char *pcap, *keylog, *rsa_key, *record;
};

enum { ALL_MESSAGES = -1 };

#define AT(member) offsetof(struct explain_settings, member)

static const struct opt opts[] = {
    {"message", "N", "one message, field by field", OPT_NUMBER, AT(message), 0, 100000},
    {"bytes", NULL, "every byte with its name: of all messages, or of the one", OPT_FLAG, AT(bytes),
     0, 0},
    {"keys", NULL, "the key schedule, step by step", OPT_FLAG, AT(keys), 0, 0},
    {"why", NULL, "every decision with the candidates that lost, and the moves of the machines",
     OPT_FLAG, AT(why), 0, 0},
    {"a capture instead of FILE", NULL, NULL, OPT_HEADING, 0, 0, 0},
    {"pcap", "FILE", "what tcpdump, tshark or Wireshark captured (pcap or pcapng)", OPT_TEXT,
     AT(pcap), 0, 0},
    {"keylog", "FILE", "key log that one of the two ends wrote: opens what was encrypted", OPT_TEXT,
     AT(keylog), 0, 0},
    {"rsa-key", "FILE",
     "the server's private key: opens connections of TLS 1.2 whose secret was encrypted to it, and "
     "tells why it opens no others",
     OPT_TEXT, AT(rsa_key), 0, 0},
    {"stream", "N", "which of several TLS connections, counted from 1", OPT_NUMBER, AT(stream), 1,
     4096},
    {"record", "FILE", "write the recording made from the capture", OPT_TEXT, AT(record), 0, 0},
    {"secrets", NULL, "show (and write) the secrets of the key log and what follows from them",
     OPT_FLAG, AT(secrets), 0, 0},
};

static const struct opt_spec spec = {
    .verb = "explain",
    .usage = "[options] [FILE]",
    .summary = "Tells a recording that connect, serve or demo wrote with --record, or a connection "
               "out of a capture: what was agreed on, which messages went, under which keys, and "
               "how it ended. The options show more of it instead.",
    .tables = {{opts, sizeof opts / sizeof opts[0], 0}},
    .least_args = 0,
    .most_args = 1,
    .footer = tool_exit_help,
};

static int check(const struct explain_settings *s, const char *file, struct trouble *trouble);
static int from_file(const char *path, json_t **out, struct trouble *trouble);
static int from_capture(const struct explain_settings *s, json_t **out, struct trouble *trouble);
static int tell(const struct explain_settings *s, const json_t *recording, struct trouble *trouble);
static void tell_messages(const struct explain_settings *s, const struct teller *t);

int explain_main(int argc, char **argv)
{
    struct explain_settings settings = {.message = ALL_MESSAGES};
    struct opt_result args = {0};
    struct trouble trouble = {0};
    json_t *recording = NULL;
    if (opt_parse(&spec, argc, argv, &settings, &args, &trouble) == 0 && args.help) {
        return opt_print_help(&spec);
    }
    const char *file = args.arg_count == 0 ? NULL : args.args[0];
    if (trouble.exit_code == 0 && check(&settings, file, &trouble) == 0 &&
        (file != NULL ? from_file(file, &recording, &trouble)
                      : from_capture(&settings, &recording, &trouble)) == 0) {
        (void)tell(&settings, recording, &trouble);
    }
    json_decref(recording);
    if (trouble.exit_code != 0) {
        trouble_say(&trouble, "explain");
    }
    return trouble.exit_code;
}

static int check(const struct explain_settings *s, const char *file, struct trouble *trouble)
{
    if (file == NULL && s->pcap == NULL) {
        return trouble_set(trouble, TOOL_USAGE, "'handfast explain --help' tells more.",
                           "name a recording, or a capture with --pcap FILE");
    }
    if (file != NULL && s->pcap != NULL) {
        return trouble_set(trouble, TOOL_USAGE, "Give one of the two.",
                           "%s and --pcap %s: which is to be explained?", file, s->pcap);
    }
    if (s->pcap == NULL &&
        (s->keylog != NULL || s->rsa_key != NULL || s->stream != 0 || s->record != NULL)) {
        return trouble_set(trouble, TOOL_USAGE, "Give --pcap FILE as well.",
                           "%s is for captures: a recording holds what it holds",
                           s->keylog != NULL    ? "--keylog"
                           : s->rsa_key != NULL ? "--rsa-key"
                           : s->record != NULL  ? "--record"
                                                : "--stream");
    }
    return 0;
}

static int from_file(const char *path, json_t **out, struct trouble *trouble)
{
    struct file_bytes bytes = {0};
    if (file_read("recording", path, &bytes, trouble) == 0) {
        (void)recording_parse(path, file_span(&bytes), out, trouble);
    }
    file_free(&bytes);
    return trouble->exit_code;
}

/* By way of the document: what is told is what would be written. */
static int from_capture(const struct explain_settings *s, json_t **out, struct trouble *trouble)
{
    const struct capture_plan plan = {.pcap = s->pcap,
                                      .keylog = s->keylog,
                                      .rsa_key = s->rsa_key,
                                      .stream = s->stream,
                                      .secrets = s->secrets};
    struct recorder recorder;
    struct text document = {0};
    if (capture_record(&plan, &recorder, trouble) == 0 &&
        (s->record == NULL || recording_save(&recorder.recording, s->record, trouble) == 0)) {
        recording_write(&recorder.recording, &document);
        if (document.failed) {
            (void)trouble_set(trouble, TOOL_SYSTEM, NULL, "no memory for the recording");
        } else {
            (void)recording_parse(s->pcap, (hf_span){(const uint8_t *)document.ptr, document.len},
                                  out, trouble);
        }
    }
    if (document.ptr != NULL) {
        explicit_bzero(document.ptr, document.len);
    }
    text_free(&document);
    recorder_free(&recorder);
    return trouble->exit_code;
}

static int tell(const struct explain_settings *s, const json_t *recording, struct trouble *trouble)
{
    const size_t count = json_array_size(json_object_get(recording, "messages"));
    if (s->message != ALL_MESSAGES && (uint64_t)s->message >= count) {
        return trouble_set(trouble, TOOL_USAGE, "Without --message the messages are listed.",
                           "--message %lld: the recording has %zu messages, counted from 0",
                           (long long)s->message, count);
    }
    const struct style style = style_of(STDOUT_FILENO);
    struct text out = {0};
    const struct teller t = {recording, &style, &out};
    const bool some = s->message != ALL_MESSAGES || s->bytes;
    if (some) {
        tell_messages(s, &t);
    }
    if (s->keys) {
        tell_keys(&t);
    }
    if (s->why) {
        tell_why(&t);
    }
    if (!some && !s->keys && !s->why) {
        tell_overview(&t);
    }
    (void)trouble_print(&out, trouble);
    text_free(&out);
    return trouble->exit_code;
}

static void tell_messages(const struct explain_settings *s, const struct teller *t)
{
    const size_t count = json_array_size(json_object_get(t->root, "messages"));
    for (size_t i = 0; i < count; i++) {
        if (s->message != ALL_MESSAGES && (size_t)s->message != i) {
            continue;
        }
        if (s->bytes) {
            tell_bytes(t, i);
        } else {
            tell_message(t, i);
        }
        text_add(t->out, "\n");
    }
}
