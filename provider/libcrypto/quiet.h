/* libcrypto notes each failure in a queue of the thread, which other users of libcrypto in the
 * program read to learn why their call failed: what we refuse here must not be found there.
 * Every door behind which libcrypto may fail stands between these two; what was in the queue
 * before stays. */
#ifndef LIBCRYPTO_QUIET_H
#define LIBCRYPTO_QUIET_H

#include <openssl/err.h>

static inline void lc_quiet_begin(void)
{
    ERR_set_mark();
}

static inline void lc_quiet_end(void)
{
    ERR_pop_to_mark();
}

#endif
