/* scalar * 9 on the twisted Edwards curve -x^2 + y^2 = 1 + d x^2 y^2, whose base point is that of Ed25519
 * and answers to u = 9 (RFC 7748, 4.1): u = (1 + y) / (1 - y).
 *
 * The scalar is 64 signed digits of base 16. Table row i holds 1..8 times 256^i B, so odd digits are
 * added first, the sum is multiplied by 16, and then come the even ones: 64 additions, 4 doublings.
 * Formulas: Hisil, Wong, Carter, Dawson, "Twisted Edwards Curves Revisited" (2008), for a = -1. */
#if defined(__SIZEOF_INT128__)

#include "base/secret.h"
#include "x25519_impl.h"

/* Extended coordinates: x = X/Z, y = Y/Z, xy = T/Z. */
struct point {
    struct fe x, y, z, t;
};

/* An affine point as it is added: y + x, y - x, 2 d x y. */
struct niels {
    struct fe sum, difference, product;
};

static struct niels pick(const uint64_t row[8][3][4], int8_t digit);
static void add(struct point *p, const struct niels *q);
static void twice(struct point *p);

void x25519_base_portable(struct x25519_fraction *out, const uint8_t scalar[32])
{
    int8_t digits[64];
    struct niels q;
    struct point p = {{{0}}, fe_one(), fe_one(), {{0}}};
    x25519_recode(digits, scalar);
    for (size_t i = 0; i < 32; i++) {
        q = pick(x25519_table[i], digits[2 * i + 1]);
        add(&p, &q);
    }
    for (int i = 0; i < 4; i++) {
        twice(&p);
    }
    for (size_t i = 0; i < 32; i++) {
        q = pick(x25519_table[i], digits[2 * i]);
        add(&p, &q);
    }
    out->over = fe_add(&p.z, &p.y);
    out->under = fe_sub(&p.z, &p.y);
    hf_wipe(digits, sizeof digits);
    hf_wipe(&q, sizeof q);
    hf_wipe(&p, sizeof p);
}

void x25519_recode(int8_t digits[64], const uint8_t scalar[32])
{
    for (size_t i = 0; i < 32; i++) {
        digits[2 * i] = (int8_t)(scalar[i] & 15);
        digits[2 * i + 1] = (int8_t)(scalar[i] >> 4);
    }
    int8_t carry = 0;
    for (size_t i = 0; i < 63; i++) {
        digits[i] = (int8_t)(digits[i] + carry);
        carry = (int8_t)((digits[i] + 8) >> 4);
        digits[i] = (int8_t)(digits[i] - 16 * carry);
    }
    digits[63] = (int8_t)(digits[63] + carry); /* at most 8: bit 255 of a clamped scalar is 0 */
}

/* All ones when the two are equal, else zero: only then does their difference borrow. Both are small. */
static uint64_t is_equal(uint64_t a, uint64_t b)
{
    return 0 - (((a ^ b) - 1) >> 63);
}

/* digit times the row's point: reads all of the row, and moves what it wants with masks. */
static struct niels pick(const uint64_t row[8][3][4], int8_t digit)
{
    const uint64_t negative = 0 - ((uint64_t)digit >> 63);
    const uint64_t magnitude = ((uint64_t)digit ^ negative) - negative;
    uint64_t words[3][4] = {{0}};
    for (uint64_t i = 0; i < 8; i++) {
        const uint64_t mask = is_equal(magnitude, i + 1);
        for (size_t k = 0; k < 3; k++) {
            for (size_t w = 0; w < 4; w++) {
                words[k][w] |= mask & row[i][k][w];
            }
        }
    }
    words[0][0] |= is_equal(magnitude, 0) & 1; /* the neutral point: 1, 1, 0 */
    words[1][0] |= is_equal(magnitude, 0) & 1;
    /* Negation exchanges sum and difference and negates the product. */
    for (size_t w = 0; w < 4; w++) {
        const uint64_t swap = negative & (words[0][w] ^ words[1][w]);
        words[0][w] ^= swap;
        words[1][w] ^= swap;
    }
    struct niels q = {fe_from_words(words[0]), fe_from_words(words[1]), fe_from_words(words[2])};
    const struct fe zero = {{0}};
    const struct fe negated = fe_sub(&zero, &q.product);
    for (size_t i = 0; i < 5; i++) {
        q.product.v[i] ^= negative & (q.product.v[i] ^ negated.v[i]);
    }
    return q;
}

static void add(struct point *p, const struct niels *q)
{
    struct fe a = fe_sub(&p->y, &p->x);
    struct fe b = fe_add(&p->y, &p->x);
    a = fe_mul(&a, &q->difference);
    b = fe_mul(&b, &q->sum);
    const struct fe c = fe_mul(&p->t, &q->product);
    const struct fe d = fe_add(&p->z, &p->z);
    const struct fe e = fe_sub(&b, &a);
    const struct fe f = fe_sub(&d, &c);
    const struct fe g = fe_add(&d, &c);
    const struct fe h = fe_add(&b, &a);
    p->x = fe_mul(&e, &f);
    p->y = fe_mul(&g, &h);
    p->z = fe_mul(&f, &g);
    p->t = fe_mul(&e, &h);
}

static void twice(struct point *p)
{
    const struct fe a = fe_square(&p->x);
    const struct fe b = fe_square(&p->y);
    const struct fe zz = fe_square(&p->z);
    const struct fe sum = fe_add(&p->x, &p->y);
    const struct fe sum_squared = fe_square(&sum);
    const struct fe h = fe_add(&a, &b);
    /* F and H are negated, and so are all four coordinates: the same point. */
    const struct fe e = fe_sub(&sum_squared, &h);
    const struct fe g = fe_sub(&b, &a);
    /* Not c - g: fe_sub takes away no difference. */
    struct fe f = fe_add(&zz, &zz);
    f = fe_add(&f, &a);
    f = fe_sub(&f, &b);
    p->x = fe_mul(&e, &f);
    p->y = fe_mul(&g, &h);
    p->z = fe_mul(&f, &g);
    p->t = fe_mul(&e, &h);
}

#endif
