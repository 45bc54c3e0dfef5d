/* TLS 1.2, server: the steps of state.def after the version is chosen. */
#ifndef HS_SERVER12_H
#define HS_SERVER12_H

#include "hs/hs.h"

/* negotiate12.c */
hf_status server12_negotiate(struct hs *hs);
hf_status server12_identity_chosen(struct hs *hs);
/* server12.c: this server's flight. */
hf_status server12_send_server_hello(struct hs *hs);
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

#endif
