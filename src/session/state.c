#include "session/state.h"

#include "base/span.h"
#include "wire/rd.h"
#include "wire/wr.h"

enum { FORM = 1, KNOWN_FLAGS = SESSION_PEER_PROVEN | SESSION_EMS, SECRET_MIN_LEN = 32 };

static void write_time(struct wr *w, int64_t time_ms);
static int64_t read_time(struct rd *r);
static void read_proof(struct rd *r, struct session_proof *out);

size_t session_state_write(const struct session_state *state, uint8_t out[SESSION_STATE_MAX])
{
    if (state->server_name.len > SESSION_NAME_MAX || state->alpn.len > SESSION_NAME_MAX) {
        return 0;
    }
    struct wr w = wr_of(out, SESSION_STATE_MAX);
    wr_u8(&w, FORM);
    wr_u16(&w, state->version);
    wr_u16(&w, state->cipher_suite);
    wr_u8(&w, state->flags);
    write_time(&w, state->issued_ms);
    wr_u32(&w, state->lifetime_s);
    wr_u32(&w, state->age_add);
    wr_u32(&w, state->max_early_data);
    wr_vec(&w, secret_span(&state->secret), 1);
    wr_vec(&w, state->server_name, 1);
    wr_vec(&w, state->alpn, 1);
    if ((state->flags & SESSION_PEER_PROVEN) != 0) {
        wr_bytes(&w, span_of(state->proof.peer, sizeof state->proof.peer));
        wr_bytes(&w, span_of(state->proof.trust, sizeof state->proof.trust));
        write_time(&w, state->proof.until_ms);
    }
    return w.bad ? 0 : w.len;
}

bool session_state_read(hf_span bytes, struct session_state *out)
{
    struct rd r = rd_of(bytes);
    struct session_state state = {0};
    const uint8_t form = rd_u8(&r);
    state.version = rd_u16(&r);
    state.cipher_suite = rd_u16(&r);
    state.flags = rd_u8(&r);
    state.issued_ms = read_time(&r);
    state.lifetime_s = rd_u32(&r);
    state.age_add = rd_u32(&r);
    state.max_early_data = rd_u32(&r);
    const hf_span secret = rd_vec8(&r, SECRET_MIN_LEN, sizeof state.secret.b);
    state.server_name = rd_vec8(&r, 0, SESSION_NAME_MAX);
    state.alpn = rd_vec8(&r, 0, SESSION_NAME_MAX);
    if ((state.flags & SESSION_PEER_PROVEN) != 0) {
        read_proof(&r, &state.proof);
    }
    *out = (struct session_state){0};
    if (!rd_done(&r) || form != FORM || !session_state_is_sound(&state)) {
        return false;
    }
    memcpy(state.secret.b, secret.data, secret.len);
    state.secret.len = (uint8_t)secret.len;
    *out = state;
    secret_wipe(&state.secret);
    return true;
}

void session_state_limit(struct session_state *state)
{
    if (state->lifetime_s > SESSION_LIFETIME_MAX_S) {
        state->lifetime_s = SESSION_LIFETIME_MAX_S;
    }
    if ((state->flags & SESSION_PEER_PROVEN) != 0) {
        const int64_t left_s = (state->proof.until_ms - state->issued_ms) / 1000;
        if (left_s < (int64_t)state->lifetime_s) {
            state->lifetime_s = left_s < 0 ? 0 : (uint32_t)left_s;
        }
    }
}

static void write_time(struct wr *w, int64_t time_ms)
{
    wr_u32(w, (uint32_t)((uint64_t)time_ms >> 32));
    wr_u32(w, (uint32_t)(uint64_t)time_ms);
}

static int64_t read_time(struct rd *r)
{
    const uint64_t high = rd_u32(r);
    return (int64_t)(high << 32 | rd_u32(r));
}

static void read_proof(struct rd *r, struct session_proof *out)
{
    const hf_span peer = rd_bytes(r, sizeof out->peer);
    const hf_span trust = rd_bytes(r, sizeof out->trust);
    out->until_ms = read_time(r);
    if (!r->bad) {
        memcpy(out->peer, peer.data, peer.len);
        memcpy(out->trust, trust.data, trust.len);
    }
}

/* Times of before 1970 or beyond the year 10000 are nobody's, and what is computed with the others
 * cannot overflow. */
static bool is_time(int64_t time_ms)
{
    return time_ms >= 0 && time_ms < INT64_C(1) << 48;
}

bool session_state_is_sound(const struct session_state *state)
{
    return (state->flags & ~KNOWN_FLAGS) == 0 && state->lifetime_s <= SESSION_LIFETIME_MAX_S &&
           is_time(state->issued_ms) && is_time(state->proof.until_ms);
}
