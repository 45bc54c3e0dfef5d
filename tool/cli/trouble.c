/* The program's own errors. */
#include "cli/trouble.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

static void make_inert(char *s, size_t cap);

int trouble_set(struct trouble *trouble, int exit_code, const char *fix, const char *format, ...)
{
    if (trouble->exit_code != 0) {
        return trouble->exit_code;
    }
    trouble->exit_code = exit_code;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(trouble->sentence, sizeof trouble->sentence, format, args);
    va_end(args);
    make_inert(trouble->sentence, sizeof trouble->sentence);
    (void)snprintf(trouble->fix, sizeof trouble->fix, "%s", fix == NULL ? "" : fix);
    return exit_code;
}

void trouble_text(const struct trouble *trouble, const char *verb, struct text *out)
{
    text_addf(out, "handfast%s%s: %s", verb[0] == '\0' ? "" : " ", verb, trouble->sentence);
    if (trouble->detail[0] != '\0') {
        text_addf(out, " (%s)", trouble->detail);
    }
    if (trouble->fix[0] != '\0') {
        text_addf(out, "\n  what to do: %s", trouble->fix);
    }
    text_add(out, "\n");
}

void trouble_say(const struct trouble *trouble, const char *verb)
{
    struct text t = {0};
    trouble_text(trouble, verb, &t);
    (void)text_write(&t, STDERR_FILENO);
    text_free(&t);
}

int trouble_print(const struct text *text, struct trouble *trouble)
{
    if (text->failed) {
        return trouble_set(trouble, TOOL_SYSTEM, "Close other programs.", "memory is exhausted");
    }
    if (!text_write(text, STDOUT_FILENO)) {
        return trouble_set(trouble, TOOL_SYSTEM, "Look at what it is connected to.",
                           "standard output could not be written: %s", strerror(errno));
    }
    return 0;
}

/* A sentence may quote what came from the command line, a file or the network. */
static void make_inert(char *s, size_t cap)
{
    char copy[400];
    text_inert(copy, sizeof copy < cap ? sizeof copy : cap,
               (hf_span){(const uint8_t *)s, strlen(s)});
    memcpy(s, copy, strlen(copy) + 1);
}
