/* TLS 1.3, server: the steps of state.def after the version is chosen. */
#ifndef HS_SERVER13_H
#define HS_SERVER13_H

#include "hs/hs.h"

/* negotiate.c */
hf_status server13_negotiate(struct hs *hs);
hf_status server13_choose_parameters(struct hs *hs);
/* Whether a HelloRetryRequest follows if all that is offered is as it seems. */
bool server13_will_retry(const struct hs *hs);
hf_status server13_choose_identity(struct hs *hs);
hf_status server13_identity_chosen(struct hs *hs);
/* resume.c */
hf_status server13_find_psk(struct hs *hs);
hf_status server13_ticket_opened(struct hs *hs);
hf_status server13_choose_psk(struct hs *hs);
hf_status server13_replay_checked(struct hs *hs);
/* retry.c */
hf_status server13_send_retry(struct hs *hs);
/* server13.c */
hf_status server13_encap(struct hs *hs);
hf_status server13_send_server_hello(struct hs *hs);
hf_status server13_send_encrypted_extensions(struct hs *hs);
hf_status server13_send_certificate_request(struct hs *hs);
hf_status server13_send_certificate(struct hs *hs);
hf_status server13_send_certificate_verify(struct hs *hs);
hf_status server13_send_finished(struct hs *hs);
hf_status server13_read_certificate(struct hs *hs);
hf_status server13_chain_verified(struct hs *hs);
hf_status server13_read_certificate_verify(struct hs *hs);
hf_status server13_signature_verified(struct hs *hs);
hf_status server13_read_end_of_early_data(struct hs *hs);
hf_status server13_read_finished(struct hs *hs);
/* ticket.c */
hf_status server13_plan_tickets(struct hs *hs);
hf_status server13_seal_ticket(struct hs *hs);
hf_status server13_send_ticket(struct hs *hs);

#endif
