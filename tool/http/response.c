/* HTTP answers by way of libhttp-parser. */
#include "http/response.h"

#include <string.h>

static int on_status(http_parser *parser, const char *at, size_t len);
static int on_body(http_parser *parser, const char *at, size_t len);
static int on_complete(http_parser *parser);

static const http_parser_settings settings = {
    .on_status = on_status,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

void response_ask(struct text *out, const char *path, const struct address *host, const char *name)
{
    const bool brackets = strchr(name, ':') != NULL;
    text_addf(out, "GET %s%s HTTP/1.1\r\nHost: %s%s%s", path[0] == '/' ? "" : "/", path,
              brackets ? "[" : "", name, brackets ? "]" : "");
    if (host->port != 443) {
        text_addf(out, ":%u", host->port);
    }
    text_add(out, "\r\nUser-Agent: handfast\r\nAccept: */*\r\nConnection: close\r\n\r\n");
}

void response_init(struct response *r, void (*body)(void *ctx, const uint8_t *data, size_t len),
                   void *ctx)
{
    *r = (struct response){.body = body, .ctx = ctx};
    http_parser_init(&r->parser, HTTP_RESPONSE);
    r->parser.data = r;
}

void response_feed(struct response *r, const uint8_t *data, size_t len)
{
    if (r->complete || r->error != NULL || len == 0) {
        return;
    }
    (void)http_parser_execute(&r->parser, &settings, (const char *)data, len);
    const enum http_errno error = HTTP_PARSER_ERRNO(&r->parser);
    if (error != HPE_OK && !r->complete) {
        r->error = http_errno_description(error);
    }
}

void response_end(struct response *r)
{
    if (r->complete || r->error != NULL) {
        return;
    }
    (void)http_parser_execute(&r->parser, &settings, NULL, 0);
    if (!r->complete) {
        r->error = r->status == 0 ? "no answer came" : "the answer ends in the middle";
    }
}

static int on_status(http_parser *parser, const char *at, size_t len)
{
    struct response *r = parser->data;
    (void)at;
    (void)len;
    r->status = parser->status_code;
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    struct response *r = parser->data;
    r->body_len += len;
    r->body(r->ctx, (const uint8_t *)at, len);
    return 0;
}

/* An interim answer (1xx) is followed by the real one. */
static int on_complete(http_parser *parser)
{
    struct response *r = parser->data;
    r->status = parser->status_code;
    r->complete = parser->status_code / 100 != 1;
    return r->complete ? 1 : 0;
}
