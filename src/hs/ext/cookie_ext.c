/* cookie, RFC 9846, 4.3.2: what a server gave with HelloRetryRequest comes back unread. */
#include "base/status.h"
#include "hs/ext/extensions.h"

bool ext_cookie_offer(struct hs *hs, struct wr *w)
{
    if (hs->c.cookie.len == 0) {
        return false;
    }
    wr_vec(w, hs->c.cookie, 2);
    return true;
}

hf_status ext_cookie_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    struct rd r = rd_of(body);
    out->cookie = rd_vec16(&r, 1, 0xffff);
    return rd_done(&r) ? HF_OK : ext_malformed(hs, EXT_cookie);
}
