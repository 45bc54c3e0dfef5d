/* Pre-shared keys in the handshake: which are offered, and their binders (RFC 9846, 4.3.11.2). */
#ifndef HS_PSK_H
#define HS_PSK_H

#include "hs/hs.h"
#include "wire/wr.h"

/* Client: the key that stands at this position among those that the present hello offers: the
 * session's first, then those of the configuration. A key is offered when some offered suite has
 * its hash, and after a HelloRetryRequest when the chosen one has. False: there are not so many. */
bool psk_offered_at(const struct hs *hs, size_t position, struct psk *out);

/* Client: bytes that all keys take in a hello, at most. */
size_t psk_offers_size(const struct hs *hs);

/* Client: fills in the binders of a hello that is otherwise complete in w. */
void psk_fill_binders(struct hs *hs, struct wr *w, size_t binders_at);

/* Server: the external key of the configuration with this identity. False: there is none. */
bool psk_find_external(const struct hs *hs, hf_span identity, struct psk *out);

/* Whether the session's key is of the length that its suite makes keys of; one of an unknown suite
 * is. */
bool psk_fits_suite(const struct hs *hs, const struct session_state *state);

/* The pre-shared key of a session. */
struct psk psk_of_session(const struct hs *hs, const struct session_state *state);

/* Server: checks the binder of the identity at position. before: the transcript of what came before
 * the present hello, under the key's hash. */
hf_status psk_check_binder(struct hs *hs, const struct psk *psk, int position);

/* Server: the binder at position; the reader has checked that there are enough. */
hf_span psk_binder_at(const struct hs *hs, int position);

#endif
