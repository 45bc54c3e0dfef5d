/* Chains that were believed, and are believed again without looking (RFC 5280 has no say in it: the
 * same question has the same answer). The door of what connections share; see <handfast/trust.h>.
 *
 * Threads: everything by all at all times.
 */
#ifndef STORE_CHAIN_CACHE_H
#define STORE_CHAIN_CACHE_H

#include "x509/x509.h"

enum { STORE_CHAIN_KEY_LEN = 32 };

/* Looks for a verdict over this question (x5_request_digest) that holds at now_s. */
HF_MUST_CHECK bool store_chain_find(hf_chain_cache *cache, const uint8_t key[STORE_CHAIN_KEY_LEN],
                                    int64_t now_s, hf_verdict *out);

/* Remembers an accepted verdict; another one is not. The one that was not asked for longest in its
 * place is forgotten. */
void store_chain_put(hf_chain_cache *cache, const uint8_t key[STORE_CHAIN_KEY_LEN],
                     const hf_verdict *verdict);

#endif
