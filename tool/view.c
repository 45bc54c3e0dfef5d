/* The verb view: recordings become one HTML file. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/option.h"
#include "cli/text.h"
#include "recording/read.h"
#include "setup.h"
#include "tool.h"
#include "web/document.h"

struct view_settings {
    const char *out;
};

static const struct opt opts[] = {
    {"out", "FILE",
     "where to write it (default: beside the first recording, with .html for its ending)", OPT_TEXT,
     offsetof(struct view_settings, out), 0, 0},
};

static const struct opt_spec spec = {
    .verb = "view",
    .usage = "[options] FILE [FILE2 ...]",
    .summary = "Writes recordings as one HTML file, which needs neither network nor server, and "
               "prints its path: the handshake stepped through, fields beside bytes, the key "
               "schedule computed again, decisions, and a bench to change bytes. With two "
               "recordings it opens with their comparison.",
    .tables = {{opts, sizeof opts / sizeof opts[0], 0}},
    .least_args = 1,
    .most_args = 4,
    .footer = tool_exit_help,
};

static int add_recording(struct text *page, const char *path, struct trouble *trouble);
static void default_path(const char *recording, struct text *out);
static int write_page(const char *path, const struct text *page, struct trouble *trouble);

int view_main(int argc, char **argv)
{
    struct view_settings settings = {0};
    struct opt_result args = {0};
    struct trouble trouble = {0};
    struct text page = {0};
    struct text path = {0};
    if (opt_parse(&spec, argc, argv, &settings, &args, &trouble) == 0 && args.help) {
        return opt_print_help(&spec);
    }
    document_begin(&page, DOCUMENT_VIEW, false);
    for (size_t i = 0; i < args.arg_count && trouble.exit_code == 0; i++) {
        (void)add_recording(&page, args.args[i], &trouble);
    }
    document_end(&page);
    if (trouble.exit_code == 0) {
        if (settings.out != NULL) {
            text_add(&path, settings.out);
        } else {
            default_path(args.args[0], &path);
        }
        if (page.failed || path.failed) {
            (void)setup_no_memory(&trouble);
        } else if (write_page(path.ptr, &page, &trouble) == 0) {
            text_add(&path, "\n");
            (void)trouble_print(&path, &trouble);
        }
    }
    if (page.ptr != NULL) {
        explicit_bzero(page.ptr, page.cap); /* it may show secrets */
    }
    text_free(&page);
    text_free(&path);
    return trouble.exit_code == 0 ? TOOL_OK : setup_failed(argc, argv, &trouble, "view");
}

static int add_recording(struct text *page, const char *path, struct trouble *trouble)
{
    struct file_bytes bytes;
    json_t *recording = NULL;
    if (file_read("recording", path, &bytes, trouble) != 0) {
        return trouble->exit_code;
    }
    if (recording_parse(path, file_span(&bytes), &recording, trouble) == 0) {
        document_add(page, file_span(&bytes));
        json_decref(recording);
    }
    file_free(&bytes);
    return trouble->exit_code;
}

/* x.json becomes x.html, and x becomes x.html. */
static void default_path(const char *recording, struct text *out)
{
    static const char ending[] = ".json";
    size_t len = strlen(recording);
    if (len > sizeof ending - 1 && strcmp(recording + len - (sizeof ending - 1), ending) == 0) {
        len -= sizeof ending - 1;
    }
    text_add_bytes(out, recording, len);
    text_add(out, ".html");
}

/* For its owner alone: it may show secrets. */
static int write_page(const char *path, const struct text *page, struct trouble *trouble)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written = fd >= 0 && text_write(page, fd);
    int error = written ? 0 : errno;
    if (fd >= 0 && close(fd) != 0 && error == 0) {
        error = errno;
    }
    return error == 0 ? 0
                      : trouble_set(trouble, TOOL_USAGE, "Name a file that can be written.",
                                    "%s: %s", path, strerror(error));
}
