/* Writes key logs. */
#include "report/keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

static void on_event(void *ctx, const hf_event *event);

int keylog_open(struct keylog *log, const char *path, struct trouble *trouble)
{
    *log = (struct keylog){.fd = -1};
    const char *source = "--keylog ";
    if (path == NULL) {
        path = getenv("SSLKEYLOGFILE");
        source = "SSLKEYLOGFILE=";
    }
    if (path == NULL || path[0] == '\0') {
        return 0;
    }
    log->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log->fd < 0) {
        return trouble_set(trouble, TOOL_USAGE, "Name a file that can be written.",
                           "%s%s: cannot be opened: %s", source, path, strerror(errno));
    }
    return 0;
}

void keylog_close(struct keylog *log)
{
    if (log->fd >= 0) {
        (void)close(log->fd);
    }
    log->fd = -1;
}

void keylog_write(struct keylog *log, const hf_event *event)
{
    char line[256];
    const size_t len = log->fd < 0 ? 0 : hf_keylog_line(event, line, sizeof line);
    ssize_t n = 1;
    for (size_t at = 0; at < len && n > 0; at += (size_t)n) {
        n = write(log->fd, line + at, len - at); /* short where the disk is full: then it says so */
        if (n < 0) {
            log->error = log->error == 0 ? errno : log->error;
            break;
        }
    }
    explicit_bzero(line, sizeof line);
}

hf_trace keylog_trace(struct keylog *log)
{
    return (hf_trace){.wanted = HF_EV_BIT(HF_EV_SECRET), .event = on_event, .ctx = log};
}

static void on_event(void *ctx, const hf_event *event)
{
    if (event->kind == HF_EV_SECRET) {
        keylog_write(ctx, event);
    }
}
