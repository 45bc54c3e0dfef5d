/* The flight diagram: the handshake's messages between two poles, client left, server right, with
 * sizes, times, the keys that protect them, and a line about each. */
#ifndef REPORT_DIAGRAM_H
#define REPORT_DIAGRAM_H

#include "cli/json.h"
#include "cli/style.h"
#include "cli/text.h"
#include "report/explain.h"

struct diagram {
    const struct style *style;
    struct explain_context context;
    uint64_t start_ns; /* what times count from */
    bool records;      /* also change_cipher_spec and application data of more than a few records */
};

void diagram_draw(const struct diagram *d, struct text *out);

/* The same as an array of objects. */
void diagram_json(const struct diagram *d, struct json *j, const char *key);

#endif
