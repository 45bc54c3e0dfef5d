/* Puts recordings into the template.
 *
 * The data stands in a script element of type application/json, which no browser runs. Only three
 * things must not appear in it: "<", which could begin "</script" or "<!--", and the two line ends
 * of JavaScript that are none in JSON.
 */
#include "web/document.h"

#include "web/template.h"

void document_begin(struct text *out, enum document_kind kind, bool lab)
{
    static const char *const kinds[] = {
        [DOCUMENT_VIEW] = "view",
        [DOCUMENT_CONNECTION] = "connection",
        [DOCUMENT_FAILURES] = "failures",
    };
    text_add_bytes(out, web_before, web_before_len);
    text_addf(out, "{\"kind\":\"%s\",\"lab\":%s,\"recordings\":[", kinds[kind],
              lab ? "true" : "false");
}

void document_add(struct text *out, hf_span json)
{
    if (out->len > 0 && out->ptr[out->len - 1] != '[') {
        text_add_bytes(out, ",", 1);
    }
    size_t start = 0;
    for (size_t i = 0; i < json.len; i++) {
        const uint8_t *p = json.data + i;
        const char *escape = NULL;
        size_t len = 1;
        if (*p == '<') {
            escape = "\\u003c";
        } else if (*p == 0xe2 && json.len - i >= 3 && p[1] == 0x80 && (p[2] & 0xfe) == 0xa8) {
            escape = p[2] == 0xa8 ? "\\u2028" : "\\u2029";
            len = 3;
        }
        if (escape != NULL) {
            text_add_bytes(out, json.data + start, i - start);
            text_add(out, escape);
            i += len - 1;
            start = i + 1;
        }
    }
    if (json.len > start) {
        text_add_bytes(out, json.data + start, json.len - start);
    }
}

void document_end(struct text *out)
{
    text_add(out, "]}");
    text_add_bytes(out, web_behind, web_behind_len);
}
