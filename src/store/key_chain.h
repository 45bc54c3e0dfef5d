/* The one-way chain that a fleet's ticket keys hang on, and the line of text that a seed is.
 *
 * Time is cut into periods, numbered from the epoch of Unix time. The link of period n gives the
 * name and the key of n, and the link of n + 1; nothing leads back. All three are HKDF-Expand (RFC
 * 5869) of the link with labels of their own.
 */
#ifndef STORE_KEY_CHAIN_H
#define STORE_KEY_CHAIN_H

#include <handfast/ticket.h>

enum { KEY_CHAIN_LINK_LEN = 32, KEY_CHAIN_STEPS_MAX = 1000000 };

/* Where a chain stands. Secret: wipe it. period_s 0: there is none. */
struct key_chain {
    const hf_hash *hash; /* SHA-256 */
    uint32_t period_s;
    int64_t period; /* whose key link gives */
    uint8_t link[KEY_CHAIN_LINK_LEN];
};

/* The number of the period that a time is in. */
int64_t key_chain_period_at(uint32_t period_s, int64_t now_ms);

/* When a period begins, in milliseconds. */
int64_t key_chain_start_ms(uint32_t period_s, int64_t period);

/* A chain that begins at now_ms with a random link. False: no randomness. */
bool key_chain_random(const hf_provider *provider, uint32_t period_s, int64_t now_ms,
                      struct key_chain *out);

/* Name and key of the present period. */
void key_chain_key(const struct key_chain *chain, uint8_t name[HF_TICKET_NAME_LEN],
                   uint8_t key[HF_TICKET_KEY_LEN]);

/* One period on; the former link is gone. fresh is mixed in (empty: the chain stays one that others
 * can follow). */
void key_chain_step(struct key_chain *chain, hf_span fresh);

/* The text of a chain, "handfast-seed-1 PERIOD_S PERIOD LINK\n", with a terminator; and back,
 * strictly but for blanks behind. */
void key_chain_write(const struct key_chain *chain, char out[HF_TICKET_SEED_MAX]);
bool key_chain_read(const hf_hash *hash, hf_span text, struct key_chain *out);

#endif
