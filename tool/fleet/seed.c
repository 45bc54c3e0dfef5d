/* Seeds, read and used. */
#include "fleet/seed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fleet/secret.h"
#include "tool.h"

enum {
    STEPS_MAX = 1000000, /* <handfast/ticket.h> */
    KEYS_MAX = 124       /* periods in the lifetime of a ticket, with what the ring adds */
};

int seed_read(const char *option, const char *where, struct file_bytes *out,
              struct trouble *trouble)
{
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
    char head[64] = "";
    uint32_t period_s = 0;
    int64_t first = 0;
    memcpy(head, seed.data, seed.len < sizeof head - 1 ? seed.len : sizeof head - 1);
    const int fields = sscanf(head, "handfast-seed-1 %" SCNu32 " %" SCNd64, &period_s, &first);
    explicit_bzero(head, sizeof head);
    if (fields != 2 || period_s == 0 || first < 0) {
        return trouble_set(trouble, TOOL_USAGE, "Make one with 'handfast seed'.",
                           "%s: this is no seed of ticket keys", where);
    }
    const int64_t now = now_ms / 1000 / period_s;
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
            "%s: tickets that live %" PRIu32 " s need more than %d keys of %" PRIu32 " s", where,
            lifetime_s, KEYS_MAX, period_s);
    }
    return trouble_set(trouble, TOOL_USAGE, "Take it from where it was made.",
                       "%s: the seed is damaged", where);
}
