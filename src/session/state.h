/* What both ends remember of a session, and the one form in which it is kept: sealed into a ticket,
 * in a server's store, in a client's exported session. The same for TLS 1.3 and 1.2.
 *
 * A view: spans point into what was read, or into what is to be written; only the secret is a copy.
 */
#ifndef SESSION_STATE_H
#define SESSION_STATE_H

#include "base/secret.h"
#include <handfast/types.h>

enum {
    SESSION_NAME_MAX = 255,
    SESSION_PEER_LEN = 32,
    SESSION_TRUST_LEN = 16,
    SESSION_PROOF_LEN = SESSION_PEER_LEN + SESSION_TRUST_LEN + 8,
    /* form, version, suite, flags, time, lifetime, age_add, early data, secret, name, alpn, proof
     */
    SESSION_STATE_MAX =
        1 + 2 + 2 + 1 + 8 + 4 + 4 + 4 + (1 + 48) + 2 * (1 + SESSION_NAME_MAX) + SESSION_PROOF_LEN
};

/* What stands behind SESSION_PEER_PROVEN. */
struct session_proof {
    uint8_t peer[SESSION_PEER_LEN];   /* server: SHA-256 of the client's certificate */
    uint8_t trust[SESSION_TRUST_LEN]; /* a mark of what the chain was verified with */
    int64_t until_ms;                 /* Unix time: to be proved anew from then on */
};

enum session_flag {
    SESSION_PEER_PROVEN = 1, /* the peer showed a certificate and it was verified */
    SESSION_EMS = 2          /* TLS 1.2: the master secret is an extended one (RFC 7627) */
};

struct session_state {
    uint16_t version;
    uint16_t cipher_suite;
    uint8_t flags;       /* session_flag */
    int64_t issued_ms;   /* Unix time, by the clock of the end that keeps it */
    uint32_t lifetime_s; /* at most SESSION_LIFETIME_MAX_S */
    uint32_t age_add;    /* TLS 1.3: ticket_age_add */
    uint32_t max_early_data;
    struct secret secret;       /* TLS 1.3: the pre-shared key; TLS 1.2: the master secret */
    hf_span server_name;        /* empty: none */
    hf_span alpn;               /* empty: none */
    struct session_proof proof; /* with SESSION_PEER_PROVEN */
};

enum {
    SESSION_LIFETIME_MAX_S = 604800, /* RFC 9846, 4.7.1: seven days */
    SESSION_TICKET_MAX = 16384,      /* bytes of a ticket that still fits a hello among the rest */
    SESSION_SKEW_MS = 5000           /* by which clocks of instances of one server may differ */
};

/* Writes state to out. Returns the length; 0: a name is longer than SESSION_NAME_MAX. */
size_t session_state_write(const struct session_state *state, uint8_t out[SESSION_STATE_MAX]);

/* Reads what session_state_write wrote, strictly. False: it is something else; *out is zero. */
bool session_state_read(hf_span bytes, struct session_state *out);

/* Whether it will be read again: its flags are known and its times are some that clocks show. */
bool session_state_is_sound(const struct session_state *state);

/* Shortens lifetime_s to what may be, and to what is left of the proof (RFC 9846, 4.7.1). 0:
 * nothing is left. */
void session_state_limit(struct session_state *state);

/* Wipes the secret and forgets the rest. */
static inline void session_state_wipe(struct session_state *state)
{
    hf_wipe(state, sizeof *state);
}

#endif
