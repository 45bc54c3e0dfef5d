/* Names every byte of a handshake message, with the RFC's names. It judges nothing: what does not
 * follow the form is shown as malformed, what nobody has named as unknown. */
#ifndef RECORD_FIELDS_H
#define RECORD_FIELDS_H

#include <handfast/types.h>

#include "cli/json.h"
#include "recording/terms.h"

/* Adds the array "fields" of a message with its 4-byte header. version: the one negotiated, which
 * the form of some messages follows; 0: not known, as TLS 1.3. */
void fields_json(hf_span message, uint16_t version, struct terms *terms, struct json *j);

/* Whether a ServerHello is a HelloRetryRequest (RFC 9846, 4.2.3). */
bool fields_is_retry(hf_span message);

#endif
