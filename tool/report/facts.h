/* The facts of a connection: what was negotiated and who the peer is; for terminals, pages and
 * JSON. */
#ifndef REPORT_FACTS_H
#define REPORT_FACTS_H

#include <handfast/conn.h>

#include "cli/json.h"
#include "cli/style.h"
#include "cli/text.h"

enum { FACTS_MAX = 20 };

struct fact {
    const char *label; /* static */
    char value[160];   /* inert */
};

struct facts {
    struct fact fact[FACTS_MAX];
    size_t count;
};

/* All that is worth a line. */
void facts_collect(const hf_conn *conn, struct facts *out);

/* Who the peer's certificate is for, into room; "" without one. */
const char *facts_peer_name(const hf_conn *conn, char room[96]);

/* One line: "TLS 1.3, TLS_AES_128_GCM_SHA256, X25519, ...". */
void facts_line(const hf_conn_info *info, struct text *out);

/* The members of an object that the caller has opened. */
void facts_json(const hf_conn_info *info, struct json *j);

/* The peer's chain in words and as an array; now_s: the time that validity is told for. */
void facts_chain(const hf_conn *conn, int64_t now_s, const struct style *style, struct text *out);
void facts_chain_json(const hf_conn *conn, struct json *j, const char *key);

/* "TLS 1.3" */
const char *facts_version(uint16_t version);

/* Adds "  label   value" with the house's indents. */
void facts_add_line(struct text *out, const struct style *style, const char *label,
                    const char *value);

#endif
