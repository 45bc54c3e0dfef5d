/* Connections of a run that offer a session. */
#ifndef SUPPORT_OFFER_H
#define SUPPORT_OFFER_H

#include "support/run.h"

enum { OFFER_EXPORT_MOST = 2048 };

/* With early data: a pair of the run's configurations, which it freezes, so many milliseconds after
 * PKI_NOW by the clock of each end. session: NULL for none. name: the server's; NULL: that of every
 * pair. */
struct pair *offer_start(struct run *run, const hf_session *session, const char *name,
                         int64_t client_ms, int64_t server_ms);

/* A run of this kind, with a session to offer or none. */
void offer_make(struct run *run, enum run_kind kind, const hf_session *session);
/* run_start, so many milliseconds after PKI_NOW by the clock of each end. */
struct pair *offer_later(struct run *run, int64_t client_ms, int64_t server_ms);
/* A full handshake, and what each end says of it. Ends p. */
void offer_must_be_refused(struct run *run, struct pair *p, hf_resume_reason client,
                           hf_resume_reason server);

/* The handshake, which must come about; then the session that the client is left with. Ends p. */
hf_session *offer_take_session(struct pair *p);
/* The same of a connection that offers nothing. */
hf_session *offer_first_session(struct run *run);
/* The handshake comes about, resumed or not, and data passes. Ends p; returns the client's reason.
 */
hf_resume_reason offer_finish(struct pair *p, bool is_resumed);

/* In the export of a session of TLS 1.2. */
enum { OFFER_FLAGS_AT = 4 + 5, OFFER_SECRET_AT = 4 + 27, OFFER_LAST_BYTE = OFFER_EXPORT_MOST };

/* A session whose export differs by the mask at this place, for the caller to free. */
hf_session *offer_changed(const hf_session *session, size_t at, uint8_t mask);

/* Puts early data behind the client's first flight. Returns how many bytes were taken. */
size_t offer_early(struct pair *p, const void *data, size_t len);

#endif
