/* Any bytes as a ticket, as a seed, and as a state that is sealed, changed and opened again. The
 * first byte says which. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include <handfast/ticket.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static const int64_t now = INT64_C(1750000000000);

/* A ring with one key that every run has. */
static hf_ticket_keys *ring(void)
{
    hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
    CHECK(keys != NULL);
    hf_ticket_key key = {
        .encrypt_from_ms = 0, .encrypt_until_ms = now * 2, .decrypt_until_ms = now * 2};
    memset(key.name, 'n', sizeof key.name);
    memset(key.key, 'k', sizeof key.key);
    CHECK(hf_ticket_keys_add(keys, &key) == HF_OK);
    return keys;
}

static void open_any(hf_span ticket)
{
    hf_ticket_keys *keys = ring();
    uint8_t state[HF_TICKET_STATE_MAX];
    size_t len = SIZE_MAX;
    const hf_resume_reason reason =
        hf_ticket_keys_open(keys, now, ticket, state, sizeof state, &len);
    CHECK(reason == HF_RESUME_NONE ? len + HF_TICKET_OVERHEAD == ticket.len : len == SIZE_MAX);
    hf_ticket_keys_free(keys);
}

static void seal_and_change(hf_span input)
{
    hf_ticket_keys *keys = ring();
    static uint8_t ticket[HF_TICKET_STATE_MAX + HF_TICKET_OVERHEAD];
    static uint8_t back[HF_TICKET_STATE_MAX];
    const hf_span state = span_of(input.data + 3, input.len - 3);
    size_t len = 0;
    const hf_status status = hf_ticket_keys_seal(keys, now, state, ticket, sizeof ticket, &len);
    CHECK((status == HF_OK) == (state.len <= HF_TICKET_STATE_MAX));
    if (status == HF_OK) {
        size_t back_len = 0;
        const hf_span whole = span_of(ticket, len);
        CHECK(hf_ticket_keys_open(keys, now, whole, back, sizeof back, &back_len) ==
              HF_RESUME_NONE);
        CHECK(span_eq(span_of(back, back_len), state));
        ticket[(size_t)(input.data[0] << 8 | input.data[1]) % len] ^= input.data[2] | 1;
        CHECK(hf_ticket_keys_open(keys, now, whole, back, sizeof back, &back_len) !=
              HF_RESUME_NONE);
    }
    hf_ticket_keys_free(keys);
}

static void take_as_seed(hf_span text)
{
    hf_ticket_keys *keys = ring();
    char later[HF_TICKET_SEED_MAX];
    if (hf_ticket_seed_advance(NULL, text, 3600, 30000, later) == HF_OK) {
        CHECK(hf_ticket_keys_set_seed(keys, span_str(later), 3600, 30000) == HF_OK ||
              hf_ticket_keys_count(keys, 30000) == 1); /* more keys than fit */
    } else {
        CHECK(hf_ticket_keys_set_seed(keys, text, 3600, 30000) != HF_OK);
    }
    hf_ticket_keys_free(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    const hf_span rest = span_of(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        open_any(rest);
        break;
    case 1:
        if (rest.len >= 3) {
            seal_and_change(rest);
        }
        break;
    default:
        take_as_seed(rest);
        break;
    }
    return 0;
}
