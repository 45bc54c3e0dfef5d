/* The annotator sees messages that nobody has judged: every byte gets a name, once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "recording/fields.h"

const char *tool_name = "handfast";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct terms terms = {0};
    struct text out = {0};
    struct json j = json_begin(&out, true);
    if (size < 1 || size > 4096) {
        return 0;
    }
    json_object(&j, NULL);
    fields_json((hf_span){data + 1, size - 1}, (data[0] & 1) != 0 ? HF_TLS12 : HF_TLS13, &terms,
                &j);
    json_end(&j);
    size_t at = 0;
    for (const char *p = out.ptr; (p = strstr(p, "\"at\": ")) != NULL; p++) {
        const char *fields = strstr(p, "\"fields\": ");
        const char *end = strstr(p, "\"len\": ");
        if (end == NULL) {
            abort();
        }
        if (fields == NULL || end < fields) {
            if (strtoul(p + 6, NULL, 10) != at) {
                abort();
            }
            at += strtoul(end + 7, NULL, 10);
        }
    }
    if (at != size - 1 || terms.missing || j.depth != 0) {
        abort();
    }
    text_free(&out);
    return 0;
}
