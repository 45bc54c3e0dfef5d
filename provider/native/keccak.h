/* SHA-3 and SHAKE (FIPS 202), four sponges at a time.
 *
 * ML-KEM hashes many short, independent strings, and a vector unit permutes four Keccak states
 * in little more time than one. So the unit of work is a job, a whole hash computation, and
 * keccak_run keeps four lanes filled with jobs until all are done. Which lane does what depends
 * on the lengths of the jobs alone, never on their bytes. */
#ifndef NATIVE_KECCAK_H
#define NATIVE_KECCAK_H

#include <stddef.h>
#include <stdint.h>

enum { KECCAK_LANES = 4, KECCAK_WORDS = 25, KECCAK_HEAD_MAX = 64 };

/* Four states side by side: word w of lane l is at [w * KECCAK_LANES + l]. */
struct keccak_state {
    _Alignas(32) uint64_t words[KECCAK_WORDS * KECCAK_LANES];
};

/* Keccak-f[1600] on every lane whose bit is set in lanes (at least one); the others may change
 * too, or not. */
typedef void (*keccak_permute_fn)(struct keccak_state *state, unsigned lanes);

void keccak_permute_portable(struct keccak_state *state, unsigned lanes);
void keccak_permute_avx2(struct keccak_state *state, unsigned lanes);   /* AVX2, BMI1, BMI2 */
void keccak_permute_avx512(struct keccak_state *state, unsigned lanes); /* AVX-512 F and VL */
void keccak_permute_bmi2(struct keccak_state *state, size_t lane);      /* BMI1, BMI2; one lane */

/* The four functions that FIPS 203, 4.1 uses. */
enum keccak_function {
    KECCAK_SHAKE128, /* XOF */
    KECCAK_SHAKE256, /* PRF and J */
    KECCAK_SHA3_256, /* H */
    KECCAK_SHA3_512  /* G */
};

enum {
    KECCAK_SHAKE128_RATE = 168 /* bytes of output for each permutation */
};

/* One hash: out[0..out_len) = function(head || body). The head is a copy, for short strings that
 * are put together; the body stays the caller's. */
struct keccak_job {
    enum keccak_function function;
    size_t head_len;
    uint8_t head[KECCAK_HEAD_MAX];
    const uint8_t *body;
    size_t body_len;
    uint8_t *out;
    size_t out_len;
};

/* Does all jobs. They are started in the order given: longest first keeps the lanes full to the
 * end. Wipes its own state, not the jobs. */
void keccak_run(keccak_permute_fn permute, const struct keccak_job *jobs, size_t count);

#endif
