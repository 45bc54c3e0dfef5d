/* TLS 1.2, client: the steps of state.def from the server's Certificate to its Finished. */
#ifndef HS_CLIENT12_H
#define HS_CLIENT12_H

#include "hs/hs.h"

/* client12.c: the server's flight. */
hf_status client12_read_certificate(struct hs *hs);
hf_status client12_read_status(struct hs *hs);
hf_status client12_read_status_or_done(struct hs *hs);
hf_status client12_read_key_exchange(struct hs *hs);
hf_status client12_read_request_or_done(struct hs *hs);
hf_status client12_read_done(struct hs *hs);
hf_status client12_chain_verified(struct hs *hs);
hf_status client12_signature_verified(struct hs *hs);
/* answer12.c: this client's. */
hf_status client12_encap(struct hs *hs);
hf_status client12_encrypt(struct hs *hs);
hf_status client12_encapped(struct hs *hs);
hf_status client12_choose_identity(struct hs *hs);
hf_status client12_send_certificate(struct hs *hs);
hf_status client12_send_key_exchange(struct hs *hs);
hf_status client12_send_certificate_verify(struct hs *hs);
hf_status client12_send_finished(struct hs *hs);
hf_status client12_read_ccs(struct hs *hs);
hf_status client12_read_finished(struct hs *hs);
/* resumed12.c: a session resumed, and one kept for later. */
hf_status client12_read_ticket(struct hs *hs);
/* The handshake is complete: what it leaves for a later one goes to the result. */
hf_status client12_keep_session(struct hs *hs);
hf_status client12_resume(struct hs *hs);
hf_status client12_read_renewed_ticket(struct hs *hs);
hf_status client12_read_ccs_first(struct hs *hs);
hf_status client12_read_finished_first(struct hs *hs);
hf_status client12_send_finished_last(struct hs *hs);

#endif
