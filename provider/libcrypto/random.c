/* Random bytes of libcrypto's private generator: one per thread, reseeded after fork. The
 * private one serves for everything, so that no public value is drawn from the generator that
 * makes keys' output predictable if it were ever to be broken: the two differ only in state. */
#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "libcrypto/libcrypto.h"

bool lc_random(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    if (len > INT_MAX || RAND_priv_bytes(out, (int)len) != 1) {
        OPENSSL_cleanse(out, len);
        return false;
    }
    return true;
}
