/* post_handshake_auth, RFC 9846, 4.3.6. */
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
