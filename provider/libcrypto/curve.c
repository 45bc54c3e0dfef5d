/* Invariants: see ecdh.c. */
#include <openssl/crypto.h>
#include <openssl/obj_mac.h>

#include "libcrypto/curve.h"

static struct lc_spare desks[LC_CURVE_COUNT];

static CRYPTO_ONCE curves_once = CRYPTO_ONCE_STATIC_INIT;
static struct lc_curve curves[LC_CURVE_COUNT] = {
    [LC_P256] = {NID_X9_62_prime256v1, 256, 32, 0xff, true, NULL, NULL, &desks[LC_P256]},
    [LC_P384] = {NID_secp384r1, 384, 48, 0xff, false, NULL, NULL, &desks[LC_P384]},
    [LC_P521] = {NID_secp521r1, 521, 66, 0x01, false, NULL, NULL, &desks[LC_P521]},
};

static void make_curves(void);
static struct lc_desk *desk_new(const struct lc_curve *curve);
static void desk_free(struct lc_desk *desk);

const struct lc_curve *lc_curve(enum lc_curve_id id)
{
    CRYPTO_THREAD_run_once(&curves_once, make_curves);
    return curves[id].group != NULL ? &curves[id] : NULL;
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

static void make_curves(void)
{
    for (size_t i = 0; i < LC_CURVE_COUNT; i++) {
        EC_GROUP *group = EC_GROUP_new_by_curve_name(curves[i].nid);
        if (group != NULL) {
            curves[i].order = EC_GROUP_get0_order(group);
            curves[i].group = group;
        }
    }
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
