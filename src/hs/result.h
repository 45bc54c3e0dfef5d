/* What a handshake leaves behind: the connection keeps it, the handshake fills it in. */
#ifndef HS_RESULT_H
#define HS_RESULT_H

#include "crypto/suite.h"
#include "crypto/transcript.h"
#include "session/session.h"

/* The peer's chain as it outlives the handshake: one block. bytes: ocsp response, then the
 * certificates. */
struct hs_chain {
    size_t block_size;
    size_t count;
    hf_span ocsp_response;
    hf_span sct_list;
    hf_span cert[];
};

/* Which rules hold on the connection. */
enum hs_family { HS_TLS13, HS_TLS12 };

/* What versions a ClientHello may lead to, as a mask. */
enum hs_versions { HS_MAY_12 = 1, HS_MAY_13 = 2 };

enum { HS_SESSIONS_MAX = 4 }; /* received and not taken; a further one replaces the oldest */

/* What only a connection with a pre-shared key, or one that asks for sessions, needs. */
struct hs_resumption {
    struct secret early_exporter; /* len 0: none */
    struct secret secret;       /* resumption_secret; at a server only while tickets are made of it,
                                   and before that client_early_traffic_secret */
    struct session_proof proof; /* of the peer, given now or when the session began */
    uint32_t max_early_data;    /* bytes that the session allows */
    uint32_t early_bytes;       /* of them sent or taken */
    uint8_t *stored_id;         /* owned, of MSG_SESSION_ID_MAX bytes; server, TLS 1.2: under which
                                   the session is stored. NULL: it is not */
    int32_t age_skew_ms; /* server, TLS 1.3: the session's age as told, less as it is here; cut
                            to what fits */
    uint32_t session_count;
    hf_session *session[HS_SESSIONS_MAX]; /* references; oldest first */
};

/* What outlives the handshake. Lives in the connection. */
struct hs_result {
    struct suite suite; /* id 0: not chosen */
    const hf_group *group;
    uint16_t version;
    uint16_t server_scheme, client_scheme;
    uint16_t compression;
    uint16_t peer_record_size_limit; /* 0: not announced */
    uint8_t family : 1;              /* enum hs_family; HS_TLS13 until the hello is judged */
    bool warnings_pass : 1;          /* alerts of level warning do not end the connection */
    bool extended_master_secret : 1;
    bool retried : 1;
    bool psk : 1;
    bool resumed : 1;
    bool early_data : 1;
    bool client_certificate : 1;
    bool peer_post_auth : 1;
    bool write_ready : 1;
    bool early_offered : 1;
    bool peer_proven : 1;     /* the peer's chain was verified, now or when the session began */
    bool skip_early_data : 1; /* the client sends early data that this server refused */
    uint8_t resume_reason, early_reason; /* hf_resume_reason */
    int chosen_identity;                 /* -1: none */
    uint64_t sent_total;                 /* handshake bytes sent, for the trace */
    hf_span alpn;                        /* into the configuration's list */
    char *server_name;                   /* owned, NULL: none */
    struct hs_chain *chain;
    struct transcript *post_transcript; /* kept when post-handshake authentication may come */
    struct secret client_app, server_app, exporter;
    struct hs_resumption *resumption; /* owned; NULL: not needed */
    struct hs_master *master;         /* owned; TLS 1.2 only, else NULL */
};

#endif
