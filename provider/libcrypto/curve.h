/* The three NIST curves: groups that are made once, desks to work at, and key objects. */
#ifndef LIBCRYPTO_CURVE_H
#define LIBCRYPTO_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/bn.h>
#include <openssl/ec.h>

#include "libcrypto/spare.h"

enum { LC_FIELD_MAX_LEN = 66 }; /* P-521 */

enum lc_curve_id { LC_P256, LC_P384, LC_P521, LC_CURVE_COUNT };

struct lc_curve {
    int nid;
    uint16_t bits;
    uint8_t field_len; /* bytes; also those of a scalar */
    uint8_t top_mask;  /* of a scalar's first byte */
    /* Whether EC_POINT_mul leaves no copy of the scalar in its BN_CTX, so that the desk may keep
     * it: true of the P-256 assembly, false of the generic ladder. */
    bool bn_is_clean;
    EC_GROUP *group;
    const BIGNUM *order;
    struct lc_spare *desks;
    struct lc_spare *keys; /* EC_KEY on this curve without a private key */
};

/* What one operation on a curve needs beside its inputs. */
struct lc_desk {
    const struct lc_curve *curve;
    BN_CTX *bn; /* never NULL in an operation's hands */
    EC_POINT *ours, *theirs;
    BIGNUM *scalar, *x; /* wiped when the desk is put back */
};

/* NULL when memory failed while it was made. */
const struct lc_curve *lc_curve(enum lc_curve_id id);

/* curve may be NULL, and gives NULL. */
struct lc_desk *lc_desk_take(const struct lc_curve *curve);
void lc_desk_put(struct lc_desk *desk);

/* A key object on the curve for a public key; the point in it, if any, is of another key. It costs
 * 30 allocations to make and none to use again. NULL: no memory. */
EC_KEY *lc_curve_key_take(const struct lc_curve *curve);
/* key may be NULL. It must never have held a private key. */
void lc_curve_key_put(const struct lc_curve *curve, EC_KEY *key);

#endif
