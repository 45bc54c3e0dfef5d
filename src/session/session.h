/* The client's session object as the engine makes and reads it; see <handfast/session.h>. */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <handfast/session.h>

#include "session/state.h"

/* state.issued_ms: when this client received it. id: the ticket, or for TLS 1.2 by identifier the
 * session_id; is_ticket tells them apart. */
struct hf_session;

/* What the server showed when the session began, to be verified again. */
struct session_chain {
    const hf_span *cert; /* DER, leaf first */
    size_t count;
    hf_span ocsp_response, sct_list;
};

/* Whether a session has room for the chain. */
bool session_chain_fits(const struct session_chain *chain);

/* A session with one reference; everything is copied. NULL: no memory, or a name is too long.
 * ticket: 1..65535 bytes. is_id: it is a session_id of TLS 1.2, not a ticket. chain: one that fits,
 * or NULL. */
hf_session *session_new(const struct session_state *state, hf_span ticket, bool is_id,
                        const struct session_chain *chain);

/* Its parts; spans live as long as the session. */
const struct session_state *session_state_of(const hf_session *session);
hf_span session_ticket(const hf_session *session);
bool session_is_id(const hf_session *session);

/* How many certificates the session holds, 0 without a chain; how many bytes they and what was
 * stapled have. */
size_t session_chain_count(const hf_session *session, size_t *bytes);
/* The chain; cert is room for session_chain_count. */
void session_chain_of(const hf_session *session, hf_span *cert, struct session_chain *out);

#endif
