/* The door of the config room: the frozen policy as the handshake reads it.
 *
 * Invariants: before freeze one thread writes; after freeze nothing is written but ref and misused.
 * Lists hold IANA code points in order of preference, without duplicates, all known to the
 * provider; sigalgs holds at least one that may sign in TLS 1.3. Once frozen: key_shares is in the
 * order of groups (RFC 9846, 4.3.8); a server has identities, pre-shared keys or lets the caller
 * choose identities; trust is there whenever verify asks for it, but where the caller verifies
 * chains itself or a client has pre-shared keys (then NULL, and a chain that comes anyway is not to
 * be believed).
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdatomic.h>

#include <handfast/config.h>

#include "base/rotate.h"

enum {
    CONFIG_CHAIN_MAX = 64,
    CONFIG_LIST_MAX = 24,
    CONFIG_PSK_MAX = 32,
    CONFIG_AUTHORITIES_MAX = 0xf000
};

/* Code points in order of preference. */
struct config_list {
    uint16_t v[CONFIG_LIST_MAX];
    size_t count;
};

/* A pre-shared key from outside as it is offered. An imported one stands twice, once for each hash
 * that suites may have, side by side. */
struct config_psk {
    uint8_t *identity; /* as on the wire */
    size_t identity_len;
    hf_span name; /* what the caller called it; within identity */
    uint8_t *key;
    size_t key_len;
    const hf_hash *hash;      /* the provider's: of the suites that it goes with */
    const char *binder_label; /* "ext binder", or "imp binder" of an imported key (RFC 9258, 5.2) */
    bool is_imported;
};

struct hf_config {
    struct ref ref;
    atomic_bool misused; /* a setter was called after freeze */
    hf_role role;
    bool frozen;
    const hf_provider *provider;
    hf_random_fn random;
    void *random_ctx;
    hf_error error; /* of the last setter */

    uint16_t version_lowest, version_highest;
    struct config_list ciphers;
    struct config_list groups;
    struct config_list key_shares; /* client; freeze fills the default */
    bool key_shares_set;
    struct config_list sigalgs;
    struct config_list sigalgs_cert; /* count 0: not sent */
    struct config_list compression;  /* RFC 8879 methods */
    uint8_t *alpn;                   /* a ProtocolNameList without its outer length; NULL: none */
    size_t alpn_len;

    hf_identity_store *identities; /* NULL: none */
    hf_trust_store *trust;         /* NULL: none */
    hf_chain_cache *chain_cache;   /* NULL: none */
    hf_verify verify;
    bool send_authorities;
    uint8_t *authorities; /* in place of the anchors': DistinguishedName after DistinguishedName, as
                             on the wire; NULL: none */
    size_t authorities_len;
    bool strict_sni;
    bool post_handshake_auth;
    struct config_list psk_modes;
    struct config_psk psks[CONFIG_PSK_MAX];
    size_t psk_count;
    bool resumption;                 /* client: sessions are asked for and kept */
    bool reverify;                   /* client: with their chain, which is verified again */
    hf_ticket_keys *ticket_keys;     /* server; NULL: none */
    hf_session_store *session_store; /* server; NULL: none */
    bool stateful;                   /* server: stored sessions come before sealed ones */
    hf_replay_guard *replay_guard;   /* server; NULL: none */
    uint8_t tickets;                 /* server: how many after a full handshake */
    uint32_t ticket_lifetime_s;      /* server: 1..SESSION_LIFETIME_MAX_S */
    uint32_t max_early_data;         /* server: bytes; 0: early data is refused */
    uint32_t early_window_ms;        /* server: how far a ticket's age may be off */

    bool grease;
    bool middlebox_compat;
    uint16_t record_size_limit; /* 0: not sent */
    uint16_t padding;           /* multiple; 1: none */
    bool request_status;
    bool stateless_retry; /* cookie_key is set */
    bool always_retry;
    uint8_t cookie_key[32];
    bool require_ems;   /* TLS 1.2 without extended_master_secret is refused */
    bool fallback_scsv; /* client: this is a second try with a lower version (RFC 7507) */
    bool announce_groups;
    unsigned external_ops;
    hf_limits limits;          /* every member non-zero */
    uint64_t key_update_after; /* 0: by the AEAD's limit */
};

/* Server: whether TLS 1.3 sessions are stored rather than sealed. */
static inline bool config_stores_sessions(const hf_config *config)
{
    return config->session_store != NULL && (config->ticket_keys == NULL || config->stateful);
}

/* Whether id stands in the list. */
bool config_list_has(const struct config_list *list, uint16_t id);

#endif
