/* Each implementation of ML-KEM's arithmetic against the definitions of FIPS 203, computed in
 * the plainest way there is, over every input where they can be counted and over extremes and
 * noise where not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/native/mlkem_impls.h"

enum { ROUNDS = 50, MONTGOMERY = 65536 % MLKEM_Q };

static uint32_t noise_state = 1;

static uint32_t noise32(void)
{
    noise_state = noise_state * 1664525 + 1013904223;
    return noise_state >> 8;
}

static int mod_q(int64_t v)
{
    const int r = (int)(v % MLKEM_Q);
    return r < 0 ? r + MLKEM_Q : r;
}

static int power(int base, unsigned exponent)
{
    int result = 1;
    for (unsigned i = 0; i < exponent; i++) {
        result = result * base % MLKEM_Q;
    }
    return result;
}

/* BitRev7 of FIPS 203, 4.3. */
static unsigned bit_reverse7(unsigned v)
{
    unsigned r = 0;
    for (unsigned i = 0; i < 7; i++) {
        r |= (v >> i & 1) << (6 - i);
    }
    return r;
}

/* Coefficients from low to high; round 0 all low, 1 all high, 2 both in turns, then noise. */
static void poly_fill(struct mlkem_poly *p, unsigned round, int low, int high)
{
    for (unsigned i = 0; i < MLKEM_N; i++) {
        const int pick = round < 2 ? (int)round : (int)(i & 1);
        const int noise = low + (int)(noise32() % (uint32_t)(high - low + 1));
        p->c[i] = (int16_t)(round < 3 ? (pick ? high : low) : noise);
    }
}

static void expect_within(const struct mlkem_poly *p, int bound)
{
    for (unsigned i = 0; i < MLKEM_N; i++) {
        assert_in_range(p->c[i] + bound, 0, 2 * bound);
    }
}

/* The NTT by its definition (4.12): p mod X^2 - 17^(2 BitRev7(i) + 1) for each i. */
static void ntt_is_reduction_by_quadratics(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct mlkem_poly p;
        poly_fill(&p, round, round & 1 ? -4095 : -2, 4095);
        struct mlkem_poly transformed = p;
        impl->ntt(&transformed);
        expect_within(&transformed, MLKEM_Q / 2);
        for (unsigned i = 0; i < MLKEM_N / 2; i++) {
            const int root = power(17, 2 * bit_reverse7(i) + 1);
            int64_t even = 0;
            int64_t odd = 0;
            for (int j = MLKEM_N / 2 - 1; j >= 0; j--) { /* Horner */
                even = mod_q(even * root + p.c[2 * j]);
                odd = mod_q(odd * root + p.c[2 * j + 1]);
            }
            assert_int_equal(mod_q(transformed.c[2 * i]), even);
            assert_int_equal(mod_q(transformed.c[2 * i + 1]), odd);
        }
    }
}

static void inverse_ntt_undoes_ntt(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct mlkem_poly start;
        poly_fill(&start, round, -(MLKEM_Q - 1), MLKEM_Q - 1);
        struct mlkem_poly p = start;
        impl->inverse_ntt(&p);
        expect_within(&p, MLKEM_Q - 1);
        impl->ntt(&p);
        for (unsigned i = 0; i < MLKEM_N; i++) {
            assert_int_equal(mod_q(p.c[i]), mod_q((int64_t)start.c[i] * MONTGOMERY));
        }
    }
}

/* X * Y mod X^256 + 1, summed over three pairs, by the school's method. */
static void products_in_the_ntt_domain_are_products(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct mlkem_poly a[MLKEM_K];
        struct mlkem_factor b[MLKEM_K];
        int64_t expected[MLKEM_N] = {0};
        for (unsigned k = 0; k < MLKEM_K; k++) {
            poly_fill(&a[k], round, -(MLKEM_Q - 1), MLKEM_Q - 1);
            poly_fill(&b[k].plain, round + k, -2, 2);
            for (unsigned i = 0; i < MLKEM_N; i++) {
                for (unsigned j = 0; j < MLKEM_N; j++) {
                    const int64_t product = a[k].c[i] * b[k].plain.c[j];
                    expected[(i + j) % MLKEM_N] += i + j < MLKEM_N ? product : -product;
                }
            }
            impl->ntt(&a[k]);
            impl->ntt(&b[k].plain);
            impl->factor_twist(&b[k]);
        }
        struct mlkem_poly sum;
        impl->dot(&sum, a, b);
        impl->inverse_ntt(&sum);
        for (unsigned i = 0; i < MLKEM_N; i++) {
            assert_int_equal(mod_q(sum.c[i]), mod_q(expected[i]));
        }
    }
}

/* The largest operands that dot is promised: sums must not wrap. */
static void dot_stands_its_largest_operands(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    static const int large[2] = {4095, -4095};
    static const int centred[2] = {MLKEM_Q / 2, -(MLKEM_Q / 2)};
    for (unsigned round = 0; round < 16; round++) {
        struct mlkem_poly a[MLKEM_K];
        struct mlkem_factor b[MLKEM_K];
        for (unsigned k = 0; k < MLKEM_K; k++) {
            for (unsigned i = 0; i < MLKEM_N; i++) {
                a[k].c[i] = (int16_t)large[round >> (i & 1) & 1];
                b[k].plain.c[i] = (int16_t)centred[round >> (2 + (i & 1)) & 1];
            }
            impl->factor_twist(&b[k]);
            expect_within(&b[k].twisted, 4095);
        }
        struct mlkem_poly sum;
        impl->dot(&sum, a, b);
        expect_within(&sum, MLKEM_Q - 1);
        for (unsigned i = 0; i < MLKEM_N; i += 2) {
            const int root = power(17, 2 * bit_reverse7(i / 2) + 1);
            const int64_t a0 = a[0].c[i];
            const int64_t a1 = a[0].c[i + 1];
            const int64_t b0 = b[0].plain.c[i];
            const int64_t b1 = b[0].plain.c[i + 1];
            assert_int_equal(mod_q((int64_t)sum.c[i] * MONTGOMERY),
                             mod_q(3 * (a0 * b0 + mod_q(a1 * root) * b1)));
            assert_int_equal(mod_q((int64_t)sum.c[i + 1] * MONTGOMERY),
                             mod_q(3 * (a0 * b1 + a1 * b0)));
        }
    }
}

/* SampleNTT (algorithm 7), word for word; streams with all, some and no candidates below q, of
 * every length that is allowed, so that the 256th falls at every place. */
static void uniform_samples_are_the_small_candidates(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    for (unsigned round = 0; round < 400; round++) {
        uint8_t stream[MLKEM_STREAM_MAX];
        for (size_t i = 0; i < sizeof stream; i++) {
            stream[i] = (uint8_t)(round == 0 ? 0 : round == 1 ? 0xff : noise32());
            if (round > 200 && noise32() % 512 < round) {
                stream[i] = (uint8_t)(round & 1 ? 0xff : 0);
            }
        }
        const size_t len = round < 2 ? sizeof stream : 24 * (1 + noise32() % (sizeof stream / 24));
        int16_t expected[MLKEM_N];
        size_t count = 0;
        for (size_t i = 0; i < 2 * len / 3 && count < MLKEM_N; i++) {
            const uint8_t *c = stream + 3 * (i / 2);
            const int d = i % 2 == 0 ? c[0] + 256 * (c[1] % 16) : c[1] / 16 + 16 * c[2];
            if (d < MLKEM_Q) {
                expected[count++] = (int16_t)d;
            }
        }
        struct mlkem_poly p;
        uint8_t *exact = malloc(len); /* so that sanitizers see a read behind the end */
        assert_non_null(exact);
        memcpy(exact, stream, len);
        assert_int_equal(impl->sample_uniform(&p, exact, len), count);
        assert_memory_equal(p.c, expected, count * sizeof p.c[0]);
        free(exact);
    }
}

/* SamplePolyCBD (algorithm 8) for every value of every byte. */
static void noise_is_a_difference_of_bit_sums(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    for (unsigned round = 0; round < 256; round++) {
        uint8_t bytes[MLKEM_NOISE_LEN];
        for (unsigned i = 0; i < MLKEM_NOISE_LEN; i++) {
            bytes[i] = (uint8_t)(round + i * 37);
        }
        struct mlkem_poly p;
        impl->sample_noise(&p, bytes);
        for (unsigned i = 0; i < MLKEM_N; i++) {
            const int four = bytes[i / 2] >> (4 * (i % 2)) & 15;
            assert_int_equal(p.c[i], (four & 1) + (four >> 1 & 1) - (four >> 2 & 1) - (four >> 3));
        }
    }
}

/* Bit i of a string of numbers of d bits each: ByteEncode (algorithm 5). */
static unsigned number_at(const uint8_t *bytes, unsigned index, unsigned d)
{
    unsigned v = 0;
    for (unsigned b = 0; b < d; b++) {
        const unsigned at = index * d + b;
        v |= (unsigned)(bytes[at / 8] >> (at % 8) & 1) << b;
    }
    return v;
}

/* Compress by its definition, round(2^d / q * c) mod 2^d with halves up: halves do not occur, q
 * is odd. */
static unsigned compressed(int c, unsigned d)
{
    return (unsigned)((2 * (mod_q(c) << d) + MLKEM_Q) / (2 * MLKEM_Q)) & ((1u << d) - 1);
}

/* Every value that an int16_t can have. */
static void encodings_of_every_representative(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    for (int first = INT16_MIN; first < INT16_MAX; first += MLKEM_N) {
        struct mlkem_poly p;
        for (int i = 0; i < MLKEM_N; i++) {
            p.c[i] = (int16_t)(first + i);
        }
        uint8_t all[MLKEM_POLY_LEN];
        uint8_t ten[MLKEM_POLY10_LEN];
        uint8_t four[MLKEM_POLY4_LEN];
        uint8_t one[MLKEM768_MESSAGE_LEN];
        impl->encode12(all, &p);
        impl->compress10(ten, &p);
        impl->compress4(four, &p);
        impl->compress1(one, &p);
        for (unsigned i = 0; i < MLKEM_N; i++) {
            assert_int_equal(number_at(all, i, 12), mod_q(p.c[i]));
            assert_int_equal(number_at(ten, i, 10), compressed(p.c[i], 10));
            assert_int_equal(number_at(four, i, 4), compressed(p.c[i], 4));
            assert_int_equal(number_at(one, i, 1), compressed(p.c[i], 1));
        }
    }
}

/* Decompress is round(q / 2^d * y); all y of d = 10 occur in the rounds. */
static void decodings_of_every_number(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    for (unsigned round = 0; round < 256; round++) {
        uint8_t bytes[MLKEM_POLY_LEN];
        for (unsigned i = 0; i < MLKEM_POLY_LEN; i++) {
            bytes[i] = (uint8_t)(round < 2 ? 0xff * round : noise32());
        }
        struct mlkem_poly p;
        bool all_below_q = true;
        const bool said = impl->decode12(&p, bytes);
        for (unsigned i = 0; i < MLKEM_N; i++) {
            all_below_q = all_below_q && p.c[i] < MLKEM_Q;
            assert_int_equal(p.c[i], number_at(bytes, i, 12));
        }
        assert_int_equal(said, all_below_q);
        impl->decompress10(&p, bytes);
        for (unsigned i = 0; i < MLKEM_N; i++) {
            assert_int_equal(p.c[i], (number_at(bytes, i, 10) * MLKEM_Q + 512) / 1024);
        }
        impl->decompress4(&p, bytes);
        for (unsigned i = 0; i < MLKEM_N; i++) {
            assert_int_equal(p.c[i], (number_at(bytes, i, 4) * MLKEM_Q + 8) / 16);
        }
        impl->decompress1(&p, bytes);
        for (unsigned i = 0; i < MLKEM_N; i++) {
            assert_int_equal(p.c[i], number_at(bytes, i, 1) * ((MLKEM_Q + 1) / 2));
        }
    }
}

/* 3328 passes, 3329 does not, at each of the 256 places. */
static void the_modulus_check_sees_every_place(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    for (unsigned place = 0; place < MLKEM_N; place++) {
        for (int c = MLKEM_Q - 1; c <= MLKEM_Q; c++) {
            uint8_t bytes[MLKEM_POLY_LEN] = {0};
            for (unsigned b = 0; b < 12; b++) {
                const unsigned at = 12 * place + b;
                bytes[at / 8] |= (uint8_t)((c >> b & 1) << (at % 8));
            }
            struct mlkem_poly p;
            assert_int_equal(impl->decode12(&p, bytes), c < MLKEM_Q);
            assert_int_equal(p.c[place], c);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MLKEM_IMPL_TESTS(ntt_is_reduction_by_quadratics),
        MLKEM_IMPL_TESTS(inverse_ntt_undoes_ntt),
        MLKEM_IMPL_TESTS(products_in_the_ntt_domain_are_products),
        MLKEM_IMPL_TESTS(dot_stands_its_largest_operands),
        MLKEM_IMPL_TESTS(uniform_samples_are_the_small_candidates),
        MLKEM_IMPL_TESTS(noise_is_a_difference_of_bit_sums),
        MLKEM_IMPL_TESTS(encodings_of_every_representative),
        MLKEM_IMPL_TESTS(decodings_of_every_number),
        MLKEM_IMPL_TESTS(the_modulus_check_sees_every_place),
    };
    return cmocka_run_group_tests_name("mlkem_arith", tests, NULL, NULL);
}
