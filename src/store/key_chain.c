#include "store/key_chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/span.h"
#include "crypto/hkdf.h"

static const char magic[] = "handfast-seed-1 ";

/* Far beyond any date, and small enough that milliseconds do not overflow. */
#define TIME_MAX_S INT64_C(1000000000000)

static bool is_blank(uint8_t c);
static bool read_number(hf_span *text, int64_t max, int64_t *out);
static bool read_link(hf_span text, uint8_t link[KEY_CHAIN_LINK_LEN]);
static void expand(const struct key_chain *chain, const char *label, hf_span context, uint8_t *out,
                   size_t len);

int64_t key_chain_period_at(uint32_t period_s, int64_t now_ms)
{
    const int64_t last_ms = TIME_MAX_S * 1000;
    const int64_t at_ms = now_ms < 0 ? 0 : now_ms > last_ms ? last_ms : now_ms;
    return at_ms / ((int64_t)period_s * 1000);
}

int64_t key_chain_start_ms(uint32_t period_s, int64_t period)
{
    return period * period_s * 1000;
}

bool key_chain_random(const hf_provider *provider, uint32_t period_s, int64_t now_ms,
                      struct key_chain *out)
{
    *out = (struct key_chain){.hash = provider->sha256,
                              .period_s = period_s,
                              .period = key_chain_period_at(period_s, now_ms)};
    return provider->random(NULL, out->link, sizeof out->link);
}

void key_chain_key(const struct key_chain *chain, uint8_t name[HF_TICKET_NAME_LEN],
                   uint8_t key[HF_TICKET_KEY_LEN])
{
    expand(chain, "handfast ticket name", span_of(NULL, 0), name, HF_TICKET_NAME_LEN);
    expand(chain, "handfast ticket key", span_of(NULL, 0), key, HF_TICKET_KEY_LEN);
}

void key_chain_step(struct key_chain *chain, hf_span fresh)
{
    uint8_t next[KEY_CHAIN_LINK_LEN];
    expand(chain, "handfast ticket next", fresh, next, sizeof next);
    memcpy(chain->link, next, sizeof next);
    chain->period++;
    hf_wipe(next, sizeof next);
}

void key_chain_write(const struct key_chain *chain, char out[HF_TICKET_SEED_MAX])
{
    static const char digits[] = "0123456789abcdef";
    const int n = snprintf(out, HF_TICKET_SEED_MAX, "%s%" PRIu32 " %" PRId64 " ", magic,
                           chain->period_s, chain->period);
    char *p = out + n; /* at most 16 + 10 + 1 + 20 + 1, and 66 follow */
    for (size_t i = 0; i < KEY_CHAIN_LINK_LEN; i++) {
        *p++ = digits[chain->link[i] >> 4];
        *p++ = digits[chain->link[i] & 15];
    }
    *p++ = '\n';
    *p = '\0';
}

bool key_chain_read(const hf_hash *hash, hf_span text, struct key_chain *out)
{
    const size_t magic_len = sizeof magic - 1;
    while (text.len > 0 && is_blank(text.data[text.len - 1])) {
        text.len--;
    }
    if (text.len < magic_len || memcmp(text.data, magic, magic_len) != 0) {
        return false;
    }
    text = span_of(text.data + magic_len, text.len - magic_len);
    struct key_chain chain = {.hash = hash};
    int64_t period_s;
    if (!read_number(&text, UINT32_MAX, &period_s) || period_s == 0 ||
        !read_number(&text, TIME_MAX_S / period_s, &chain.period) || !read_link(text, chain.link)) {
        hf_wipe(&chain, sizeof chain);
        return false;
    }
    chain.period_s = (uint32_t)period_s;
    *out = chain;
    hf_wipe(&chain, sizeof chain);
    return true;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Digits and one blank. */
static bool read_number(hf_span *text, int64_t max, int64_t *out)
{
    int64_t value = 0;
    size_t i = 0;
    for (; i < text->len && text->data[i] >= '0' && text->data[i] <= '9'; i++) {
        if (i == 18) {
            return false;
        }
        value = value * 10 + (text->data[i] - '0');
    }
    if (i == 0 || i == text->len || text->data[i] != ' ' || value > max) {
        return false;
    }
    *text = span_of(text->data + i + 1, text->len - i - 1);
    *out = value;
    return true;
}

static bool read_link(hf_span text, uint8_t link[KEY_CHAIN_LINK_LEN])
{
    if (text.len != (size_t)2 * KEY_CHAIN_LINK_LEN) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        const bool digit = c >= '0' && c <= '9';
        if (!digit && !(c >= 'a' && c <= 'f')) {
            return false;
        }
        const int value = digit ? c - '0' : c - 'a' + 10;
        link[i / 2] = (uint8_t)(link[i / 2] << 4 | value);
    }
    return true;
}

static void expand(const struct key_chain *chain, const char *label, hf_span context, uint8_t *out,
                   size_t len)
{
    struct hmac_key prk;
    uint8_t info[64];
    const size_t label_len = strlen(label);
    memcpy(info, label, label_len);
    if (context.len > 0) {
        memcpy(info + label_len, context.data, context.len);
    }
    hmac_key_init(&prk, chain->hash, span_of(chain->link, KEY_CHAIN_LINK_LEN));
    (void)hkdf_expand(&prk, span_of(info, label_len + context.len), out, len); /* never too long */
    hmac_key_wipe(&prk);
    hf_wipe(info, sizeof info);
}
