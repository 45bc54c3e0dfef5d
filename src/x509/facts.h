/* What a certificate says of its own uses, read once and strictly from its extensions. */
#ifndef X509_FACTS_H
#define X509_FACTS_H

#include "x509/certificate.h"

struct x5_facts {
    bool malformed; /* a name, or an extension that path validation reads */
    bool is_authority;
    bool has_path_length;
    bool has_usage;
    bool has_extended_usage;
    bool for_server, for_client; /* by extendedKeyUsage; both without it */
    bool self_issued;
    bool must_staple; /* TLS feature: status_request (RFC 7633, 4) */
    uint32_t path_length;
    uint32_t usage; /* bits of KeyUsage; all without the extension */
    hf_span key_id;
    hf_span issuer_key_id; /* authorityKeyIdentifier: keyIdentifier, or empty */
    hf_span issuer_names; /* the same: authorityCertIssuer, GeneralNames without header; or empty */
    hf_span issuer_serial; /* the same: authorityCertSerialNumber, or empty */
};

/* Reads them; where malformed is set, the rest is as far as it went. */
void x5_facts_read(const struct x5_certificate *c, struct x5_facts *out);

/* Whether the names and the hints of child fit issuer (RFC 5280, 4.2.1.1 and 6.1.3 (a)(4)). Says
 * nothing of signatures. */
bool x5_facts_fit(const struct x5_certificate *child, const struct x5_facts *child_facts,
                  const struct x5_certificate *issuer, const struct x5_facts *issuer_facts);

#endif
