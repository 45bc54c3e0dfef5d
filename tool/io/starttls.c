/* Lines of an answer, one after the other, against what the protocol expects. */
#include "io/starttls.h"

#include <string.h>

enum { STEPS_MAX = 3, LINES_MAX = 128 /* of one answer: more is no greeting */ };

struct starttls_protocol {
    const char *name;
    uint16_t port;
    bool numbered; /* answers of several lines: "250-..." until "250 ..." (RFC 5321, 4.2.1) */
    const char *untagged; /* how lines begin that are no answer; NULL: all are */
    /* The first answer comes unasked. */
    const char *answer[STEPS_MAX], *say[STEPS_MAX];
};

static const struct starttls_protocol protocols[] = {
    {"smtp", 25, true, NULL, {"220", "250", "220"}, {NULL, "EHLO localhost\r\n", "STARTTLS\r\n"}},
    {"imap", 143, false, "* ", {"* OK", "a OK", NULL}, {NULL, "a STARTTLS\r\n", NULL}},
    {"pop3", 110, false, NULL, {"+OK", "+OK", NULL}, {NULL, "STLS\r\n", NULL}},
    {"ftp", 21, true, NULL, {"220", "234", NULL}, {NULL, "AUTH TLS\r\n", NULL}},
};

static enum starttls_next take_line(struct starttls *s);
static enum starttls_next go_on(struct starttls *s);
static enum starttls_next refuse(struct starttls *s, const char *why);
static bool begins(const char *line, const char *with);

const struct starttls_protocol *starttls_find(const char *name)
{
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        if (strcmp(protocols[i].name, name) == 0) {
            return &protocols[i];
        }
    }
    return NULL;
}

uint16_t starttls_port(const struct starttls_protocol *protocol)
{
    return protocol->port;
}

enum starttls_next starttls_read(struct starttls *s, hf_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        const char c = (char)bytes.data[i];
        if (c != '\n') {
            if (s->len == sizeof s->line - 1) {
                return refuse(s, "a line is too long");
            }
            s->line[s->len++] = c;
            continue;
        }
        s->len -= s->len > 0 && s->line[s->len - 1] == '\r';
        const enum starttls_next next = take_line(s);
        if ((next == STARTTLS_SAY || next == STARTTLS_DONE) && i + 1 < bytes.len) {
            return refuse(s, "it goes on in the clear, unasked");
        }
        if (next != STARTTLS_MORE) {
            return next;
        }
        s->len = 0;
    }
    return STARTTLS_MORE;
}

static enum starttls_next take_line(struct starttls *s)
{
    const struct starttls_protocol *p = s->protocol;
    const char *wanted = p->answer[s->step];
    s->line[s->len] = '\0';
    if (++s->lines > LINES_MAX) {
        return refuse(s, "the answer does not end");
    }
    if (begins(s->line, wanted)) {
        s->in_answer = p->numbered && s->line[strlen(wanted)] == '-';
        return s->in_answer ? STARTTLS_MORE : go_on(s);
    }
    if (s->in_answer || (p->untagged != NULL && s->step > 0 && begins(s->line, p->untagged))) {
        return STARTTLS_MORE;
    }
    return refuse(s, "that is no");
}

static enum starttls_next go_on(struct starttls *s)
{
    s->step++;
    s->lines = 0;
    s->len = 0;
    if (s->step == STEPS_MAX || s->protocol->say[s->step] == NULL) {
        return STARTTLS_DONE;
    }
    s->say = s->protocol->say[s->step];
    return STARTTLS_SAY;
}

static enum starttls_next refuse(struct starttls *s, const char *why)
{
    s->line[s->len] = '\0';
    s->why = why;
    return STARTTLS_REFUSED;
}

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}
