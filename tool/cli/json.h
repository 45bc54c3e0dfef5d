/* Writes JSON (RFC 8259) into a text. Keys and strings are escaped: what is not printable ASCII or
 * plain UTF-8 letters appears inert, as in text.h, so that neither a parser nor a terminal is
 * surprised.
 *
 *     struct json j = json_begin(&text);
 *     json_object(&j, NULL);
 *     json_string(&j, "group", "X25519");
 *     json_end(&j);
 *
 * key is NULL for elements of arrays and for the outermost value. At most JSON_DEPTH levels. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <handfast/types.h>

#include "cli/text.h"

enum { JSON_DEPTH = 32 };

struct json {
    struct text *out;
    unsigned depth;
    bool compact;               /* one line */
    char closing[JSON_DEPTH];   /* bracket that ends each level */
    bool has_items[JSON_DEPTH]; /* a comma is due */
};

struct json json_begin(struct text *out, bool compact);
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_end(struct json *j); /* of the innermost object or array; the outermost adds a line end */

void json_string(struct json *j, const char *key, const char *value); /* NULL: null */
void json_bytes(struct json *j, const char *key, hf_span value);      /* text of others */
void json_hex(struct json *j, const char *key, hf_span value);
void json_number(struct json *j, const char *key, int64_t value);
void json_decimal(struct json *j, const char *key, double value); /* one decimal place */
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

#endif
