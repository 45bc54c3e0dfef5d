/* Seeds, read and used. */
#include "fleet/seed.h"

#include <inttypes.h>
#include <string.h>

#include "fleet/fetch.h"
#include "fleet/secret.h"
#include "tool.h"

enum {
    STEPS_MAX = 1000000, /* <handfast/ticket.h> */
    KEYS_MAX = 124       /* periods in the lifetime of a ticket, with what the ring adds */
};

static bool read_head(hf_span seed, uint64_t *period_s, uint64_t *first);
static bool read_number(hf_span *text, uint64_t *out);

int seed_read(const char *option, const char *where, hf_span auth, struct file_bytes *out,
              struct trouble *trouble)
{
    if (strncmp(where, PLACE_SCHEME, sizeof PLACE_SCHEME - 1) == 0) {
        return fetch_value(option, where, auth, out, trouble);
    }
    return secret_read(option, where, out, trouble);
}

int seed_use(const char *where, hf_span seed, hf_ticket_keys *keys, uint32_t lifetime_s,
             int64_t now_ms, struct trouble *trouble)
{
    if (hf_ticket_keys_set_seed(keys, seed, lifetime_s, now_ms) == HF_OK) {
        return 0;
    }
    return seed_refused(where, seed, lifetime_s, now_ms, trouble);
}

int seed_refused(const char *where, hf_span seed, uint32_t lifetime_s, int64_t now_ms,
                 struct trouble *trouble)
{
    uint64_t period_s = 0, first = 0;
    const bool readable = read_head(seed, &period_s, &first);
    if (!readable) {
        return trouble_set(trouble, TOOL_USAGE, "Make one with 'handfast seed'.",
                           "%s: this is no seed of ticket keys", where);
    }
    const uint64_t now = (uint64_t)now_ms / 1000 / period_s;
    if (first > now) {
        return trouble_set(trouble, TOOL_USAGE, "Set the clocks of both machines.",
                           "%s: by this machine's clock the seed begins in the future", where);
    }
    if (now - first > STEPS_MAX) {
        return trouble_set(trouble, TOOL_USAGE, "Make a new one with 'handfast seed'.",
                           "%s: the seed is more than %d periods old", where, STEPS_MAX);
    }
    if (lifetime_s / period_s > KEYS_MAX) {
        return trouble_set(
            trouble, TOOL_USAGE, "Let tickets live shorter, or make a seed with longer periods.",
            "%s: tickets that live %" PRIu32 " s need more than %d keys of %" PRIu64 " s", where,
            lifetime_s, KEYS_MAX, period_s);
    }
    return trouble_set(trouble, TOOL_USAGE, "Take it from where it was made.",
                       "%s: the seed is damaged", where);
}

/* The two numbers of a seed. */
static bool read_head(hf_span seed, uint64_t *period_s, uint64_t *first)
{
    static const char magic[] = "handfast-seed-1 ";
    const size_t magic_len = sizeof magic - 1;
    if (seed.len < magic_len || memcmp(seed.data, magic, magic_len) != 0) {
        return false;
    }
    hf_span rest = {seed.data + magic_len, seed.len - magic_len};
    return read_number(&rest, period_s) && read_number(&rest, first) && *period_s > 0;
}

/* Digits, and the blank behind them. */
static bool read_number(hf_span *text, uint64_t *out)
{
    size_t i = 0;
    *out = 0;
    for (; i < text->len && i < 18 && text->data[i] >= '0' && text->data[i] <= '9'; i++) {
        *out = *out * 10 + (uint64_t)(text->data[i] - '0');
    }
    if (i == 0 || i == text->len || text->data[i] != ' ') {
        return false;
    }
    *text = (hf_span){text->data + i + 1, text->len - i - 1};
    return true;
}
