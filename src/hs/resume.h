/* Sessions at the server of either version: opened, judged, written for later (RFC 9846, 4.7.1; RFC
 * 5246, 7.3; RFC 5077). Leaf functions over hs->s.session. */
#ifndef HS_RESUME_H
#define HS_RESUME_H

#include "hs/hs.h"

enum { RESUME_TICKET_MAX = 1024 };

/* Whether anybody opens, or makes, tickets for this server, be they sealed or stored. */
bool resume_opens_tickets(const struct hs *hs);
bool resume_seals_tickets(const struct hs *hs);

/* Room for a written session of SESSION_STATE_MAX bytes, behind hs->s.session; NULL: no memory. */
uint8_t *resume_written(struct hs *hs);

/* Asks for the state in a ticket; keep: it must be found once more. */
hf_status resume_ask_ticket(struct hs *hs, hf_span ticket, bool keep, enum hs_state wait);

/* What an operation has put into resume_written, len bytes, as hs->s.session, unless it gave a
 * reason. The session is of this connection's version; nothing else is judged. */
hf_resume_reason resume_read(struct hs *hs, hf_resume_reason reason, size_t len);

/* Whether the session may be resumed by this hello, now: what the rules of both versions ask. */
hf_resume_reason resume_judge(const struct hs *hs);

/* The session is taken: what it proves of the client goes to the result. */
hf_status resume_take_peer(struct hs *hs);

/* What this connection leaves to a later one; the secret is for the caller to fill in. lifetime_s
 * 0: nothing, as what stands behind it ends. */
void resume_describe(const struct hs *hs, struct session_state *out);

/* Asks for a ticket of the len bytes in resume_written, which lives as long as hs->s.session says;
 * it will stand in hs->s.ticket. */
hf_status resume_ask_seal(struct hs *hs, size_t len, enum hs_state wait);

/* After the wait: the ticket's length, 0: there is none. */
hf_status resume_sealed(struct hs *hs, size_t *len);

#endif
