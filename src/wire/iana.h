/* Code points of TLS and their names, both ways. The lists stand in iana.def.
 *
 * Names are IANA's. What has no name is called "unknown", and "GREASE" where RFC 8701 reserves the
 * value so that nobody ever gives it a meaning. Nothing here says what this library supports: that
 * is the provider's and the configuration's business.
 */
#ifndef WIRE_IANA_H
#define WIRE_IANA_H

#include <handfast/types.h>

/* IANA_SUITE_TLS_AES_128_GCM_SHA256, IANA_GROUP_x25519, IANA_SCHEME_ed25519, ... */
enum {
#define IANA_SUITE(id, name)            IANA_SUITE_##name = (id),
#define IANA_GROUP(id, name)            IANA_GROUP_##name = (id),
#define IANA_SCHEME(id, name)           IANA_SCHEME_##name = (id),
#define IANA_COMPRESSION(id, name)      IANA_COMPRESSION_##name = (id),
#define IANA_EXTENSION(id, name)        IANA_EXTENSION_##name = (id),
#define IANA_HANDSHAKE(id, name, title) IANA_HANDSHAKE_##name = (id),
#define IANA_VERSION(id, name, text)    IANA_VERSION_##name = (id),
#define IANA_CONTENT(id, name)          IANA_CONTENT_##name = (id),
#define IANA_PSK_MODE(id, name)         IANA_PSK_MODE_##name = (id),
#define IANA_CERTIFICATE_TYPE(id, name) IANA_CERTIFICATE_TYPE_##name = (id),
#include "wire/iana.def"
};

/* Never NULL. */
const char *iana_suite_name(uint16_t id);
const char *iana_group_name(uint16_t id);
const char *iana_scheme_name(uint16_t id);
const char *iana_extension_name(uint16_t id);
const char *iana_compression_name(uint16_t id);
const char *iana_version_name(uint16_t id);         /* "TLS 1.3" */
const char *iana_handshake_name(uint8_t id);        /* "client_hello" */
const char *iana_handshake_title(uint8_t id);       /* "ClientHello", as the RFC's prose says it */
const char *iana_content_name(uint8_t id);          /* "handshake" */
const char *iana_psk_mode_name(uint8_t id);         /* "psk_dhe_ke" */
const char *iana_certificate_type_name(uint8_t id); /* "X509" */

/* The code point of a name or of one of its aliases ("P-256", "AES-128-GCM"), without regard to
 * case, '-' and '_'. False: nobody has that name, and *id is unchanged. */
bool iana_suite_find(hf_span name, uint16_t *id);
bool iana_group_find(hf_span name, uint16_t *id);
bool iana_scheme_find(hf_span name, uint16_t *id);
bool iana_compression_find(hf_span name, uint16_t *id);
bool iana_psk_mode_find(hf_span name, uint16_t *id);

/* Whether the value is one of 0x0a0a, 0x1a1a, ... 0xfafa (RFC 8701, 2). */
bool iana_is_grease(uint16_t id);

#endif
