/* The sponge (FIPS 202, 4) over four lanes, and the portable permutation.
 *
 * Invariants of a lane: job is NULL when the lane is idle; until absorbed is set the next block
 * to mix in starts at byte input_at of head || body; afterwards out[0..output_at) has been
 * written. */
#include "keccak.h"

#include <stdbool.h>
#include <string.h>

#include "base/secret.h"

enum { RATE_MAX = 168 };

struct lane {
    const struct keccak_job *job;
    size_t input_at;
    size_t output_at;
    bool absorbed;
};

struct function_params {
    uint8_t rate;
    uint8_t suffix; /* domain bits and the first bit of pad10*1: FIPS 202, 6 and B.2 */
};

static void lane_start(struct lane *lane, struct keccak_state *state, size_t index,
                       const struct keccak_job *job);
static void lane_absorb(struct lane *lane, struct keccak_state *state, size_t index);
static void lane_squeeze(struct lane *lane, const struct keccak_state *state, size_t index);
static size_t input_copy(const struct keccak_job *job, size_t at, uint8_t *block, size_t room);
static uint64_t load64(const uint8_t *p);
static void store64(uint8_t *p, uint64_t v);

static const struct function_params params_of[] = {
    [KECCAK_SHAKE128] = {168, 0x1f},
    [KECCAK_SHAKE256] = {136, 0x1f},
    [KECCAK_SHA3_256] = {136, 0x06},
    [KECCAK_SHA3_512] = {72, 0x06},
};

void keccak_run(keccak_permute_fn permute, const struct keccak_job *jobs, size_t count)
{
    struct keccak_state state;
    struct lane lanes[KECCAK_LANES] = {{0}};
    size_t next = 0;
    for (;;) {
        unsigned active = 0;
        for (size_t i = 0; i < KECCAK_LANES; i++) {
            if (lanes[i].job == NULL && next < count) {
                lane_start(&lanes[i], &state, i, &jobs[next]);
                next++;
            }
            if (lanes[i].job != NULL) {
                lane_absorb(&lanes[i], &state, i);
                active |= 1u << i;
            }
        }
        if (active == 0) {
            break;
        }
        permute(&state, active);
        for (size_t i = 0; i < KECCAK_LANES; i++) {
            if (lanes[i].job != NULL) {
                lane_squeeze(&lanes[i], &state, i);
            }
        }
    }
    hf_wipe(&state, sizeof state);
}

static void lane_start(struct lane *lane, struct keccak_state *state, size_t index,
                       const struct keccak_job *job)
{
    *lane = (struct lane){.job = job};
    for (size_t w = 0; w < KECCAK_WORDS; w++) {
        state->words[w * KECCAK_LANES + index] = 0;
    }
}

/* Mixes in one block, the last one padded; does nothing once all input is in. */
static void lane_absorb(struct lane *lane, struct keccak_state *state, size_t index)
{
    if (lane->absorbed) {
        return;
    }
    const struct function_params params = params_of[lane->job->function];
    uint8_t block[RATE_MAX];
    const size_t filled = input_copy(lane->job, lane->input_at, block, params.rate);
    lane->input_at += filled;
    if (filled < params.rate) {
        memset(block + filled, 0, params.rate - filled);
        block[filled] = params.suffix;
        block[params.rate - 1u] |= 0x80;
        lane->absorbed = true;
    }
    for (size_t w = 0; w < params.rate / 8u; w++) {
        state->words[w * KECCAK_LANES + index] ^= load64(block + 8 * w);
    }
    hf_wipe(block, params.rate);
}

/* Writes out the next block, once all input is in, and frees the lane after the last. */
static void lane_squeeze(struct lane *lane, const struct keccak_state *state, size_t index)
{
    if (!lane->absorbed) {
        return;
    }
    const size_t rate = params_of[lane->job->function].rate;
    const size_t left = lane->job->out_len - lane->output_at;
    const size_t take = left < rate ? left : rate;
    uint8_t *out = lane->job->out + lane->output_at;
    const uint64_t *word = state->words + index;
    for (size_t i = 0; i + 8 <= take; i += 8) {
        store64(out + i, *word);
        word += KECCAK_LANES;
    }
    for (size_t i = take & ~(size_t)7; i < take; i++) {
        out[i] = (uint8_t)(*word >> (8 * (i & 7)));
    }
    lane->output_at += take;
    if (lane->output_at == lane->job->out_len) {
        lane->job = NULL;
    }
}

/* Copies head || body from byte at on, as much as fits or is there. */
static size_t input_copy(const struct keccak_job *job, size_t at, uint8_t *block, size_t room)
{
    size_t filled = 0;
    if (at < job->head_len) {
        const size_t left = job->head_len - at;
        filled = left < room ? left : room;
        memcpy(block, job->head + at, filled);
    }
    const size_t body_at = at + filled - job->head_len;
    if (filled < room && job->body_len > body_at) {
        const size_t left = job->body_len - body_at;
        const size_t take = left < room - filled ? left : room - filled;
        memcpy(block + filled, job->body + body_at, take);
        filled += take;
    }
    return filled;
}

/* Written out, because compilers see one load in this and not in a loop. */
static inline uint64_t load64(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

static inline void store64(uint8_t *p, uint64_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
    p[4] = (uint8_t)(v >> 32);
    p[5] = (uint8_t)(v >> 40);
    p[6] = (uint8_t)(v >> 48);
    p[7] = (uint8_t)(v >> 56);
}

#define KECCAK_TARGET
#define KECCAK_WORD          uint64_t
#define KECCAK_XOR(a, b)     ((a) ^ (b))
#define KECCAK_XOR3(a, b, c) ((a) ^ (b) ^ (c))
#define KECCAK_CHI(a, b, c)  ((a) ^ (~(b) & (c)))
#define KECCAK_ROL(a, n)     ((a) << (n) | (a) >> (64 - (n)))
#define KECCAK_CONST(c)      (c)
#include "keccak_round.h"

void keccak_permute_portable(struct keccak_state *state, unsigned lanes)
{
    for (size_t i = 0; i < KECCAK_LANES; i++) {
        if ((lanes >> i & 1) == 0) {
            continue;
        }
        uint64_t a[KECCAK_WORDS];
        for (size_t w = 0; w < KECCAK_WORDS; w++) {
            a[w] = state->words[w * KECCAK_LANES + i];
        }
        keccak_rounds(a);
        for (size_t w = 0; w < KECCAK_WORDS; w++) {
            state->words[w * KECCAK_LANES + i] = a[w];
        }
    }
}
