/* HelloRetryRequest, server side, with and without memory of the first hello. */
#ifndef HS_SERVER13_RETRY_H
#define HS_SERVER13_RETRY_H

#include "hs/hs.h"

/* Takes up a handshake from the cookie of a second ClientHello: suite, group and transcript
 * stand as if this connection had sent the HelloRetryRequest. */
hf_status retry_restore(struct hs *hs);

#endif
