/* TLS 1.3, client: the steps of state.def from the shared secret to Finished. */
#ifndef HS_CLIENT13_H
#define HS_CLIENT13_H

#include "hs/hs.h"

hf_status client13_decap(struct hs *hs);
hf_status client13_decapped(struct hs *hs);
hf_status client13_read_encrypted_extensions(struct hs *hs);
hf_status client13_read_certificate_or_request(struct hs *hs);
hf_status client13_read_certificate(struct hs *hs);
hf_status client13_chain_verified(struct hs *hs);
hf_status client13_read_certificate_verify(struct hs *hs);
hf_status client13_signature_verified(struct hs *hs);
hf_status client13_read_finished(struct hs *hs);
hf_status client13_send_end_of_early_data(struct hs *hs);
hf_status client13_choose_identity(struct hs *hs);
hf_status client13_identity_chosen(struct hs *hs);
hf_status client13_send_certificate(struct hs *hs);
hf_status client13_send_certificate_verify(struct hs *hs);
hf_status client13_send_finished(struct hs *hs);
hf_status client13_read_post_request(struct hs *hs);

#endif
