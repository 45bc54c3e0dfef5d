/* server_name, RFC 6066, 3: which of its names the server is asked for. */
#include "base/span.h"
#include "base/status.h"
#include "hs/ext/extensions.h"

enum { NAME_TYPE_HOST_NAME = 0, NAME_MAX_LEN = 255 };

bool ext_server_name_offer(struct hs *hs, struct wr *w)
{
    if (hs->c.sni == NULL) {
        return false;
    }
    size_t list = wr_open(w, 2);
    wr_u8(w, NAME_TYPE_HOST_NAME);
    hf_span name = span_str(hs->c.sni);
    if (name.len > 1 && name.data[name.len - 1] == '.') {
        name.len--; /* RFC 6066, 3: without a trailing dot */
    }
    wr_vec(w, name, 2);
    wr_close(w, list, 2);
    return true;
}

/* A DNS name in letters, digits, '-', '_' and '.', not empty, not ending in a dot. */
static bool is_host_name(hf_span name)
{
    if (name.len == 0 || name.len > NAME_MAX_LEN || name.data[name.len - 1] == '.') {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        uint8_t ch = name.data[i];
        bool is_label = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                        (ch >= '0' && ch <= '9') || ch == '-' || ch == '_';
        if (!is_label && (ch != '.' || i == 0 || name.data[i - 1] == '.')) {
            return false;
        }
    }
    return true;
}

/* RFC 6066, 3 forbids addresses; clients send them all the same, and nothing is lost by
 * overlooking them. */
static bool is_ipv4_literal(hf_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] != '.' && (name.data[i] < '0' || name.data[i] > '9')) {
            return false;
        }
    }
    return true;
}

hf_status ext_server_name_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    struct rd r = rd_of(body);
    struct rd list = rd_of(rd_vec16(&r, 1, 0xffff));
    hf_span host = {NULL, 0};
    size_t hosts = 0;
    while (rd_left(&list) > 0) {
        uint8_t type = rd_u8(&list);
        hf_span name = rd_vec16(&list, 1, 0xffff);
        if (type == NAME_TYPE_HOST_NAME && !list.bad) {
            host = name;
            hosts++;
        }
    }
    if (!rd_done(&r) || !rd_done(&list)) {
        return ext_malformed(hs, EXT_server_name);
    }
    if (hosts > 1) {
        return err_raise(hs->error, HF_E_SERVER_NAME_INVALID, "%zu host names at once", hosts);
    }
    if (hosts == 1 && is_ipv4_literal(host)) {
        TRACE(hs->tr, HF_EV_NOTE, note, .about = "server_name",
              .text = "an address instead of a name: ignored");
        return HF_OK;
    }
    if (hosts == 1 && !is_host_name(host)) {
        return err_raise(hs->error, HF_E_SERVER_NAME_INVALID, "\"%.*s\"",
                         (int)(host.len > 64 ? 64 : host.len), (const char *)host.data);
    }
    out->server_name = host;
    return HF_OK;
}

bool ext_server_name_answer(struct hs *hs, struct wr *w)
{
    (void)w; /* the body is empty */
    /* RFC 6066, 3: acknowledged when the name was used to choose the certificate; not when a
     * session is resumed, which has its name already. */
    return hs->result->server_name != NULL && !hs->result->resumed;
}

hf_status ext_server_name_answered(struct hs *hs, hf_span body)
{
    return body.len == 0 ? HF_OK : ext_malformed(hs, EXT_server_name);
}
