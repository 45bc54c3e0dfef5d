/* What the two versions do differently on a connection, as data. */
#include <string.h>

#include "base/span.h"
#include "conn/conn.h"

static hf_status export13(const hf_conn *conn, const char *label, hf_span context, hf_buf *out)
{
    const struct hs_result *r = &conn->result;
    if (r->exporter.len == 0 || (!conn->connected && !r->write_ready)) {
        return HF_NEED_INPUT;
    }
    return exporter_compute(r->suite.hash, &r->exporter, label, context, out->ptr, out->cap)
               ? HF_OK
               : HF_FAILED;
}

/* RFC 7627, 5.4: without extended_master_secret keying material may be known to others. */
static hf_status export12(const hf_conn *conn, const char *label, hf_span context, hf_buf *out)
{
    const struct hs_result *r = &conn->result;
    if (!conn->connected || r->master == NULL) {
        return HF_NEED_INPUT;
    }
    const struct prf12_seed what = {.label = label, .a = context};
    return r->extended_master_secret &&
                   exporter12(r->suite.hash, &r->master->secret,
                              span_of(r->master->randoms, sizeof r->master->randoms), &what,
                              out->ptr, out->cap)
               ? HF_OK
               : HF_FAILED;
}

const struct conn_rules *conn_rules(const hf_conn *conn)
{
    static const struct conn_rules rules[] = {
        [HS_TLS13] = {.post_next = post_next,
                      .export = export13,
                      .updates_keys = true,
                      .pads = true,
                      .type_in_limit = 1},
        [HS_TLS12] = {.post_next = post12_next, .export = export12, .ccs_changes_keys = true},
    };
    return &rules[conn->result.family];
}
