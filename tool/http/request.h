/* Reads HTTP/1.x requests as they come, in any pieces, one after the other; line ends may be bare
 * line feeds. Bodies are read and thrown away.
 *
 * Threads: one at a time. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <http_parser.h>

#include <handfast/types.h>

enum { REQUEST_HEADER_MAX = 16 * 1024, REQUEST_BODY_MAX = 1024 * 1024, REQUEST_PATH_MAX = 128 };

enum request_state {
    REQUEST_NONE,  /* between requests: nothing has come */
    REQUEST_PART,  /* in the middle of one */
    REQUEST_READY, /* a whole one: answer it, then request_next */
    REQUEST_BAD    /* status says which refusal it gets; nothing more is read */
};

/* What a request wants to see. */
enum request_form { REQUEST_TEXT, REQUEST_HTML, REQUEST_JSON };

struct request {
    http_parser parser;
    enum request_state state;
    unsigned status; /* of the answer: 200 when ready, 204 to OPTIONS */
    bool keep_alive;
    bool head;       /* no body is to be sent */
    bool is_safe;    /* the method only asks (RFC 9110, 9.2.1) */
    bool said_early; /* an intermediary had it as early data (RFC 8470, 5.1) */
    bool http10;
    bool wants_continue; /* "Expect: 100-continue": cleared by who has answered it */
    enum request_form form;
    char path[REQUEST_PATH_MAX]; /* as sent, cut */
    char field[16];              /* name of the header being read, cut */
    char value[128];             /* its value, cut */
    size_t path_len, field_len, value_len;
    uint64_t body_len;
    bool in_value, has_headers;
};

/* Once per process, before the first request. */
void request_setup(void);

void request_init(struct request *r);

/* Reads from data until a request is whole or refused, or data ends. Returns how many bytes were
 * read. */
size_t request_feed(struct request *r, const uint8_t *data, size_t len);

/* Ready for the next one. */
void request_next(struct request *r);

/* A whole request gets a refusal of this status as its answer; more may follow on the connection.
 */
void request_refuse(struct request *r, unsigned status);

/* "GET"; "" before the headers are whole. Static. */
const char *request_method(const struct request *r);

#endif
