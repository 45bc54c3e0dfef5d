/* What the handshake talks to instead of a transport: records and, later, QUIC each implement
 * it. */
#ifndef HS_SINK_H
#define HS_SINK_H

#include <handfast/trace.h>

#include "base/secret.h"
#include "crypto/suite.h"

struct hs_sink {
    /* Room for one message of at most n bytes (header included) to be sent under level, or NULL
     * without memory. Stays valid until commit. */
    uint8_t *(*reserve)(void *owner, hf_level level, size_t n);
    /* The first n bytes of the room are the message. */
    hf_status (*commit)(void *owner, size_t n);
    /* New keys for a direction, from a traffic secret. What was committed before goes under the
     * old ones. */
    hf_status (*install)(void *owner, hf_direction direction, hf_level level,
                         const struct suite *suite, const struct secret *secret);
    /* The same with the key and the IV themselves: TLS 1.2. NULL where there are no records. */
    hf_status (*install_keys)(void *owner, hf_direction direction, hf_level level,
                              const struct suite *suite, const uint8_t *key, const uint8_t *iv);
    /* Back to the clear for sending: early data was refused, and what follows is not under its
     * keys. */
    void (*drop_send_keys)(void *owner);
    /* A change_cipher_spec: a dummy one (RFC 9846, E.4), or that of TLS 1.2. NULL where there are
     * no records. */
    hf_status (*send_change_cipher_spec)(void *owner);
};

#endif
