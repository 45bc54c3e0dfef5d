/* Authentication messages of TLS 1.3 (RFC 9846, 4.5), as leaf functions for both machines and
 * both directions. */
#ifndef HS_AUTH13_H
#define HS_AUTH13_H

#include "hs/hs.h"

/* --- Certificate ------------------------------------------------------------------------------ */

/* What a Certificate of this end holds beside the chain. */
struct auth_show {
    const hf_identity *identity; /* NULL: an empty list */
    hf_span context;
    bool ocsp, sct;       /* the peer asked for them */
    uint16_t compression; /* common method, or 0 */
    uint16_t used;        /* out: the method that was used, or 0 */
};
hf_status auth13_send_certificate(struct hs *hs, struct auth_show *show);
/* Bytes of its body at most. */
size_t auth13_certificate_size(const struct auth_show *show);

/* Reads the Certificate or CompressedCertificate of the present step into result->chain; the
 * message goes to the transcript. context: what certificate_request_context must be. allowed:
 * EXT_BITs that this end asked for in entries. An empty list leaves result->chain NULL. */
hf_status auth13_read_certificate(struct hs *hs, hf_span context, uint32_t allowed);

/* --- CertificateVerify ------------------------------------------------------------------------ */

/* Asks for this end's signature over the transcript so far. signer: whose role signs. */
hf_status auth13_ask_sign(struct hs *hs, hf_role signer, enum hs_state wait);
/* Sends CertificateVerify with the answer. */
hf_status auth13_send_certificate_verify(struct hs *hs);

/* Checks the scheme of the peer's CertificateVerify and asks for its signature to be verified;
 * the message goes to the transcript. *scheme: the peer's. */
hf_status auth13_read_certificate_verify(struct hs *hs, hf_role signer, uint16_t *scheme,
                                         enum hs_state wait);

/* --- Finished --------------------------------------------------------------------------------- */

hf_status auth13_send_finished(struct hs *hs, const struct secret *base);
/* Compares and adds to the transcript. */
hf_status auth13_read_finished(struct hs *hs, const struct secret *base);

/* --- Secrets at the two corners of the key schedule ------------------------------------------- */

/* With a pre-shared key, after the ClientHello that offers it: the early exporter secret, into
 * the result. */
hf_status auth13_early_exporter(struct hs *hs, const struct psk *psk);
/* client_early_traffic_secret, over the first hello. */
void auth13_early_traffic_secret(struct hs *hs, const struct psk *psk,
                                 const struct transcript *hello, struct secret *out);
/* After the client's Finished: what tickets are made of (RFC 9846, 7.1). */
void auth13_resumption_secret(struct hs *hs, struct secret *out);
/* After ServerHello: handshake traffic secrets from the shared secret and psk (may be empty). */
void auth13_handshake_secrets(struct hs *hs, hf_span psk, hf_span shared_secret);
/* After the server's Finished: application traffic secrets and exporter, into the result. */
void auth13_application_secrets(struct hs *hs);

#endif
