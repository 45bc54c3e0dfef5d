/* Invariant: a form in the stash holds numbers of some earlier signature, which are public. */

/* ECDSA_do_sign, ECDSA_do_verify: key.h says why not EVP_PKEY */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>

#include "libcrypto/der.h"
#include "libcrypto/ecdsa.h"
#include "libcrypto/spare.h"

/* A signature as libcrypto takes it, to be filled in again and again. */
struct form {
    ECDSA_SIG *sig;
    BIGNUM *r, *s; /* sig's own */
};

static struct lc_spare forms;

static size_t write_value(const ECDSA_SIG *sig, uint8_t out[LC_ECDSA_MAX_LEN]);
static uint8_t *write_unsigned(const BIGNUM *n, uint8_t *out);
static bool read_value(hf_span der, const struct form *form);
static struct form *form_new(void);
static void form_free(struct form *form);

bool lc_ecdsa_sign(EC_KEY *key, hf_span digest, uint8_t *sig, size_t *len)
{
    ECDSA_SIG *made = ECDSA_do_sign(digest.data, (int)digest.len, key);
    if (made == NULL) {
        return false;
    }
    uint8_t value[LC_ECDSA_MAX_LEN];
    const size_t value_len = write_value(made, value);
    ECDSA_SIG_free(made);
    if (value_len > *len) {
        return false;
    }
    memcpy(sig, value, value_len);
    *len = value_len;
    return true;
}

bool lc_ecdsa_verify(EC_KEY *key, hf_span digest, hf_span sig)
{
    struct form *form = lc_spare_take(&forms);
    if (form == NULL) {
        form = form_new();
    }
    if (form == NULL) {
        return false;
    }
    const bool valid =
        read_value(sig, form) && ECDSA_do_verify(digest.data, (int)digest.len, form->sig, key) == 1;
    if (!lc_spare_put(&forms, form)) {
        form_free(form);
    }
    return valid;
}

/* SEQUENCE { r INTEGER, s INTEGER }: below 256 bytes, as the longest of the curves shows. */
static size_t write_value(const ECDSA_SIG *sig, uint8_t out[LC_ECDSA_MAX_LEN])
{
    uint8_t numbers[LC_ECDSA_MAX_LEN - 3];
    uint8_t *end = write_unsigned(ECDSA_SIG_get0_r(sig), numbers);
    end = write_unsigned(ECDSA_SIG_get0_s(sig), end);
    const size_t len = (size_t)(end - numbers);
    size_t at = 0;
    out[at++] = DER_SEQUENCE;
    if (len >= 0x80) {
        out[at++] = 0x81;
    }
    out[at++] = (uint8_t)len;
    memcpy(out + at, numbers, len);
    return at + len;
}

/* An INTEGER of at most LC_FIELD_MAX_LEN bytes, with a zero in front where the first bit is set.
 * Returns the place behind it. */
static uint8_t *write_unsigned(const BIGNUM *n, uint8_t *out)
{
    const int bits = BN_num_bits(n);
    const int len = bits / 8 + 1; /* of the bits and a sign */
    *out++ = DER_INTEGER;
    *out++ = (uint8_t)len;
    (void)BN_bn2binpad(n, out, len);
    return out + len;
}

/* libcrypto checks the range of both numbers against the order. */
static bool read_value(hf_span der, const struct form *form)
{
    hf_span fields = {NULL, 0};
    hf_span r = {NULL, 0};
    hf_span s = {NULL, 0};
    return der_take(&der, DER_SEQUENCE, &fields) && der.len == 0 &&
           der_take_unsigned(&fields, &r) && der_take_unsigned(&fields, &s) && fields.len == 0 &&
           r.len <= LC_FIELD_MAX_LEN && s.len <= LC_FIELD_MAX_LEN &&
           BN_bin2bn(r.data, (int)r.len, form->r) != NULL &&
           BN_bin2bn(s.data, (int)s.len, form->s) != NULL;
}

static struct form *form_new(void)
{
    struct form *form = OPENSSL_zalloc(sizeof *form);
    if (form == NULL) {
        return NULL;
    }
    form->sig = ECDSA_SIG_new();
    form->r = BN_new();
    form->s = BN_new();
    if (form->sig == NULL || form->r == NULL || form->s == NULL ||
        ECDSA_SIG_set0(form->sig, form->r, form->s) != 1) {
        BN_free(form->r);
        BN_free(form->s);
        form->r = NULL;
        form->s = NULL;
        form_free(form);
        return NULL;
    }
    return form;
}

static void form_free(struct form *form)
{
    ECDSA_SIG_free(form->sig); /* with r and s */
    OPENSSL_free(form);
}
