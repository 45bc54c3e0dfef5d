/* The kinds of handshake that the tests of the machines go through, one after the other.
 *
 *     static struct run run;                    // the configurations point into it: it stays
 *     run_make(&run, RUN_MUTUAL);
 *     run_set(hf_config_set_alpn(run.client, "h2"));
 *     struct pair *p = run_start(&run, NULL);   // any number of times: always the same bytes
 *     assert_true(run_finish(&run, p));
 *     pair_free(p);
 *     ...
 *     RUN_TEST(this_test)                       // in the list: ends the run, however the test ends
 *
 * Randomness comes from seeds and all keys of leaves are Ed25519, so that two runs of one kind do
 * not differ in a byte while the program lives (its certificates are fresh in every program).
 */
#ifndef TEST_SUPPORT_RUN_H
#define TEST_SUPPORT_RUN_H

#include "support/pair.h"

enum run_kind {
    RUN_FULL,      /* x25519, ALPN, a stapled OCSP response and SCTs */
    RUN_DEFAULTS,  /* what configurations do by themselves: X25519MLKEM768; a chain of two */
    RUN_SECP256R1, /* the other groups */
    RUN_SECP384R1,
    RUN_RETRY,           /* HelloRetryRequest for another group */
    RUN_COOKIE,          /* ... for the cookie alone, nothing kept */
    RUN_COOKIE_GROUP,    /* ... for both */
    RUN_MUTUAL,          /* the client shows a certificate */
    RUN_MUTUAL_EMPTY,    /* it is asked and has none */
    RUN_COMPRESSED,      /* both show theirs compressed */
    RUN_PSK,             /* raw external key of SHA-256, and one unknown to the server before it */
    RUN_PSK_RETRY,       /* an imported one for SHA-384, after HelloRetryRequest */
    RUN_PSK_KE,          /* as RUN_PSK, in the mode without a key exchange */
    RUN_TICKETS,         /* sessions are asked for and issued */
    RUN_RESUMED,         /* one of them is resumed, with early data on the way */
    RUN_REVERIFIED,      /* ... after its chain was verified again */
    RUN_RESUMED_MUTUAL,  /* ... of a client that had shown its certificate */
    RUN_RESUMED_RETRY,   /* ... after HelloRetryRequest, which refuses the early data */
    RUN_EARLY_REFUSED,   /* ... whose early data is not taken */
    RUN_STORED,          /* ... out of the server's store, once */
    RUN_POST_AUTH,       /* the client shows its certificate after the handshake */
    RUN_POST_AUTH_EMPTY, /* it is asked after the handshake and has none */
    RUN_CHOSEN_CONFIG,   /* the server's configuration is chosen by an operation */
    RUN_BARE,    /* no compatibility mode, no GREASE, small records, padding, ChaCha20-Poly1305 */
    RUN_12_FULL, /* TLS 1.2: x25519, ALPN, a stapled OCSP response and SCTs */
    RUN_12_FALLBACK,     /* the client offers TLS 1.3 too, the server speaks TLS 1.2 only */
    RUN_12_MUTUAL,       /* TLS 1.2, the client shows a certificate */
    RUN_12_MUTUAL_EMPTY, /* TLS 1.2, it is asked and has none */
    RUN_12_ECDHE_RSA,    /* TLS 1.2, a certificate of RSA */
    RUN_12_DHE,          /* TLS 1.2, an exchange over a finite field */
    RUN_12_RSA,          /* TLS 1.2, RSA key transport, a stapled OCSP response */
    RUN_12_RSA_MUTUAL,   /* ... both show a certificate, nothing is stapled */
    RUN_12_BARE,         /* TLS 1.2, no GREASE, small records, ChaCha20-Poly1305 */
    RUN_12_TICKETS,      /* TLS 1.2, sessions are asked for and issued as tickets */
    RUN_12_RESUMED,      /* ... and one of them is resumed */
    RUN_12_REVERIFIED,   /* ... after its chain was verified again */
    RUN_12_RENEWED,      /* ... whose key seals no more: a new ticket comes */
    RUN_12_REFUSED,      /* ... whose key is gone: a full handshake */
    RUN_12_ID,           /* TLS 1.2, a session is kept outside, for a client that could do 1.3 */
    RUN_12_ID_RESUMED,   /* ... and is resumed by its identifier */
    RUN_KIND_COUNT
};

struct run {
    enum run_kind kind;
    hf_config *client, *server;
    struct pair_seed client_seed, server_seed;
    hf_provider provider; /* of the ticket keys */
    hf_session *session;  /* what the client offers; NULL: nothing */
    bool early_data;      /* ... and early data with it */
    /* Where the server keeps sessions, and what it keeps under that one's ticket when a run begins;
     * NULL: it keeps none. */
    hf_session_store *store;
    uint8_t stored[HF_STORE_STATE_MAX];
    size_t stored_len;
};

/* Group fixtures: the certificates of all kinds. */
int run_setup(void **state);
int run_teardown(void **state);

const char *run_name(enum run_kind kind);
/* Whether it is TLS 1.2. */
bool run_is_12(enum run_kind kind);
/* Whether the server asks for a certificate after the handshake. */
bool run_is_post(enum run_kind kind);
/* The server's and the client's chain and key. */
const struct pki *run_server_pki(void);
const struct pki *run_client_pki(void);

/* Both configurations, not frozen: change what you like before the first run_start. */
void run_make(struct run *run, enum run_kind kind);
void run_clear(struct run *run);
/* For setters of a configuration, none of which may fail here. */
void run_set(hf_status status);
/* A test of the file's one `run`, and the teardown that clears it. */
#define RUN_TEST(test) cmocka_unit_test_prestate_setup_teardown(test, NULL, run_drop, &run)
int run_drop(void **state);
/* The ring of the kinds with tickets, the same in every run. */
hf_ticket_keys *run_ticket_keys(struct run *run);
/* The session that a client of this kind is left with, from a run of its own. */
hf_session *run_session_of(enum run_kind kind);

/* Freezes, puts the randomness back to its start, and makes a pair that nothing has happened to. Of
 * extra the traces, chunk and op are taken; NULL: none of them. NULL: no memory. */
struct pair *run_start(struct run *run, const struct pair_options *extra);
/* One end of it alone, which says the same as it would in the pair. */
hf_conn *run_start_end(struct run *run, hf_role role, const hf_trace *trace);
/* Pumps to the end, with the authentication after the handshake. True: both are connected and
 * nothing is pending. */
bool run_finish(struct run *run, struct pair *p);

/* Ends the test with both ends' states and errors unless run_finish succeeds. */
void run_must_finish(struct run *run, struct pair *p);
/* "client STATE CODE (detail); server ...": static. */
const char *run_describe(const struct pair *p);

#endif
