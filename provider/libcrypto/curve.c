/* Invariants: see ecdh.c; a key object in the stash holds nothing but a public key. */

/* EC_KEY_new and friends: key.h says why EVP_PKEY does not serve */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <stdatomic.h>

#include <openssl/crypto.h>
#include <openssl/obj_mac.h>

#include "libcrypto/curve.h"

static struct lc_spare desks[LC_CURVE_COUNT];
static struct lc_spare keys[LC_CURVE_COUNT];

/* What is known of each before its group was made. */
static const struct lc_curve curves[LC_CURVE_COUNT] = {
    [LC_P256] = {NID_X9_62_prime256v1, 256, 32, 0xff, true, NULL, NULL, &desks[LC_P256],
                 &keys[LC_P256]},
    [LC_P384] = {NID_secp384r1, 384, 48, 0xff, false, NULL, NULL, &desks[LC_P384], &keys[LC_P384]},
    [LC_P521] = {NID_secp521r1, 521, 66, 0x01, false, NULL, NULL, &desks[LC_P521], &keys[LC_P521]},
};

/* Made when first asked for; without memory asked for again, so not by a CRYPTO_ONCE. */
static _Atomic(struct lc_curve *) made[LC_CURVE_COUNT];

static struct lc_curve *make_curve(enum lc_curve_id id);
static void free_curve(struct lc_curve *curve);
static struct lc_desk *desk_new(const struct lc_curve *curve);
static void desk_free(struct lc_desk *desk);

const struct lc_curve *lc_curve(enum lc_curve_id id)
{
    struct lc_curve *curve = atomic_load_explicit(&made[id], memory_order_acquire);
    if (curve != NULL) {
        return curve;
    }
    struct lc_curve *ours = make_curve(id);
    if (ours == NULL || atomic_compare_exchange_strong(&made[id], &curve, ours)) {
        return ours;
    }
    free_curve(ours); /* another thread was faster */
    return curve;
}

struct lc_desk *lc_desk_take(const struct lc_curve *curve)
{
    if (curve == NULL) {
        return NULL;
    }
    struct lc_desk *desk = lc_spare_take(curve->desks);
    if (desk == NULL) {
        desk = desk_new(curve);
    }
    if (desk != NULL && desk->bn == NULL) {
        desk->bn = BN_CTX_new();
        if (desk->bn == NULL) {
            desk_free(desk);
            return NULL;
        }
    }
    return desk;
}

void lc_desk_put(struct lc_desk *desk)
{
    if (desk == NULL) {
        return;
    }
    /* A shared secret's point is overwritten: there is no call that clears one and keeps it. */
    EC_POINT_copy(desk->ours, EC_GROUP_get0_generator(desk->curve->group));
    if (!desk->curve->bn_is_clean) {
        BN_CTX_free(desk->bn);
        desk->bn = NULL;
    }
    BN_clear(desk->scalar);
    BN_clear(desk->x);
    if (!lc_spare_put(desk->curve->desks, desk)) {
        desk_free(desk);
    }
}

EC_KEY *lc_curve_key_take(const struct lc_curve *curve)
{
    EC_KEY *key = lc_spare_take(curve->keys);
    if (key != NULL) {
        return key;
    }
    key = EC_KEY_new();
    if (key != NULL && EC_KEY_set_group(key, curve->group) != 1) {
        EC_KEY_free(key);
        return NULL;
    }
    return key;
}

void lc_curve_key_put(const struct lc_curve *curve, EC_KEY *key)
{
    if (key != NULL && !lc_spare_put(curve->keys, key)) {
        EC_KEY_free(key);
    }
}

static struct lc_curve *make_curve(enum lc_curve_id id)
{
    struct lc_curve *curve = OPENSSL_zalloc(sizeof *curve);
    if (curve == NULL) {
        return NULL;
    }
    *curve = curves[id];
    EC_GROUP *group = EC_GROUP_new_by_curve_name(curve->nid);
    if (group == NULL) {
        free_curve(curve);
        return NULL;
    }
    curve->group = group;
    curve->order = EC_GROUP_get0_order(group);
    return curve;
}

static void free_curve(struct lc_curve *curve)
{
    EC_GROUP_free(curve->group);
    OPENSSL_free(curve);
}

static struct lc_desk *desk_new(const struct lc_curve *curve)
{
    struct lc_desk *desk = OPENSSL_zalloc(sizeof *desk);
    if (desk == NULL) {
        return NULL;
    }
    desk->curve = curve;
    desk->ours = EC_POINT_new(curve->group);
    desk->theirs = EC_POINT_new(curve->group);
    desk->scalar = BN_new();
    desk->x = BN_new();
    if (desk->ours == NULL || desk->theirs == NULL || desk->scalar == NULL || desk->x == NULL) {
        desk_free(desk);
        return NULL;
    }
    BN_set_flags(desk->scalar, BN_FLG_CONSTTIME);
    return desk;
}

static void desk_free(struct lc_desk *desk)
{
    BN_CTX_free(desk->bn);
    EC_POINT_clear_free(desk->ours);
    EC_POINT_clear_free(desk->theirs);
    BN_clear_free(desk->scalar);
    BN_clear_free(desk->x);
    OPENSSL_free(desk);
}
