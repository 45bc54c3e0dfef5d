/* post_handshake_auth (RFC 9846, 4.3.6), and early_data as far as this server refuses it (RFC
 * 9846, 4.3.10). */
#include "base/status.h"
#include "hs/ext/extensions.h"

bool ext_post_handshake_auth_offer(struct hs *hs, struct wr *w)
{
    (void)w; /* the body is empty */
    return hs->config->post_handshake_auth;
}

hf_status ext_post_handshake_auth_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    if (body.len != 0) {
        return ext_malformed(hs, EXT_post_handshake_auth);
    }
    out->post_auth = true;
    return HF_OK;
}

hf_status ext_early_data_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    if (body.len != 0) {
        return ext_malformed(hs, EXT_early_data);
    }
    if (hs->result->retried) {
        return err_raise(hs->error, HF_E_EARLY_DATA_AFTER_RETRY, NULL);
    }
    out->early_data = true;
    return HF_OK;
}
