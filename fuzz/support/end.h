/* One end of a connection under the trusting provider, driven by a fuzzer's bytes.
 *
 * An input begins with four bytes of settings (enum end_setting), the rest is what the other end
 * says: either raw records, or frames, which the harness makes records of, protected or not as the
 * end expects it:
 *
 *     type(1) length(2) content        type below 0x40: a record of that content type
 *                                      type | 0x40: the same, but its protection is forged
 *     type(1)                          type from 0x80 on: something that this end does (enum
 *                                      end_action)
 *
 * After every call the promises of <handfast/conn.h> are checked; one that is broken aborts.
 */
#ifndef FUZZ_SUPPORT_END_H
#define FUZZ_SUPPORT_END_H

#include <handfast/handfast.h>

enum end_setting {
    END_RAW = 1 << 0,     /* records as they are, not frames */
    END_REQUEST = 1 << 1, /* server: ask for a certificate */
    END_REQUIRE = 1 << 2, /* server: demand one; client: judge the chain in earnest */
    END_STATELESS = 1 << 3,
    END_ALWAYS_RETRY = 1 << 4,
    END_PSK = 1 << 5,
    END_COMPRESS = 1 << 6,
    END_RECORD_LIMIT = 1 << 7,
    END_POST_AUTH = 1 << 8,
    END_ALPN = 1 << 9,
    END_STRICT_SNI = 1 << 10,
    END_NO_COMPAT = 1 << 11,
    END_GREASE = 1 << 12,
    END_ONE_GROUP =
        1 << 13, /* secp384r1; with END_TLS12: a finite field, and a certificate of RSA */
    END_EXTERNAL = 1 << 14, /* every operation is answered from outside */
    END_REFUSE = 1 << 15,   /* ... and the third is refused */
    END_ANNOUNCE = 1 << 16,
    END_SMALL = 1 << 17, /* small limits */
    END_PADDING = 1 << 18,
    END_WATCHED = 1 << 19, /* with a trace that writes JSON and key log lines */
    END_NO_IDENTITY = 1 << 20,
    END_SHA384 = 1 << 21, /* alone; with END_TLS12: RSA key transport */
    END_UPDATE_OFTEN = 1 << 22,
    END_REAL =
        1
        << 23, /* the default provider instead of the trusting one; not in the targets of one end */
    END_ABSURD = 1 << 24, /* with END_EXTERNAL: operations get answers that no caller should give */
    END_TLS12 = 1 << 25,  /* TLS 1.2 only, where the other settings leave it possible */
    END_SESSIONS = 1 << 26, /* server: tickets and early data; client: sessions are asked for */
    END_RESUMED = 1 << 27,  /* client: one of them is offered */
    END_EARLY = 1 << 28,    /* client: ... with early data behind the first flight */
    END_REPLAYED = 1 << 29, /* server: its guard takes every flight for a replay */
    END_PSK_KE = 1 << 30,   /* psk_ke comes first of the modes */
};
/* Server: with END_SESSIONS, these are kept and not sealed. An enumerator has no room for it. */
#define END_STORE (UINT32_C(1) << 31)

enum end_action {
    END_DO_CLOSE = 0x80,
    END_DO_UPDATE,
    END_DO_UPDATE_ASK,
    END_DO_REQUEST_CERTIFICATE,
    END_DO_SEND,
    END_DO_SEAL,
    END_DO_EXPORT,
    END_DO_LATER,
    END_DO_ABORT,
    END_DO_EOF,
    END_DO_FORGET,
    END_DO_SEND_IN_BITS, /* into small rooms */
    END_DO_FLUSH_IN_BITS,
    END_DO_SEND_EARLY,
    END_DO_TAKE_SESSION, /* written, read again, and given back to nobody */
};

enum {
    END_SETTINGS_LEN = 4,
    END_NOW_S = 1800000000, /* in January 2027, when the certificate is valid */
    END_EARLY_MAX = 250     /* bytes of early data that a session allows */
};

#define END_NOW_MS (INT64_C(1000) * END_NOW_S)

struct end {
    hf_conn *conn;
    hf_config *config;
    uint32_t settings;
    hf_trace trace;
    uint8_t *data; /* application data received, all of it */
    size_t data_len, data_cap;
    size_t sent;    /* application data sent: byte i is i modulo 256 */
    uint8_t *early; /* early data received */
    size_t early_len, early_cap;
    size_t early_sent; /* the same of early data: byte i is 255 - i modulo 256 */
    unsigned ops;      /* seen so far */
    bool is_chain_forgotten;
    uint8_t *out; /* what it said, all of it */
    size_t out_len, out_cap;
    size_t out_checked; /* whole records so far */
};

/* sessions.c: the sessions' part of a configuration that is not frozen yet. */
void end_configure_sessions(hf_config *config, hf_role role, uint32_t settings);
/* A session that a server of these settings has issued, for its clients to offer; NULL: it issues
 * none. It is kept: no reference is handed out. */
const hf_session *end_session(uint32_t settings);
/* Before a server begins: it keeps that session, where its settings say that it keeps any, and no
 * other. */
void end_stock(uint32_t settings);

/* A frozen configuration for these settings, with a reference. Its randomness begins anew, so it
 * serves one connection at a time. */
hf_config *end_config(hf_role role, uint32_t settings);
void end_open(struct end *e, hf_role role, uint32_t settings);
void end_close(struct end *e);

/* Feeds the rest of an input, after the settings. */
void end_run(struct end *e, const uint8_t *data, size_t size);
/* Feeds record bytes, all of them or until it stops. Returns how many were taken. */
size_t end_feed(struct end *e, const uint8_t *data, size_t size);
/* Answers operations and collects what is said. */
void end_settle(struct end *e);
/* Takes away what it said; the caller frees. */
uint8_t *end_take_out(struct end *e, size_t *len);
/* Notes bytes that it said besides. */
void end_say(struct end *e, const uint8_t *bytes, size_t len);
/* act.c: one of enum end_action. */
void end_act(struct end *e, uint8_t action);

/* The whole of a target: settings and bytes. */
int end_input(hf_role role, const uint8_t *data, size_t size);

/* Ends the program when a promise is broken. */
#define END_CHECK(condition) end_check(condition, #condition, __FILE__, __LINE__)
void end_check(bool ok, const char *what, const char *file, int line);

#endif
