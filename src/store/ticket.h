/* The ring of <handfast/ticket.h> as the engine uses it. */
#ifndef STORE_TICKET_H
#define STORE_TICKET_H

#include <handfast/ticket.h>

/* As hf_ticket_keys_seal, with a nonce that the caller has drawn at random, for this ticket only:
 * whoever draws for a whole handshake saves a draw. The ticket is added to out. */
HF_MUST_CHECK hf_status store_ticket_seal(hf_ticket_keys *keys, int64_t now_ms, hf_span state,
                                          const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_buf *out);

#endif
