/* Where sessions are kept: a server's store and a client's cache. Both are bounded, may be used by
 * all threads at all times, and wipe what they let go.
 *
 * A store keeps the states of a server's sessions under identities, for clients that then hold the
 * identity only:
 *
 * - TLS 1.3: the ticket is a random identity of HF_STORE_ID_LEN bytes. It is good once: who finds
 *   the session takes it out. So a ticket that was used tells nothing to whoever steals the
 * server's memory later, and a first flight that is sent twice is found once (RFC 9846, 8.1).
 * - TLS 1.2: the identity is the session_id that the server chose (RFC 5246, 7.3). It is found as
 *   often as it is asked for, until it expires or is dropped.
 *
 *     hf_session_store *store = hf_session_store_new(NULL);
 *     if (hf_config_set_session_store(config, store) != HF_OK) ...
 *     hf_session_store_free(store);
 *
 * With that, the library answers its operations from the store: HF_OP_TICKET_SEAL issues and
 * HF_OP_TICKET_OPEN takes (both of TLS 1.3), HF_OP_SESSION_PUT puts and HF_OP_SESSION_FIND finds
 * (both of TLS 1.2). A store that lives elsewhere, in another process, answers the same operations
 * as external ones (<handfast/op.h>).
 *
 * A cache keeps a client's sessions under a key of the caller's, most often "name:port":
 *
 *     params.session = hf_session_cache_take(cache, "www.example.com:443", now_ms);
 *     ... hf_conn_new takes its own reference: hf_session_free(params.session)
 *     for (hf_session *s; (s = hf_conn_take_session(conn)) != NULL;) {
 *         hf_session_cache_put(cache, "www.example.com:443", s, now_ms);
 *     }
 *
 * Times are Unix time in milliseconds, by the caller's clock.
 *
 * Threads: all at all times, both.
 */
#ifndef HANDFAST_STORE_H
#define HANDFAST_STORE_H

#include <handfast/crypto.h>
#include <handfast/session.h>
#include <handfast/types.h>

HF_BEGIN_DECLS

/* --- A server's store ------------------------------------------------------------------------- */

enum {
    HF_STORE_ID_LEN = 32,        /* identities that hf_session_store_issue makes */
    HF_STORE_ID_MAX = 64,        /* bytes of an identity */
    HF_STORE_STATE_MAX = 2048,   /* bytes of a state */
    HF_STORE_COUNT_MAX = 1 << 24 /* sessions in one store */
};

typedef struct hf_session_store hf_session_store;

/* Set size to sizeof; zero the rest for the defaults. */
typedef struct hf_session_store_params {
    size_t size;
    size_t count;                /* sessions at most, to HF_STORE_COUNT_MAX; 0: 20480 */
    size_t bytes;                /* that sessions may take, with all that goes with each; 0: as many
                                    as count sessions take */
    uint32_t max_age_s;          /* no session lives longer; 0 or more: seven days */
    const hf_provider *provider; /* whose randomness keys the table; NULL: the default one */
} hf_session_store_params;

/* A store with one reference. params NULL: the defaults. It is made of shards, each with a lock, an
 * equal part of the limits, and the order in which its sessions were asked for: where room is
 * needed, those that have expired go first, then the one that was not asked for longest. NULL: no
 * memory, or no randomness. */
HF_API hf_session_store *hf_session_store_new(const hf_session_store_params *params);
/* One more reference; returns store. */
HF_API hf_session_store *hf_session_store_ref(hf_session_store *store);
HF_API void hf_session_store_free(
    hf_session_store *store); /* drops one reference; NULL is allowed */

/* Keeps a copy of state, a SECRET, under id for lifetime_s seconds; what was there is replaced.
 * False: a length is out of range (id: 1..HF_STORE_ID_MAX, state: 1..HF_STORE_STATE_MAX), the
 * lifetime is 0, it alone is more than a shard may take, or there is no memory. */
HF_API bool hf_session_store_put(hf_session_store *store, hf_span id, hf_span state,
                                 uint32_t lifetime_s, int64_t now_ms);

/* Copies the state under id, a SECRET, to state[0..*state_len) and returns HF_RESUME_NONE. Else why
 * not, and nothing was written: SESSION_UNKNOWN; EXPIRED; STATE_UNREADABLE: capacity is too small
 * for it. hf_session_store_find leaves it there, hf_session_store_take takes it out: of all that
 * ask for one session, on whatever thread, one has it. */
HF_API hf_resume_reason hf_session_store_find(hf_session_store *store, hf_span id, int64_t now_ms,
                                              uint8_t *state, size_t capacity, size_t *state_len);
HF_API hf_resume_reason hf_session_store_take(hf_session_store *store, hf_span id, int64_t now_ms,
                                              uint8_t *state, size_t capacity, size_t *state_len);

/* Forgets the session under id. False: there is none. A server's connection of TLS 1.2 that ends
 * with a fatal alert, after its client has proved to know the session, has dropped it already
 * (RFC 5246, 7.2.2). */
HF_API bool hf_session_store_drop(hf_session_store *store, hf_span id);

/* Forgets all. */
HF_API void hf_session_store_clear(hf_session_store *store);

/* What happened so far, and what is there now. */
typedef struct hf_session_store_counts {
    uint64_t stored;  /* puts that were kept */
    uint64_t found;   /* answers with a state, of find and of take */
    uint64_t missed;  /* nothing was there */
    uint64_t expired; /* it was too old: asked for, or cleared away */
    uint64_t evicted; /* let go for room before it had expired */
    uint64_t held;    /* sessions now */
    uint64_t bytes;   /* that they take, as hf_session_store_params.bytes counts */
} hf_session_store_counts;
/* Fills in the counts; shards that others use meanwhile are counted one after the other. */
HF_API void hf_session_store_count(hf_session_store *store, hf_session_store_counts *out);

/* --- A client's cache ------------------------------------------------------------------------- */

enum {
    HF_CACHE_KEY_MAX = 1024,     /* bytes of a key */
    HF_CACHE_COUNT_MAX = 1 << 20 /* sessions in one cache */
};

typedef struct hf_session_cache hf_session_cache;

/* A cache of at most count sessions (0: 1024), of which at most per_key (0: 8) under one key, with
 * one reference. Where room is needed the oldest goes. NULL: no memory, or no randomness of
 * provider (NULL: the default one), which keys the table. */
HF_API hf_session_cache *hf_session_cache_new(size_t count, size_t per_key,
                                              const hf_provider *provider);
/* One more reference; returns cache. */
HF_API hf_session_cache *hf_session_cache_ref(hf_session_cache *cache);
HF_API void hf_session_cache_free(
    hf_session_cache *cache); /* drops one reference; NULL is allowed */

/* Puts a session under key, a text that stands for all that decides where it may be offered: name
 * and port, and whatever else the program tells apart (trust, credentials). Takes over the caller's
 * reference in every case. False: it was not kept: it has expired, the key is empty or longer than
 * HF_CACHE_KEY_MAX, or there is no memory. */
HF_API bool hf_session_cache_put(hf_session_cache *cache, const char *key, hf_session *session,
                                 int64_t now_ms);

/* The newest session under key that has not expired, with a reference for the caller; NULL: none.
 * One of TLS 1.3 is not there any more after that, as its second use would link the connections
 * (RFC 9846, C.4); one of TLS 1.2 stays. */
HF_API hf_session *hf_session_cache_take(hf_session_cache *cache, const char *key, int64_t now_ms);

/* Forgets all sessions under key: the server does not take them, or ended a connection with a fatal
 * alert. Returns how many there were. */
HF_API size_t hf_session_cache_drop(hf_session_cache *cache, const char *key);

/* Forgets all. */
HF_API void hf_session_cache_clear(hf_session_cache *cache);

/* What happened so far, and what is there now. */
typedef struct hf_session_cache_counts {
    uint64_t stored;  /* puts that were kept */
    uint64_t found;   /* takes that were answered */
    uint64_t missed;  /* takes that were not */
    uint64_t expired; /* dropped for their age */
    uint64_t evicted; /* dropped for room */
    uint64_t held;    /* sessions now */
} hf_session_cache_counts;
/* Fills in the counts. */
HF_API void hf_session_cache_count(hf_session_cache *cache, hf_session_cache_counts *out);

HF_END_DECLS

#endif
