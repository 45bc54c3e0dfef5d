/* Object identifiers that this room knows, as the content bytes of their DER. */
#ifndef X509_OID_H
#define X509_OID_H

#include <handfast/types.h>

#include "x509/text.h"

/* Public keys and signature algorithms: RFC 3279, 4055, 5480, 8410. */
extern const hf_span x5_oid_rsa_encryption, x5_oid_rsa_pss, x5_oid_mgf1, x5_oid_ec_public_key,
    x5_oid_ed25519, x5_oid_ed448;
extern const hf_span x5_oid_p256, x5_oid_p384, x5_oid_p521;
extern const hf_span x5_oid_rsa_md5, x5_oid_rsa_sha1, x5_oid_rsa_sha256, x5_oid_rsa_sha384,
    x5_oid_rsa_sha512;
extern const hf_span x5_oid_ecdsa_sha1, x5_oid_ecdsa_sha256, x5_oid_ecdsa_sha384,
    x5_oid_ecdsa_sha512;
extern const hf_span x5_oid_sha256, x5_oid_sha384, x5_oid_sha512;

/* Extended key usages (RFC 5280, 4.2.1.12) and the access method of issuers (4.2.2.1). */
extern const hf_span x5_oid_server_auth, x5_oid_client_auth, x5_oid_ca_issuers, x5_oid_common_name,
    x5_oid_organization, x5_oid_email_address;
/* OCSP (RFC 6960): the one form of response, the responder's purpose; SHA-1 in identifiers. */
extern const hf_span x5_oid_ocsp_basic, x5_oid_ocsp_signing, x5_oid_sha1;
extern const hf_span x5_oid_smtp_utf8_mailbox, x5_oid_any_policy;

/* The short name of an identifier ("CN", "serverAuth", "secp256k1"), or NULL. */
const char *x5_oid_name(hf_span oid);

/* Adds the short name, or the dotted numbers. */
void x5_oid_text(struct text *t, hf_span oid);

#endif
