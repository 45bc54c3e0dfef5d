/* The verb explain: a recording told as text. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/option.h"
#include "recording/read.h"
#include "recording/tell.h"
#include "tool.h"

struct explain_settings {
    int64_t message;
    bool bytes, keys, why;
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
};

static const struct opt_spec spec = {
    .verb = "explain",
    .usage = "[options] FILE",
    .summary = "Tells a recording that connect, serve or demo wrote with --record: what was agreed "
               "on, which messages went, under which keys, and how it ended. The options show more "
               "of it instead.",
    .opts = opts,
    .opt_count = sizeof opts / sizeof opts[0],
    .least_args = 1,
    .most_args = 1,
    .footer = tool_exit_help,
};

static int tell(const struct explain_settings *s, const json_t *recording, struct trouble *trouble);
static void tell_messages(const struct explain_settings *s, const struct teller *t);

int explain_main(int argc, char **argv)
{
    struct explain_settings settings = {.message = ALL_MESSAGES};
    struct opt_result args = {0};
    struct trouble trouble = {0};
    struct file_bytes bytes = {0};
    json_t *recording = NULL;
    if (opt_parse(&spec, argc, argv, &settings, &args, &trouble) == 0 && args.help) {
        opt_print_help(&spec);
        return TOOL_OK;
    }
    if (trouble.exit_code == 0 && file_read("", args.args[0], &bytes, &trouble) == 0 &&
        recording_parse(args.args[0], file_span(&bytes), &recording, &trouble) == 0) {
        (void)tell(&settings, recording, &trouble);
    }
    json_decref(recording);
    file_free(&bytes);
    if (trouble.exit_code != 0) {
        trouble_say(&trouble, "explain");
    }
    return trouble.exit_code;
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
    if (out.failed || !text_write(&out, STDOUT_FILENO)) {
        (void)trouble_set(trouble, TOOL_SYSTEM, NULL, "standard output could not be written");
    }
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
