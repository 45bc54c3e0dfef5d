/* The extensions, one file each, and the table that walks them.
 *
 * Per extension at most six functions: the client's offer (false: not offered), the server's
 * reading of it, the server's answer in EncryptedExtensions (false: none), the client's reading of
 * that, and the same two for ServerHello of TLS 1.2. What answers in other messages (key_share,
 * pre_shared_key, supported_versions, cookie) is written where those messages are.
 */
#ifndef HS_EXT_EXTENSIONS_H
#define HS_EXT_EXTENSIONS_H

#include "hs/hs.h"
#include "wire/wr.h"

/* --- The table -------------------------------------------------------------------------------- */

/* Draws the order of the offers and the GREASE values (RFC 8701), once per connection. */
hf_status ext_prepare_offers(struct hs *hs);
/* Writes the extensions of a ClientHello, with their outer length. *binders_at: position in w of
 * the binders' vector when pre-shared keys are offered, else 0. */
void ext_write_offers(struct hs *hs, struct wr *w, size_t *binders_at);
/* Reads all that a ClientHello offers. out->hello is parsed already. */
hf_status ext_read_offers(struct hs *hs, struct hs_offer *out);
/* Writes the extensions of EncryptedExtensions, with their outer length. */
void ext_write_answers(struct hs *hs, struct wr *w);
/* Reads those of the server, solicited ones only. */
hf_status ext_read_answers(struct hs *hs, const struct ext_view *view);

/* The same for a ServerHello of TLS 1.2. */
void ext_write_answers12(struct hs *hs, struct wr *w);
hf_status ext_read_answers12(struct hs *hs, const struct ext_view *view);

/* --- One by one ------------------------------------------------------------------------------- */

bool ext_server_name_offer(struct hs *hs, struct wr *w);
hf_status ext_server_name_read(struct hs *hs, hf_span body, struct hs_offer *out);
bool ext_server_name_answer(struct hs *hs, struct wr *w);
hf_status ext_server_name_answered(struct hs *hs, hf_span body);

bool ext_status_request_offer(struct hs *hs, struct wr *w);
hf_status ext_status_request_read(struct hs *hs, hf_span body, struct hs_offer *out);
/* Reads the staple of a CertificateEntry: *response is the DER OCSPResponse. */
hf_status ext_status_request_staple(struct hs *hs, hf_span body, hf_span *response);
void ext_status_request_write_staple(struct wr *w, hf_span response);
bool ext_status_request_answer12(struct hs *hs, struct wr *w);
hf_status ext_status_request_answered12(struct hs *hs, hf_span body);
bool ext_sct_offer(struct hs *hs, struct wr *w);
hf_status ext_sct_read(struct hs *hs, hf_span body, struct hs_offer *out);
bool ext_sct_answer12(struct hs *hs, struct wr *w);
hf_status ext_sct_answered12(struct hs *hs, hf_span body);

bool ext_supported_groups_offer(struct hs *hs, struct wr *w);
hf_status ext_supported_groups_read(struct hs *hs, hf_span body, struct hs_offer *out);
bool ext_supported_groups_answer(struct hs *hs, struct wr *w);
hf_status ext_supported_groups_answered(struct hs *hs, hf_span body);

bool ext_signature_algorithms_offer(struct hs *hs, struct wr *w);
hf_status ext_signature_algorithms_read(struct hs *hs, hf_span body, struct hs_offer *out);
bool ext_signature_algorithms_cert_offer(struct hs *hs, struct wr *w);
hf_status ext_signature_algorithms_cert_read(struct hs *hs, hf_span body, struct hs_offer *out);
/* The list of a SignatureSchemeList as it stands in any message; empty on malformed input, which
 * is raised. */
hf_status ext_signature_algorithms_list(struct hs *hs, hf_span body, hf_span *list);
/* Writes the schemes of the configuration as a SignatureSchemeList. */
void ext_signature_algorithms_write(struct wr *w, const struct config_list *list, uint16_t grease);

bool ext_alpn_offer(struct hs *hs, struct wr *w);
hf_status ext_alpn_read(struct hs *hs, hf_span body, struct hs_offer *out);
bool ext_alpn_answer(struct hs *hs, struct wr *w);
hf_status ext_alpn_answered(struct hs *hs, hf_span body);
/* Server: our first protocol that the client offers; empty: none, or no list at one end. */
hf_span ext_alpn_pick(const struct hs *hs);
/* Server: the protocols that are offered, the first of them, in the arena: for an operation. */
hf_status ext_alpn_names(struct hs *hs, const hf_span **names, size_t *count);
/* The same into the operation that chooses an identity, where somebody outside answers it: the
 * built-in choice does not look at them. */
hf_status ext_alpn_fill(struct hs *hs);
/* Server: chooses; sets result->alpn. HF_FAILED: no_application_protocol. */
hf_status ext_alpn_choose(struct hs *hs);

bool ext_compress_certificate_offer(struct hs *hs, struct wr *w);
hf_status ext_compress_certificate_read(struct hs *hs, hf_span body, struct hs_offer *out);
/* The first of our methods in a list of the peer, or 0. */
uint16_t ext_compress_certificate_common(const struct hs *hs, hf_span list);

bool ext_record_size_limit_offer(struct hs *hs, struct wr *w);
hf_status ext_record_size_limit_read(struct hs *hs, hf_span body, struct hs_offer *out);
bool ext_record_size_limit_answer(struct hs *hs, struct wr *w);
hf_status ext_record_size_limit_answered(struct hs *hs, hf_span body);
bool ext_record_size_limit_answer12(struct hs *hs, struct wr *w);
hf_status ext_record_size_limit_answered12(struct hs *hs, hf_span body);

bool ext_point_formats_offer(struct hs *hs, struct wr *w);
hf_status ext_point_formats_read(struct hs *hs, hf_span body, struct hs_offer *out);
bool ext_point_formats_answer12(struct hs *hs, struct wr *w);
hf_status ext_point_formats_answered12(struct hs *hs, hf_span body);
/* Raises that a list of formats, if there is one, lacks the form that everybody has. */
hf_status ext_point_formats_judge(struct hs *hs, hf_span formats);

bool ext_ems_offer(struct hs *hs, struct wr *w);
hf_status ext_ems_read(struct hs *hs, hf_span body, struct hs_offer *out);
bool ext_ems_answer12(struct hs *hs, struct wr *w);
hf_status ext_ems_answered12(struct hs *hs, hf_span body);

bool ext_session_ticket_offer(struct hs *hs, struct wr *w);
hf_status ext_session_ticket_read(struct hs *hs, hf_span body, struct hs_offer *out);
bool ext_session_ticket_answer12(struct hs *hs, struct wr *w);
hf_status ext_session_ticket_answered12(struct hs *hs, hf_span body);

bool ext_renegotiation_offer(struct hs *hs, struct wr *w);
hf_status ext_renegotiation_read(struct hs *hs, hf_span body, struct hs_offer *out);
bool ext_renegotiation_answer12(struct hs *hs, struct wr *w);
hf_status ext_renegotiation_answered12(struct hs *hs, hf_span body);

bool ext_supported_versions_offer(struct hs *hs, struct wr *w);
hf_status ext_supported_versions_read(struct hs *hs, hf_span body, struct hs_offer *out);

bool ext_cookie_offer(struct hs *hs, struct wr *w);
hf_status ext_cookie_read(struct hs *hs, hf_span body, struct hs_offer *out);

bool ext_psk_modes_offer(struct hs *hs, struct wr *w);
hf_status ext_psk_modes_read(struct hs *hs, hf_span body, struct hs_offer *out);
/* pre_shared_key; *binders_at as in ext_write_offers. */
bool ext_pre_shared_key_offer(struct hs *hs, struct wr *w, size_t *binders_at);
hf_status ext_pre_shared_key_read(struct hs *hs, hf_span body, struct hs_offer *out);

bool ext_post_handshake_auth_offer(struct hs *hs, struct wr *w);
hf_status ext_post_handshake_auth_read(struct hs *hs, hf_span body, struct hs_offer *out);

bool ext_key_share_offer(struct hs *hs, struct wr *w);
hf_status ext_key_share_read(struct hs *hs, hf_span body, struct hs_offer *out);
/* The share of a group in a list that ext_key_share_read has checked; empty: none. */
hf_span ext_key_share_find(hf_span shares, uint16_t group);

bool ext_early_data_offer(struct hs *hs, struct wr *w);
hf_status ext_early_data_read(struct hs *hs, hf_span body, struct hs_offer *out);
bool ext_early_data_answer(struct hs *hs, struct wr *w);
hf_status ext_early_data_answered(struct hs *hs, hf_span body);

/* Whether body is a SignedCertificateTimestampList with at least one SCT, none of them empty (RFC
 * 6962, 3.3). */
bool ext_sct_is_list(hf_span body);

/* certificate_authorities: the first DER names out of the body, at most `most` of them. */
hf_status ext_certificate_authorities_read(struct hs *hs, hf_span body, size_t most,
                                           hf_span **names, size_t *count);
/* Writes the subjects of trust. */

/* Whom a server names in its CertificateRequest: the list of its configuration, or its anchors. */
struct ext_authorities {
    hf_trust *trust; /* a reference; NULL: names are not of anchors */
    hf_span list;    /* as on the wire, without its length */
    size_t len;      /* bytes of the list; 0: nobody is named */
};
/* Nobody is named where the list would have more than most bytes. */
struct ext_authorities ext_authorities_of(const hf_config *config, size_t most);
void ext_authorities_free(struct ext_authorities *authorities);
/* The list with its length in front. */
void ext_authorities_write(struct wr *w, const struct ext_authorities *authorities);

/* A malformed body, named. */
hf_status ext_malformed(struct hs *hs, enum ext_index index);

#endif
