/* TLS 1.2, server: the steps of state.def after the version is chosen. */
#ifndef HS_SERVER12_H
#define HS_SERVER12_H

#include "hs/hs.h"

/* negotiate12.c */
hf_status server12_negotiate(struct hs *hs);
hf_status server12_choose_parameters(struct hs *hs);
hf_status server12_identity_chosen(struct hs *hs);
/* server12.c: this server's flight. */
hf_status server12_send_server_hello(struct hs *hs);
/* ServerHello with hs->session_id. */
hf_status server12_write_server_hello(struct hs *hs);
hf_status server12_send_certificate(struct hs *hs);
hf_status server12_generated(struct hs *hs);
hf_status server12_send_key_exchange(struct hs *hs);
hf_status server12_send_request(struct hs *hs);
hf_status server12_send_done(struct hs *hs);
/* finish12.c: the client's. */
hf_status server12_read_certificate(struct hs *hs);
hf_status server12_chain_verified(struct hs *hs);
hf_status server12_read_key_exchange(struct hs *hs);
hf_status server12_decapped(struct hs *hs);
hf_status server12_decrypted(struct hs *hs);
hf_status server12_read_certificate_verify(struct hs *hs);
hf_status server12_signature_verified(struct hs *hs);
hf_status server12_read_ccs(struct hs *hs);
hf_status server12_read_finished(struct hs *hs);
hf_status server12_send_finished(struct hs *hs);
/* session12.c: a session found, and one kept for later. */
hf_status server12_find_session(struct hs *hs);
hf_status server12_ticket_opened(struct hs *hs);
hf_status server12_session_found(struct hs *hs);
/* How a full handshake will be resumed: by a ticket, or by an identifier of hs->session_id_len
 * bytes, or not at all. */
hf_status server12_plan_session(struct hs *hs);
/* After the client's Finished: asks for what the plan needs. */
hf_status server12_keep_session(struct hs *hs);
hf_status server12_send_ticket(struct hs *hs);
hf_status server12_session_kept(struct hs *hs);
/* The client has proved the secret of the session stored under hs->session_id: the connection must
 * know it to have it dropped (RFC 5246, 7.2.2). */
hf_status server12_note_stored(struct hs *hs);
/* resume12.c: the abbreviated handshake. */
hf_status server12_resume(struct hs *hs);
hf_status server12_send_renewed_ticket(struct hs *hs);
hf_status server12_send_finished_first(struct hs *hs);
hf_status server12_read_ccs_last(struct hs *hs);
hf_status server12_read_finished_last(struct hs *hs);
/* NewSessionTicket with the ticket in hs->s.ticket; len 0: there is none after all. */
hf_status server12_write_ticket(struct hs *hs, uint32_t lifetime_s, size_t len);

#endif
