/* CertificateRequest as the client reads it (RFC 9846, 4.4.2). */
#ifndef HS_CLIENT13_REQUEST_H
#define HS_CLIENT13_REQUEST_H

#include "hs/hs.h"

/* Reads the message of the present step into hs->c.request_*, copied to the arena. */
hf_status request_read(struct hs *hs);

#endif
