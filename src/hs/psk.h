/* Pre-shared keys in the handshake: which are offered, and their binders (RFC 9846, 4.3.11.2). */
#ifndef HS_PSK_H
#define HS_PSK_H

#include "hs/hs.h"
#include "wire/wr.h"

/* Client: whether the key stands in the present hello: some offered suite has its hash, and
 * after a HelloRetryRequest the chosen one has. */
bool psk_is_offered(const struct hs *hs, const struct config_psk *psk);

/* Client: the key that stands at this position among those offered, or NULL. */
const struct config_psk *psk_offered_at(const struct hs *hs, size_t position);

/* Client: fills in the binders of a hello that is otherwise complete in w. */
void psk_fill_binders(struct hs *hs, struct wr *w, size_t binders_at);

/* Server: the first of the client's identities that the configuration knows; *position among the
 * client's. NULL: none. */
const struct config_psk *psk_find(const struct hs *hs, int *position);

/* Server: checks the binder of the identity at position. The transcript holds what came before
 * the present hello. */
hf_status psk_check_binder(struct hs *hs, const struct config_psk *psk, int position);

#endif
