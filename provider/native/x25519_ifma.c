/* X25519 with AVX-512 IFMA: four field elements side by side in five 256-bit registers, one limb of 51
 * bits of each in every register, and 52-bit products with the processor's own addition.
 *
 * Bounds: the multiplier reads 52 bits, so its inputs must be below 2^52; four_carry brings limbs below
 * 2^62 to 2^51 + 2^15, which also is what four_mul gives. A sum or difference of such is carried before it
 * is multiplied.
 *
 * Ladder: lanes are X2, Z2, X3, Z3 of RFC 7748, 5. A step is three multiplications of four lanes; the
 * conditional swap is an index of the permutations that open the step. Base: lanes are four partial sums,
 * each over a quarter of the table of x25519_base.c, added up at the end. */
#if defined(__SIZEOF_INT128__)

#include "x25519_impl.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "base/secret.h"

#define IFMA      __attribute__((target("avx2,avx512f,avx512vl,avx512ifma")))
#define IFMA_LEAF IFMA static inline __attribute__((always_inline))

typedef __m256i lanes;

struct four {
    lanes v[5];
};

/* Masks of lanes. */
enum { LANE_0 = 1, LANE_1 = 2, LANE_2 = 4, LANE_3 = 8 };

bool x25519_can_ifma(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512ifma");
}

/* --- field --- */

IFMA_LEAF lanes same(uint64_t x)
{
    return _mm256_set1_epi64x((long long)x);
}

/* 19x, for x below 2^59. */
IFMA_LEAF lanes times_19(lanes x)
{
    const lanes x3 = _mm256_add_epi64(x, _mm256_slli_epi64(x, 1));
    return _mm256_add_epi64(x3, _mm256_slli_epi64(x, 4));
}

/* The limbs of 2p, so that a difference stays positive: limb 0, and the others. */
IFMA_LEAF lanes two_p(int i)
{
    return same(i == 0 ? 2 * (FE_MASK - 18) : 2 * FE_MASK);
}

/* Every limb hands on what is above 51 bits, all at once. */
IFMA_LEAF struct four four_carry(const struct four *a)
{
    const lanes mask = same(FE_MASK);
    struct four r;
    r.v[0] =
        _mm256_add_epi64(_mm256_and_si256(a->v[0], mask), times_19(_mm256_srli_epi64(a->v[4], 51)));
    for (int i = 1; i < 5; i++) {
        r.v[i] =
            _mm256_add_epi64(_mm256_and_si256(a->v[i], mask), _mm256_srli_epi64(a->v[i - 1], 51));
    }
    return r;
}

/* Column k collects the low halves of the products of weight 2^(51k) and the high halves of those of
 * weight 2^(51(k-1)): these weigh 2^52, so they count twice. A column stays below 15 * 2^52, and
 * 2^255 is 19. */
IFMA_LEAF struct four four_mul(const struct four *a, const struct four *b)
{
    lanes low[10];
    lanes high[10];
    for (int k = 0; k < 10; k++) {
        low[k] = _mm256_setzero_si256();
        high[k] = _mm256_setzero_si256();
    }
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < 5; k++) {
            low[i + k] = _mm256_madd52lo_epu64(low[i + k], a->v[i], b->v[k]);
            high[i + k + 1] = _mm256_madd52hi_epu64(high[i + k + 1], a->v[i], b->v[k]);
        }
    }
    struct four r;
    for (int k = 0; k < 5; k++) {
        const lanes lower = _mm256_add_epi64(low[k], _mm256_add_epi64(high[k], high[k]));
        const lanes upper =
            _mm256_add_epi64(low[k + 5], _mm256_add_epi64(high[k + 5], high[k + 5]));
        r.v[k] = _mm256_add_epi64(lower, times_19(upper));
    }
    return four_carry(&r);
}

/* Not carried. */
IFMA_LEAF struct four four_add(const struct four *a, const struct four *b)
{
    struct four r;
    for (int i = 0; i < 5; i++) {
        r.v[i] = _mm256_add_epi64(a->v[i], b->v[i]);
    }
    return r;
}

/* Not carried; b is. */
IFMA_LEAF struct four four_sub(const struct four *a, const struct four *b)
{
    struct four r;
    for (int i = 0; i < 5; i++) {
        r.v[i] = _mm256_sub_epi64(_mm256_add_epi64(a->v[i], two_p(i)), b->v[i]);
    }
    return r;
}

IFMA_LEAF struct four four_add_carry(const struct four *a, const struct four *b)
{
    const struct four r = four_add(a, b);
    return four_carry(&r);
}

IFMA_LEAF struct four four_sub_carry(const struct four *a, const struct four *b)
{
    const struct four r = four_sub(a, b);
    return four_carry(&r);
}

IFMA_LEAF struct four four_from(const struct fe *a, const struct fe *b, const struct fe *c,
                                const struct fe *d)
{
    struct four r;
    for (int i = 0; i < 5; i++) {
        r.v[i] = _mm256_setr_epi64x((long long)a->v[i], (long long)b->v[i], (long long)c->v[i],
                                    (long long)d->v[i]);
    }
    return r;
}

IFMA_LEAF void four_to(struct fe out[4], const struct four *a)
{
    for (int i = 0; i < 5; i++) {
        uint64_t words[4];
        _mm256_storeu_si256((lanes *)(void *)words, a->v[i]);
        for (int k = 0; k < 4; k++) {
            out[k].v[i] = words[k];
        }
    }
}

/* The bits from low's bit at on, with high behind it. */
IFMA_LEAF lanes limb_at(lanes low, lanes high, int at)
{
    return _mm256_or_si256(_mm256_srli_epi64(low, at), _mm256_slli_epi64(high, 64 - at));
}

/* Four elements as four words each, to lanes and limbs. */
IFMA_LEAF struct four four_transpose(const lanes rows[4])
{
    const lanes even_low = _mm256_unpacklo_epi64(rows[0], rows[1]);
    const lanes odd_low = _mm256_unpackhi_epi64(rows[0], rows[1]);
    const lanes even_high = _mm256_unpacklo_epi64(rows[2], rows[3]);
    const lanes odd_high = _mm256_unpackhi_epi64(rows[2], rows[3]);
    const lanes w0 = _mm256_permute2x128_si256(even_low, even_high, 0x20);
    const lanes w1 = _mm256_permute2x128_si256(odd_low, odd_high, 0x20);
    const lanes w2 = _mm256_permute2x128_si256(even_low, even_high, 0x31);
    const lanes w3 = _mm256_permute2x128_si256(odd_low, odd_high, 0x31);
    const lanes mask = same(FE_MASK);
    struct four r;
    r.v[0] = _mm256_and_si256(w0, mask);
    r.v[1] = _mm256_and_si256(limb_at(w0, w1, 51), mask);
    r.v[2] = _mm256_and_si256(limb_at(w1, w2, 38), mask);
    r.v[3] = _mm256_and_si256(limb_at(w2, w3, 25), mask);
    r.v[4] = _mm256_srli_epi64(w3, 12);
    return r;
}

/* --- ladder --- */

IFMA_LEAF struct four ladder_step(const struct four *state, const struct four *u, lanes swap);

IFMA void x25519_ladder_ifma(struct x25519_fraction *out, const uint8_t scalar[32],
                             const struct fe *u)
{
    const struct fe zero = {{0}};
    const struct fe one = fe_one();
    /* Only Z3 is multiplied by u at the end of a step. */
    const struct four factor = four_from(&one, &one, &one, u);
    struct four state = four_from(&one, &zero, u, &one);
    uint64_t last = 0;
    for (int t = 254; t >= 0; t--) {
        const uint64_t bit = scalar[t / 8] >> (t % 8) & 1;
        /* An index xor 2 is the lane of the other point. */
        state = ladder_step(&state, &factor, same(2 * (bit ^ last)));
        last = bit;
    }
    /* Bits 0 to 2 of a clamped scalar are 0, so nothing is left to swap. */
    struct fe coordinates[4];
    four_to(coordinates, &state);
    out->over = coordinates[0];
    out->under = coordinates[1];
    hf_wipe(coordinates, sizeof coordinates);
    hf_wipe(&state, sizeof state);
}

/* RFC 7748, 5, with its names. */
IFMA_LEAF struct four ladder_step(const struct four *state, const struct four *u, lanes swap)
{
    const lanes at_x = _mm256_xor_si256(_mm256_setr_epi64x(0, 0, 2, 2), swap);
    const lanes at_z = _mm256_xor_si256(_mm256_setr_epi64x(1, 1, 3, 3), swap);
    struct four left;
    struct four right;
    for (int i = 0; i < 5; i++) {
        const lanes x = _mm256_permutexvar_epi64(at_x, state->v[i]);
        lanes z = _mm256_permutexvar_epi64(at_z, state->v[i]);
        z = _mm256_mask_sub_epi64(z, LANE_1 | LANE_2, two_p(i), z);
        left.v[i] = _mm256_add_epi64(x, z); /* A, B, D, C */
    }
    left = four_carry(&left);
    for (int i = 0; i < 5; i++) {
        right.v[i] = _mm256_permute4x64_epi64(left.v[i], _MM_SHUFFLE(1, 0, 1, 0)); /* A, B, A, B */
    }
    const struct four products = four_mul(&left, &right); /* AA, BB, DA, CB */

    struct four base;
    for (int i = 0; i < 5; i++) {
        const lanes first = _mm256_permute4x64_epi64(products.v[i], _MM_SHUFFLE(2, 2, 0, 0));
        lanes second = _mm256_permute4x64_epi64(products.v[i], _MM_SHUFFLE(3, 3, 1, 1));
        base.v[i] = _mm256_mask_blend_epi64(LANE_0, first, second); /* BB, AA */
        second = _mm256_mask_sub_epi64(second, LANE_1 | LANE_3, two_p(i), second);
        left.v[i] = _mm256_mask_add_epi64(first, LANE_1 | LANE_2 | LANE_3, first, second);
    }
    left = four_carry(&left); /* AA, E, DA + CB, DA - CB */
    /* BB, AA + a24 * E, DA + CB, DA - CB. */
    const lanes a24 = _mm256_setr_epi64x(0, 121665, 0, 0);
    lanes over[5];
    for (int i = 0; i < 5; i++) {
        const lanes start = _mm256_mask_blend_epi64(LANE_2 | LANE_3, base.v[i], left.v[i]);
        const lanes high = _mm256_madd52hi_epu64(_mm256_setzero_si256(), left.v[i], a24);
        right.v[i] = _mm256_madd52lo_epu64(start, left.v[i], a24);
        over[i] = _mm256_add_epi64(high, high);
    }
    right.v[0] = _mm256_add_epi64(right.v[0], times_19(over[4]));
    for (int i = 1; i < 5; i++) {
        right.v[i] = _mm256_add_epi64(right.v[i], over[i - 1]);
    }
    right = four_carry(&right);
    const struct four next = four_mul(&left, &right); /* x_2, z_2, x_3, (DA - CB)^2 */
    return four_mul(&next, u);
}

/* --- base --- */

/* Four points in extended coordinates. */
struct points {
    struct four x, y, z, t;
};

/* Four affine points as they are added: y + x, y - x, 2 d x y. */
struct niels4 {
    struct four sum, difference, product;
};

IFMA static void pick(struct niels4 *out, size_t row, const int8_t digits[4]);
IFMA static void add(struct points *p, const struct niels4 *q);
IFMA static void twice(struct points *p);
IFMA static void sum_up(struct x25519_fraction *out, const struct points *p);

IFMA void x25519_base_ifma(struct x25519_fraction *out, const uint8_t scalar[32])
{
    const struct fe zero = {{0}};
    const struct fe one = fe_one();
    const struct four zeros = four_from(&zero, &zero, &zero, &zero);
    const struct four ones = four_from(&one, &one, &one, &one);
    struct points p = {zeros, ones, ones, zeros};
    struct niels4 q;
    int8_t digits[64];
    int8_t odd[32];
    int8_t even[32];
    x25519_recode(digits, scalar);
    for (size_t i = 0; i < 32; i++) {
        even[i] = digits[2 * i];
        odd[i] = digits[2 * i + 1];
    }
    for (size_t row = 0; row < 32; row += 4) {
        pick(&q, row, odd + row);
        add(&p, &q);
    }
    for (int i = 0; i < 4; i++) {
        twice(&p);
    }
    for (size_t row = 0; row < 32; row += 4) {
        pick(&q, row, even + row);
        add(&p, &q);
    }
    sum_up(out, &p);
    hf_wipe(digits, sizeof digits);
    hf_wipe(odd, sizeof odd);
    hf_wipe(even, sizeof even);
    hf_wipe(&q, sizeof q);
    hf_wipe(&p, sizeof p);
}

/* The four rows' entries for the four digits. All of each row is read, with addresses that depend on
 * nothing: a masked load might leave out what it is not to deliver, so loads are whole and masks come
 * after. */
IFMA static void pick(struct niels4 *out, size_t row, const int8_t digits[4])
{
    const lanes one = _mm256_setr_epi64x(1, 0, 0, 0);
    lanes entry[3][4];
    lanes negative[4];
    for (size_t lane = 0; lane < 4; lane++) {
        const lanes digit = _mm256_set1_epi64x(digits[lane]);
        const lanes magnitude = _mm256_abs_epi64(digit);
        negative[lane] = _mm256_srai_epi64(digit, 63);
        const lanes none = _mm256_cmpeq_epi64(magnitude, _mm256_setzero_si256());
        lanes sum = _mm256_and_si256(one, none); /* the neutral point: 1, 1, 0 */
        lanes difference = sum;
        lanes product = _mm256_setzero_si256();
        for (uint64_t i = 0; i < 8; i++) {
            const lanes mask = _mm256_cmpeq_epi64(magnitude, same(i + 1));
            const lanes *from = (const lanes *)(const void *)x25519_table[row + lane][i];
            sum = _mm256_or_si256(sum, _mm256_and_si256(mask, from[0]));
            difference = _mm256_or_si256(difference, _mm256_and_si256(mask, from[1]));
            product = _mm256_or_si256(product, _mm256_and_si256(mask, from[2]));
        }
        /* Negation exchanges sum and difference; it negates the product further down. */
        const lanes swap = _mm256_and_si256(negative[lane], _mm256_xor_si256(sum, difference));
        entry[0][lane] = _mm256_xor_si256(sum, swap);
        entry[1][lane] = _mm256_xor_si256(difference, swap);
        entry[2][lane] = product;
    }
    out->sum = four_transpose(entry[0]);
    out->difference = four_transpose(entry[1]);
    out->product = four_transpose(entry[2]);
    const lanes low = _mm256_unpacklo_epi64(negative[0], negative[1]);
    const lanes high = _mm256_unpacklo_epi64(negative[2], negative[3]);
    const lanes negate = _mm256_permute2x128_si256(low, high, 0x20);
    for (int i = 0; i < 5; i++) {
        const lanes negated = _mm256_sub_epi64(two_p(i), out->product.v[i]);
        out->product.v[i] = _mm256_blendv_epi8(out->product.v[i], negated, negate);
    }
}

IFMA static void add(struct points *p, const struct niels4 *q)
{
    struct four a = four_sub_carry(&p->y, &p->x);
    struct four b = four_add_carry(&p->y, &p->x);
    a = four_mul(&a, &q->difference);
    b = four_mul(&b, &q->sum);
    const struct four c = four_mul(&p->t, &q->product);
    const struct four d = four_add(&p->z, &p->z);
    const struct four e = four_sub_carry(&b, &a);
    const struct four f = four_sub_carry(&d, &c);
    const struct four g = four_add_carry(&d, &c);
    const struct four h = four_add_carry(&b, &a);
    p->x = four_mul(&e, &f);
    p->y = four_mul(&g, &h);
    p->z = four_mul(&f, &g);
    p->t = four_mul(&e, &h);
}

IFMA static void twice(struct points *p)
{
    const struct four sum = four_add_carry(&p->x, &p->y);
    const struct four a = four_mul(&p->x, &p->x);
    const struct four b = four_mul(&p->y, &p->y);
    const struct four zz = four_mul(&p->z, &p->z);
    const struct four sum_squared = four_mul(&sum, &sum);
    const struct four h = four_add_carry(&a, &b);
    /* F and H are negated, and so are all four coordinates: the same point. */
    const struct four e = four_sub_carry(&sum_squared, &h);
    const struct four g = four_sub_carry(&b, &a);
    const struct four c = four_add(&zz, &zz);
    const struct four f = four_sub_carry(&c, &g);
    p->x = four_mul(&e, &f);
    p->y = four_mul(&g, &h);
    p->z = four_mul(&f, &g);
    p->t = four_mul(&e, &h);
}

struct extended {
    struct fe x, y, z, t;
};

IFMA static void add_one(struct extended *p, const struct extended *q);

IFMA static void sum_up(struct x25519_fraction *out, const struct points *p)
{
    struct fe x[4];
    struct fe y[4];
    struct fe z[4];
    struct fe t[4];
    four_to(x, &p->x);
    four_to(y, &p->y);
    four_to(z, &p->z);
    four_to(t, &p->t);
    struct extended sum = {x[0], y[0], z[0], t[0]};
    for (size_t i = 1; i < 4; i++) {
        const struct extended other = {x[i], y[i], z[i], t[i]};
        add_one(&sum, &other);
    }
    /* u = (1 + y) / (1 - y) */
    out->over = fe_add(&sum.z, &sum.y);
    out->under = fe_sub(&sum.z, &sum.y);
    hf_wipe(&sum, sizeof sum);
    hf_wipe(x, sizeof x);
    hf_wipe(y, sizeof y);
    hf_wipe(z, sizeof z);
    hf_wipe(t, sizeof t);
}

IFMA static void add_one(struct extended *p, const struct extended *q)
{
    /* 2d, d = -121665/121666 */
    static const struct fe two_d = {
        {0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff}};
    struct fe a = fe_sub(&p->y, &p->x);
    struct fe b = fe_add(&p->y, &p->x);
    const struct fe q_difference = fe_sub(&q->y, &q->x);
    const struct fe q_sum = fe_add(&q->y, &q->x);
    a = fe_mul(&a, &q_difference);
    b = fe_mul(&b, &q_sum);
    struct fe c = fe_mul(&p->t, &two_d);
    c = fe_mul(&c, &q->t);
    struct fe d = fe_mul(&p->z, &q->z);
    d = fe_add(&d, &d);
    const struct fe e = fe_sub(&b, &a);
    const struct fe f = fe_sub(&d, &c);
    const struct fe g = fe_add(&d, &c);
    const struct fe h = fe_add(&b, &a);
    p->x = fe_mul(&e, &f);
    p->y = fe_mul(&g, &h);
    p->z = fe_mul(&f, &g);
    p->t = fe_mul(&e, &h);
}

#else

bool x25519_can_ifma(void)
{
    return false;
}

#endif

#endif
