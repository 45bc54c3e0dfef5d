/* A session: what a client keeps of one connection to make the next one cheaper (RFC 9846, 2.2;
 * RFC 5246, 7.3), and the reasons why it was not used.
 *
 * A client takes sessions from a connection with hf_conn_take_session as the server issues them,
 * and offers one in hf_conn_params.session. A session of TLS 1.3 should be used once: a second use
 * lets an observer link the connections (RFC 9846, C.4). One of TLS 1.2 may be used until it
 * expires. hf_session_cache in <handfast/store.h> does that by itself.
 *
 * A session holds secrets: with it one can impersonate both ends of the resumed connection to each
 * other. It is wiped when its last reference goes; what hf_session_export writes must be kept like
 * a private key.
 *
 * Threads: a session is constant; references may be taken and dropped on any thread.
 */
#ifndef HANDFAST_SESSION_H
#define HANDFAST_SESSION_H

#include <handfast/types.h>

HF_BEGIN_DECLS

/* Why a session was not resumed or early data was not taken; the list is resume.def. */
typedef enum hf_resume_reason {
#define X(NAME, sentence, fix) HF_RESUME_##NAME,
#include <handfast/resume.def>
#undef X
    HF_RESUME_COUNT
} hf_resume_reason;

/* "KEY_RETIRED"; static, never NULL. */
HF_API const char *hf_resume_name(hf_resume_reason reason);
/* Its sentence, likewise. */
HF_API const char *hf_resume_text(hf_resume_reason reason);
/* What to do about it, likewise. */
HF_API const char *hf_resume_fix(hf_resume_reason reason);

typedef struct hf_session hf_session;

/* One more reference; returns session. */
HF_API hf_session *hf_session_ref(const hf_session *session);
/* Drops one reference; the last one wipes. NULL is allowed. */
HF_API void hf_session_free(hf_session *session);

/* What is known of a session. Spans live as long as it. */
typedef struct hf_session_info {
    uint16_t version;
    uint16_t cipher_suite;
    int64_t received_ms;     /* Unix time by this client's clock */
    uint32_t lifetime_s;     /* as the server says; at most 7 days, and with verified not beyond the
                              * end of the chain */
    uint32_t max_early_data; /* bytes; 0: the server takes none */
    bool verified;           /* the server's chain was verified for server_name */
    bool has_chain;          /* ... and is kept, to be verified again: hf_config_set_reverify */
    hf_span server_name;     /* that was verified or sent; empty: none */
    hf_span alpn;            /* the protocol that was chosen; empty: none */
} hf_session_info;
/* Fills in what is known of it. */
HF_API void hf_session_describe(const hf_session *session, hf_session_info *out);

/* Writes the session with its SECRETS to out, or says HF_NEED_SPACE and writes nothing. At most
 * HF_SESSION_EXPORT_MAX bytes. The form is of this library and may change with its version. */
HF_API HF_MUST_CHECK hf_status hf_session_export(const hf_session *session, hf_buf *out);
enum { HF_SESSION_EXPORT_MAX = 133000 };

/* A session from what hf_session_export wrote, with one reference. NULL: the bytes are not such a
 * session, or no memory. Believe only bytes that you have kept yourself. */
HF_API hf_session *hf_session_import(hf_span bytes);

HF_END_DECLS

#endif
