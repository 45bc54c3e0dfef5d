/* session_ticket, RFC 5077, 3.2: a ticket, or the wish for one; the answer announces one. */
#include "base/status.h"
#include "hs/ext/extensions.h"

bool ext_session_ticket_offer(struct hs *hs, struct wr *w)
{
    const hf_session *session = hs->c.session12;
    if (session != NULL && !session_is_id(session)) {
        wr_bytes(w, session_ticket(session));
        return true;
    }
    return hs->config->resumption;
}

hf_status ext_session_ticket_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    (void)hs, (void)body; /* any bytes may be a ticket */
    out->takes_ticket = true;
    return HF_OK;
}

bool ext_session_ticket_answer12(struct hs *hs, struct wr *w)
{
    (void)w; /* the body is empty */
    return hs->t12.ticket_follows;
}

hf_status ext_session_ticket_answered12(struct hs *hs, hf_span body)
{
    hs->t12.ticket_follows = true;
    return body.len == 0 ? HF_OK : ext_malformed(hs, EXT_session_ticket);
}
