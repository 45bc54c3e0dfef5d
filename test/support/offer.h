/* Connections of a run that offer a session, with early data. */
#ifndef SUPPORT_OFFER_H
#define SUPPORT_OFFER_H

#include "support/run.h"

/* A pair of the run's configurations, which it freezes, so many milliseconds after PKI_NOW by the
 * clock of each end. session: NULL for none. name: the server's; NULL: that of every pair. */
struct pair *offer_start(struct run *run, const hf_session *session, const char *name,
                         int64_t client_ms, int64_t server_ms);

/* The handshake, which must come about; then the session that the client is left with. Ends p. */
hf_session *offer_take_session(struct pair *p);

/* Puts early data behind the client's first flight. Returns how many bytes were taken. */
size_t offer_early(struct pair *p, const void *data, size_t len);

#endif
