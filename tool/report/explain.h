/* One line about every handshake message: what it says here, and where the RFC describes it. */
#ifndef REPORT_EXPLAIN_H
#define REPORT_EXPLAIN_H

#include <handfast/conn.h>

#include "cli/text.h"
#include "report/observer.h"

/* What the lines may draw on besides the message itself. */
struct explain_context {
    const struct observer *observer;
    const hf_conn_info *info;
    const char *leaf_name; /* who the server's certificate is for; NULL */
};

/* Adds the line, and returns where the RFC speaks of the message (static). index: of the item in
 * the observer. */
const char *explain_message(struct text *out, const struct explain_context *context, size_t index);

/* The name to show for the item: the message's, or "HelloRetryRequest" for the ServerHello that is
 * one. */
const char *explain_name(const struct obs_item *item);

/* "clear", "early keys", "handshake keys", "application keys". */
const char *explain_level(hf_level level);

/* Adds the names of codes, comma separated, GREASE left out, at most most of them and then how many
 * more. */
void explain_codes(struct text *out, int name_list, const uint16_t *codes, size_t count,
                   size_t most);

#endif
