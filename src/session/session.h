/* The client's session object as the engine makes and reads it; see <handfast/session.h>. */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <handfast/session.h>

#include "session/state.h"

/* state.issued_ms: when this client received it. id: the ticket, or for TLS 1.2 by identifier the
 * session_id; is_ticket tells them apart. */
struct hf_session;

/* A session with one reference; everything is copied. NULL: no memory, or a name is too long.
 * ticket: 1..65535 bytes. is_id: it is a session_id of TLS 1.2, not a ticket. */
hf_session *session_new(const struct session_state *state, hf_span ticket, bool is_id);

/* Its parts; spans live as long as the session. */
const struct session_state *session_state_of(const hf_session *session);
hf_span session_ticket(const hf_session *session);
bool session_is_id(const hf_session *session);

#endif
