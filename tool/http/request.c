/* HTTP requests by way of libhttp-parser.
 *
 * Invariant: in state READY and BAD nothing is read; request_next, or the end of the connection, is
 * what follows. */
#include "http/request.h"

#include <string.h>
#include <strings.h>

static int on_begin(http_parser *parser);
static int on_url(http_parser *parser, const char *at, size_t len);
static int on_field(http_parser *parser, const char *at, size_t len);
static int on_value(http_parser *parser, const char *at, size_t len);
static int on_headers(http_parser *parser);
static int on_body(http_parser *parser, const char *at, size_t len);
static int on_complete(http_parser *parser);
static void take_header(struct request *r);
static int refuse(struct request *r, unsigned status);

static const http_parser_settings settings = {
    .on_message_begin = on_begin,
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

void request_setup(void)
{
    http_parser_set_max_header_size(REQUEST_HEADER_MAX);
}

void request_init(struct request *r)
{
    *r = (struct request){.status = 200};
    http_parser_init(&r->parser, HTTP_REQUEST);
    r->parser.data = r;
}

void request_next(struct request *r)
{
    request_init(r);
}

void request_refuse(struct request *r, unsigned status)
{
    r->state = REQUEST_BAD;
    r->status = status;
}

const char *request_method(const struct request *r)
{
    return r->has_headers ? http_method_str((enum http_method)r->parser.method) : "";
}

size_t request_feed(struct request *r, const uint8_t *data, size_t len)
{
    if (r->state == REQUEST_READY || r->state == REQUEST_BAD || len == 0) {
        return 0;
    }
    const size_t used = http_parser_execute(&r->parser, &settings, (const char *)data, len);
    const enum http_errno error = HTTP_PARSER_ERRNO(&r->parser);
    if (error == HPE_HEADER_OVERFLOW) {
        (void)refuse(r, 431);
    } else if (error != HPE_OK && error != HPE_PAUSED && r->state != REQUEST_BAD) {
        (void)refuse(r, 400);
    }
    return r->state == REQUEST_BAD ? len : used;
}

static int on_begin(http_parser *parser)
{
    struct request *r = parser->data;
    r->state = REQUEST_PART;
    return 0;
}

static int on_url(http_parser *parser, const char *at, size_t len)
{
    struct request *r = parser->data;
    const size_t room = sizeof r->path - 1 - r->path_len;
    const size_t n = len < room ? len : room;
    memcpy(r->path + r->path_len, at, n);
    r->path_len += n;
    return 0;
}

static int on_field(http_parser *parser, const char *at, size_t len)
{
    struct request *r = parser->data;
    if (r->in_value) {
        take_header(r);
    }
    const size_t room = sizeof r->field - 1 - r->field_len;
    const size_t n = len < room ? len : room;
    memcpy(r->field + r->field_len, at, n);
    r->field_len += n;
    return 0;
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
    struct request *r = parser->data;
    r->in_value = true;
    const size_t room = sizeof r->value - 1 - r->value_len;
    const size_t n = len < room ? len : room;
    memcpy(r->value + r->value_len, at, n);
    r->value_len += n;
    return 0;
}

static int on_headers(http_parser *parser)
{
    struct request *r = parser->data;
    take_header(r);
    r->has_headers = true;
    r->http10 = parser->http_major == 1 && parser->http_minor == 0;
    r->head = parser->method == HTTP_HEAD;
    r->is_safe = r->head || parser->method == HTTP_GET || parser->method == HTTP_OPTIONS;
    r->status = parser->method == HTTP_OPTIONS ? 204 : 200;
    /* An offer to switch protocols may be ignored (RFC 9110, 7.8), and CONNECT is refused below. */
    parser->upgrade = 0;
    if (parser->http_major > 1) {
        return refuse(r, 505);
    }
    if (!r->is_safe && parser->method != HTTP_POST) {
        return refuse(r, 405);
    }
    if (parser->content_length != UINT64_MAX && parser->content_length > REQUEST_BODY_MAX) {
        return refuse(r, 413);
    }
    if (strcmp(r->path, "/json") == 0 || strncmp(r->path, "/json?", 6) == 0) {
        r->form = REQUEST_JSON;
    }
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    struct request *r = parser->data;
    (void)at;
    r->wants_continue = false; /* it did not wait */
    r->body_len += len;
    return r->body_len > REQUEST_BODY_MAX ? refuse(r, 413) : 0;
}

static int on_complete(http_parser *parser)
{
    struct request *r = parser->data;
    r->state = REQUEST_READY;
    r->wants_continue = false;
    r->keep_alive = http_should_keep_alive(parser) != 0;
    http_parser_pause(parser, 1);
    return 0;
}

/* The few headers that change the answer. */
static void take_header(struct request *r)
{
    r->field[r->field_len] = '\0';
    r->value[r->value_len] = '\0';
    if (strcasecmp(r->field, "accept") == 0) {
        if (strcasestr(r->value, "text/html") != NULL) {
            r->form = REQUEST_HTML;
        } else if (strcasestr(r->value, "application/json") != NULL) {
            r->form = REQUEST_JSON;
        }
    } else if (strcasecmp(r->field, "expect") == 0 && strcasecmp(r->value, "100-continue") == 0) {
        r->wants_continue = true;
    } else if (strcasecmp(r->field, "early-data") == 0) {
        r->said_early = true; /* whatever its value is: RFC 8470, 5.1 */
    }
    r->field_len = 0;
    r->value_len = 0;
    r->in_value = false;
}

/* Ends the reading; the value makes the parser stop. */
static int refuse(struct request *r, unsigned status)
{
    r->state = REQUEST_BAD;
    r->status = status;
    r->keep_alive = false;
    r->wants_continue = false;
    return -1;
}
