/* What both versions prove and check alike, as leaf functions over values: the peer's chain,
 * signatures asked for and judged. */
#ifndef HS_AUTH_H
#define HS_AUTH_H

#include "hs/hs.h"

/* --- The peer's chain ------------------------------------------------------------------------- */

/* Memory for count certificates and bytes bytes of content, which auth_chain_keep places at *at;
 * NULL without memory. */
struct hs_chain *auth_chain_new(size_t count, size_t bytes, uint8_t **at);
/* Copies s to *at and moves *at behind it. */
hf_span auth_chain_keep(uint8_t **at, hf_span s);
void auth_chain_free(struct hs_chain *chain); /* NULL is allowed */
/* Forgets the chain of an earlier authentication. */
void auth_chain_drop(struct hs_result *r);

/* Asks for the verdict over result->chain; then raises a refusal and finds the leaf's key. name,
 * key_transport: see hf_op. */
hf_status auth_ask_verify_chain(struct hs *hs, hf_role peer, const char *name, bool key_transport,
                                enum hs_state wait);
hf_status auth_chain_verified(struct hs *hs);

/* Whether what stands behind a session is enough by the present configuration, and still holds. */
hf_resume_reason auth_judge_proof(const struct hs *hs, const struct session_state *state);

/* What sessions of this connection stand on when the chain of an earlier one was verified again:
 * the rules of now, and for no longer than before. */
void auth_renew_proof(struct hs *hs, const struct session_proof *earlier, const hf_verdict *v);

/* A session of this client's connection, in *out, with the chain where the configuration asks for
 * it; NULL when it is not to be kept. HF_FAILED: no memory, and the caller says so. */
hf_status auth_session_new(const hf_config *config, const struct hs_result *r,
                           const struct session_state *state, hf_span ticket, bool is_id,
                           hf_session **out);

/* --- Signatures ------------------------------------------------------------------------------- */

/* Room that a signature of the identity's key may take. */
size_t auth_signature_room(const hf_identity *identity);

/* Asks for this end's signature over a message that stays until the answer; then hands it out. */
hf_status auth_ask_sign(struct hs *hs, hf_span message, enum hs_state wait);
hf_status auth_signed(struct hs *hs, hf_span *signature);

/* Asks whether the peer's signature is good; then raises that it is not. */
hf_status auth_ask_verify_signature(struct hs *hs, uint16_t scheme, hf_span message,
                                    hf_span signature, enum hs_state wait);
hf_status auth_signature_verified(struct hs *hs);

#endif
