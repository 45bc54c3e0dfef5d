/* The hello stage: everything before the version is known. The only place where versions meet. */
#ifndef HS_HELLO_HELLO_H
#define HS_HELLO_HELLO_H

#include "hs/hs.h"

/* The steps of state.def. */
hf_status hello_client_start(struct hs *hs);
hf_status hello_client_session_verified(struct hs *hs);
hf_status hello_client_generate(struct hs *hs);
hf_status hello_client_generated(struct hs *hs);
hf_status hello_client_send(struct hs *hs);
hf_status hello_client_read(struct hs *hs);
hf_status hello_server_read(struct hs *hs);
hf_status hello_server_config_chosen(struct hs *hs);
hf_status hello_server_choose_version(struct hs *hs);
hf_status hello_server_read_second(struct hs *hs);

/* hello_client12.c: a ServerHello of TLS 1.2 is judged, and the handshake goes on there. */
hf_status hello_client_enter12(struct hs *hs, const struct server_hello *sh);

/* ServerHello.random of a version: says that this server could do better where it could (RFC 9846,
 * 4.2.3). out: MSG_RANDOM_LEN bytes. */
hf_status hello_server_random(struct hs *hs, uint8_t *out);

/* Whether the session's chain has to be verified again before it is offered; asks for that. */
bool hello_client_must_verify_session(const struct hs *hs);
hf_status hello_client_ask_session(struct hs *hs, enum hs_state wait);
/* After the wait. */
hf_status hello_client_note_session(struct hs *hs);

/* Decides whether the session is offered and early data with it, and notes why not. */
hf_status hello_client_choose_session(struct hs *hs);

/* Once it is known whether the session was taken: what stands behind it, or nothing of it. */
void hello_client_settle_session(struct hs *hs, const struct session_state *taken);

/* A digest of those parts of a ClientHello that a second one must repeat (RFC 9846, 4.2.2). out:
 * 32 bytes. */
void hello_fixed_digest(const hf_provider *provider, const struct client_hello *hello,
                        uint8_t *out);

#endif
