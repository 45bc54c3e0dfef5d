#include "session/cookie.h"

#include <assert.h>
#include <string.h>

#include "base/secret.h"
#include "base/span.h"
#include "crypto/hmac.h"
#include "wire/rd.h"
#include "wire/wr.h"

enum { FORM = 1, MAC_LEN = 32 };

static void compute_mac(const hf_provider *provider, const uint8_t *key, hf_span body,
                        hf_span peer_address, uint8_t mac[MAC_LEN]);
static bool parse(hf_span body, struct cookie_state *out);
static bool is_in_time(int64_t issued_s, int64_t now_s);

size_t cookie_seal(const hf_provider *provider, const uint8_t key[COOKIE_KEY_LEN],
                   const struct cookie_state *state, hf_span peer_address,
                   uint8_t out[COOKIE_MAX_LEN])
{
    struct wr w = wr_of(out, COOKIE_MAX_LEN - MAC_LEN);
    wr_u8(&w, FORM);
    wr_u16(&w, state->cipher_suite);
    wr_u16(&w, state->group);
    wr_u32(&w, (uint32_t)((uint64_t)state->issued_s >> 32));
    wr_u32(&w, (uint32_t)(uint64_t)state->issued_s);
    wr_vec(&w, span_of(state->hello_hash, state->hash_len), 1);
    wr_bytes(&w, span_of(state->fixed, sizeof state->fixed));
    assert(!w.bad); /* all but the hash has a fixed length, and that has a limit */
    compute_mac(provider, key, span_of(out, w.len), peer_address, out + w.len);
    return w.len + MAC_LEN;
}

enum cookie_result cookie_open(const hf_provider *provider, const uint8_t key[COOKIE_KEY_LEN],
                               hf_span cookie, hf_span peer_address, int64_t now_s,
                               struct cookie_state *out)
{
    if (cookie.len <= MAC_LEN || cookie.len > COOKIE_MAX_LEN) {
        return COOKIE_FORGED;
    }
    const hf_span body = span_of(cookie.data, cookie.len - MAC_LEN);
    uint8_t mac[MAC_LEN];
    compute_mac(provider, key, body, peer_address, mac);
    const bool is_ours = hf_ct_equal(mac, cookie.data + body.len, MAC_LEN);
    hf_wipe(mac, sizeof mac); /* that of a forgery would be a key to it */
    /* Nothing in it is believed, or even looked at, before the MAC is right. */
    struct cookie_state state = {0};
    if (!is_ours || !parse(body, &state)) {
        return COOKIE_FORGED;
    }
    if (!is_in_time(state.issued_s, now_s)) {
        return COOKIE_EXPIRED;
    }
    *out = state;
    return COOKIE_OK;
}

/* The label keeps this use of the key apart from any other; the address goes in as its hash, so
 * that its length is fixed and no byte can pass from it to the body. */
static void compute_mac(const hf_provider *provider, const uint8_t *key, hf_span body,
                        hf_span peer_address, uint8_t mac[MAC_LEN])
{
    static const char label[] = "handfast cookie 1";
    const hf_hash *const sha256 = provider->sha256;
    uint8_t head[sizeof label + MAC_LEN];
    memcpy(head, label, sizeof label);
    hf_hash_ctx ctx;
    sha256->init(&ctx);
    sha256->update(&ctx, peer_address.data, peer_address.len);
    sha256->final(&ctx, head + sizeof label);
    struct hmac_key hmac;
    hmac_key_init(&hmac, sha256, span_of(key, COOKIE_KEY_LEN));
    hmac_mac(&hmac, span_of(head, sizeof head), body, mac);
    hmac_key_wipe(&hmac);
}

static bool parse(hf_span body, struct cookie_state *out)
{
    struct rd r = rd_of(body);
    const uint8_t form = rd_u8(&r);
    out->cipher_suite = rd_u16(&r);
    out->group = rd_u16(&r);
    const uint64_t high = rd_u32(&r);
    out->issued_s = (int64_t)(high << 32 | rd_u32(&r));
    const hf_span hash = rd_vec8(&r, 1, sizeof out->hello_hash);
    const hf_span fixed = rd_bytes(&r, sizeof out->fixed);
    if (!rd_done(&r) || form != FORM) {
        return false;
    }
    out->hash_len = (uint8_t)hash.len;
    memcpy(out->hello_hash, hash.data, hash.len);
    memcpy(out->fixed, fixed.data, fixed.len);
    return true;
}

/* Differences are taken unsigned: no clock value overflows them. */
static bool is_in_time(int64_t issued_s, int64_t now_s)
{
    if (issued_s > now_s) {
        return (uint64_t)issued_s - (uint64_t)now_s <= COOKIE_SKEW_S;
    }
    return (uint64_t)now_s - (uint64_t)issued_s <= COOKIE_LIFETIME_S;
}
