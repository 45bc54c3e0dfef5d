/* What is to be negotiated, by which rules: built once, frozen, shared.
 *
 * A new configuration of a role has defaults that are fit for the public Internet: TLS 1.3 and 1.2,
 * the AEADs AES-128-GCM, AES-256-GCM and ChaCha20-Poly1305 (TLS 1.2: with ECDHE only), the groups
 * X25519MLKEM768 (TLS 1.3 only), X25519, secp256r1 and secp384r1 (a client sends shares for the
 * first two, as browsers do), a client that verifies its server, sessions off. Setters change it
 * until hf_config_freeze; after that it is constant, and any number of connections on any threads
 * share it. What must change while running (identities, trust, ticket keys) hangs behind handles of
 * its own.
 *
 * Lists are comma-separated names in order of preference, without regard to case, '-', '_' and
 * blanks around a name; unknown and duplicate names are refused, with what was likely meant and the
 * known ones in the error's detail. A setting that only the other role has is refused when it is
 * switched on. A setter that fails changes nothing; hf_config_error says why.
 *
 *     hf_config *c = hf_config_new(HF_SERVER, NULL);
 *     if (hf_config_set_groups(c, "X25519MLKEM768,X25519") != HF_OK)
 *     puts(hf_config_error(c)->detail);
 *     hf_config_set_identities(c, store);
 *     if (hf_config_freeze(c) != HF_OK) ...
 *
 * Threads: building by one; frozen, all.
 */
#ifndef HANDFAST_CONFIG_H
#define HANDFAST_CONFIG_H

#include <handfast/crypto.h>
#include <handfast/err.h>
#include <handfast/identity.h>
#include <handfast/op.h>
#include <handfast/replay.h>
#include <handfast/store.h>
#include <handfast/ticket.h>
#include <handfast/trust.h>
#include <handfast/types.h>

HF_BEGIN_DECLS

typedef struct hf_config hf_config;

/* A configuration with one reference. provider NULL: the default one. NULL: no memory. */
HF_API hf_config *hf_config_new(hf_role role, const hf_provider *provider);
HF_API hf_config *hf_config_ref(const hf_config *config); /* frozen ones only */
HF_API void hf_config_free(hf_config *config);            /* drops one reference; NULL is allowed */

/* The last setter's error. Never NULL. */
HF_API const hf_error *hf_config_error(const hf_config *config);

/* Checks the whole and makes it constant. HF_FAILED: hf_config_error says what is missing. */
HF_API HF_MUST_CHECK hf_status hf_config_freeze(hf_config *config);

/* --- Parameters. Names: IANA's; short forms in hf_config_names -------------------------------- */

/* "TLS_AES_128_GCM_SHA256,..." or "AES-128-GCM". */
HF_API HF_MUST_CHECK hf_status hf_config_set_ciphers(hf_config *config, const char *names);
/* "X25519MLKEM768,X25519,secp256r1" (also P-256 and the like). */
HF_API HF_MUST_CHECK hf_status hf_config_set_groups(hf_config *config, const char *names);
/* Client: for which of the groups a share is sent at once; "" sends none and so asks for a
 * HelloRetryRequest. Without this call: X25519MLKEM768 and X25519 if listed, else the first
 * group. */
HF_API HF_MUST_CHECK hf_status hf_config_set_key_shares(hf_config *config, const char *names);
/* "ecdsa_secp256r1_sha256,rsa_pss_rsae_sha256,ed25519": to accept and to sign with. In TLS 1.3
 * rsa_pkcs1 is for certificates only: a list of nothing else leaves TLS 1.2. */
HF_API HF_MUST_CHECK hf_status hf_config_set_signature_algorithms(hf_config *config,
                                                                  const char *names);
/* signature_algorithms_cert; "" (default) sends none. */
HF_API HF_MUST_CHECK hf_status hf_config_set_signature_algorithms_cert(hf_config *config,
                                                                       const char *names);
/* Application protocols (RFC 7301), "h2,http/1.1"; "": none. */
HF_API HF_MUST_CHECK hf_status hf_config_set_alpn(hf_config *config, const char *names);
/* Lowest and highest version (default: TLS 1.2 and TLS 1.3). The freeze narrows them to versions
 * for which a cipher suite, in TLS 1.2 a group and a certificate, and in TLS 1.3 a signature
 * algorithm, is there. */
HF_API HF_MUST_CHECK hf_status hf_config_set_versions(hf_config *config, hf_version lowest,
                                                      hf_version highest);
/* Refuse a TLS 1.2 handshake without extended_master_secret (RFC 7627; default off: without it
 * nothing is exported or resumed). */
HF_API HF_MUST_CHECK hf_status hf_config_set_require_ems(hf_config *config, bool on);
/* Client: say that this connection offers less than it could, because an earlier try with more
 * failed (TLS_FALLBACK_SCSV, RFC 7507; default off). */
HF_API HF_MUST_CHECK hf_status hf_config_set_fallback(hf_config *config, bool on);
/* Methods of compress_certificate (RFC 8879), "brotli,zlib,zstd"; "" (default): none. */
HF_API HF_MUST_CHECK hf_status hf_config_set_certificate_compression(hf_config *config,
                                                                     const char *names);

/* In which ways pre-shared keys and sessions may be used, psk_key_exchange_modes (RFC 9846, 4.3.9):
 * "psk_dhe_ke" (default), "psk_ke", or both, which a client offers, and of which a server takes
 * the first that is offered. With psk_ke there is no key exchange and NO FORWARD SECRECY: whoever
 * learns the key later, or the ticket key, reads what was recorded. */
HF_API HF_MUST_CHECK hf_status hf_config_set_psk_modes(hf_config *config, const char *names);

/* Names that the lists accept, comma separated, best first; static. which: "ciphers", "groups",
 * "sigalgs", "compression", "psk_modes". NULL for others. */
HF_API const char *hf_config_names(const char *which);

/* --- Who -------------------------------------------------------------------------------------- */

/* Certificates of this end; the configuration takes its own reference. NULL removes. */
HF_API HF_MUST_CHECK hf_status hf_config_set_identities(hf_config *config,
                                                        hf_identity_store *store);
/* Anchors for the peer's chain; the configuration takes its own reference. */
HF_API HF_MUST_CHECK hf_status hf_config_set_trust(hf_config *config, hf_trust_store *store);
/* Where chains that were believed are remembered; NULL, the default: nowhere. The configuration
 * takes its own reference. */
HF_API HF_MUST_CHECK hf_status hf_config_set_chain_cache(hf_config *config, hf_chain_cache *cache);

/* What is asked of the peer. A client's default is HF_VERIFY_REQUIRE, a server's HF_VERIFY_NONE. */
typedef enum hf_verify {
    HF_VERIFY_NONE, /* client: believe any server (for tests only); server: ask for no certificate
                     */
    HF_VERIFY_REQUEST, /* server: ask, go on without one, verify one that comes */
    HF_VERIFY_REQUIRE  /* verify; none is an error */
} hf_verify;
/* Sets it. HF_FAILED: a client cannot only request. */
HF_API HF_MUST_CHECK hf_status hf_config_set_verify(hf_config *config, hf_verify verify);
/* Server: send certificate_authorities in its CertificateRequest (default on). */
HF_API HF_MUST_CHECK hf_status hf_config_set_send_authorities(hf_config *config, bool on);
/* Server: what certificate_authorities lists in place of the names of the trust anchors (RFC 9846,
 * 4.3.4): for those who verify outside, or who would rather not name all of them. names: count
 * Names in DER, of 60 KiB at most with two bytes more for each; they are copied. count 0: those of
 * the anchors again. */
HF_API HF_MUST_CHECK hf_status hf_config_set_authorities(hf_config *config, const hf_span *names,
                                                         size_t count);
/* Server: a name that no certificate has is unrecognized_name instead of the default certificate
 * (default off). */
HF_API HF_MUST_CHECK hf_status hf_config_set_strict_sni(hf_config *config, bool on);
/* Client: allow the server to ask for a certificate after the handshake (RFC 9846, 4.7.2;
 * default off). */
HF_API HF_MUST_CHECK hf_status hf_config_set_post_handshake_auth(hf_config *config, bool on);

/* A pre-shared key from outside, imported for TLS 1.3 (RFC 9258), for both roles; may be called
 * repeatedly. From it come two keys, one for suites with SHA-256 and one with SHA-384, under
 * identities that name identity and context; both ends must import it with the same. identity: 1
 * byte and more; key: at least 16 bytes; hash: that goes with the key, 256 if you know of none, or
 * 384.
 *
 * context travels in the clear. It must hold what else the key was agreed upon with, and it is what
 * stands against reflection: who holds a key for both roles, as client and as server, can be led
 * to speak with himself ("Selfie"). Give contexts that tell the roles, "client=a,server=b"; or
 * else the empty span, and use a key in one role only. */
HF_API HF_MUST_CHECK hf_status hf_config_add_psk(hf_config *config, hf_span identity,
                                                 hf_span context, hf_span key, unsigned hash);
/* The same key as it is, for peers that do not import keys; never one that is imported, or used
 * with TLS 1.2 (RFC 9258, 8). It goes with suites of this hash only, 256 or 384. */
HF_API HF_MUST_CHECK hf_status hf_config_add_raw_psk(hf_config *config, hf_span identity,
                                                     hf_span key, unsigned hash);

/* --- Resumption (RFC 9846, 2.2 and 2.3) ------------------------------------------------------- */

/* Client: ask for sessions and keep them for hf_conn_take_session (default off). */
HF_API HF_MUST_CHECK hf_status hf_config_set_resumption(hf_config *config, bool on);
/* Client: sessions keep the server's chain and what was stapled to it, and before one is offered
 * its chain is verified again, for the time, the anchors, pins and revocation lists of now
 * (HF_OP_VERIFY_CHAIN; default off). Refused: the session is not offered, no early data is sent,
 * and a full handshake follows. So a session outlives a change of trust that does not concern it,
 * and none outlives the server's certificate or its revocation; without this call a change of
 * trust ends all sessions. Sessions without a chain are not offered: those of before, those whose
 * chain has more than 64 KiB, and those that came after hf_conn_forget_peer_chain. On a resumed
 * connection the chain is shown as though the server had sent it. */
HF_API HF_MUST_CHECK hf_status hf_config_set_reverify(hf_config *config, bool on);
/* Server: seal sessions into tickets under these keys and open them; the configuration takes its
 * own reference. NULL (default): none are issued, and none taken, unless the caller answers
 * HF_OP_TICKET_SEAL and HF_OP_TICKET_OPEN. */
HF_API HF_MUST_CHECK hf_status hf_config_set_ticket_keys(hf_config *config, hf_ticket_keys *keys);
/* Server: where sessions are stored (<handfast/store.h>): those of TLS 1.2 that have a session_id,
 * and those of TLS 1.3 when there are no ticket keys, or when stateful is on. Sealed tickets are
 * opened and stored sessions found whatever is issued. The configuration takes its own reference;
 * NULL (default): nowhere. */
HF_API HF_MUST_CHECK hf_status hf_config_set_session_store(hf_config *config,
                                                           hf_session_store *store);
/* Server, with both ticket keys and a store: TLS 1.3 sessions are stored and good once, instead of
 * sealed into tickets (default off). Early data of stored sessions needs no replay guard. */
HF_API HF_MUST_CHECK hf_status hf_config_set_stateful(hf_config *config, bool on);
/* Server: how many tickets follow a full handshake, 0..8 (default 2; after a resumed one at most
 * one; after one with an external PSK none, since resuming would save nothing), and for how many
 * seconds a session lives, 1..604800 (default 7200). One with a client's
 * certificate ends with that certificate at the latest, and seven days after it was shown, however
 * often it is renewed; and it is for configurations with the same trust only (RFC 9846, 4.7.1). */
HF_API HF_MUST_CHECK hf_status hf_config_set_tickets(hf_config *config, unsigned count,
                                                     uint32_t lifetime_s);
/* Server: take early data of up to max bytes for each connection; 0 (default): none. Of a session
 * that was issued under a higher max none is taken, as its client counts by that. The age of a
 * ticket that the client tells may be off by window_ms, 1..60000; within twice that a first flight
 * is remembered by the guard, without which a freeze fails unless the caller answers
 * HF_OP_REPLAY_CHECK or sessions are stored. */
HF_API HF_MUST_CHECK hf_status hf_config_set_early_data(hf_config *config, uint32_t max,
                                                        uint32_t window_ms);
/* Server: who remembers first flights; the configuration takes its own reference. */
HF_API HF_MUST_CHECK hf_status hf_config_set_replay_guard(hf_config *config,
                                                          hf_replay_guard *guard);

/* --- Behaviour -------------------------------------------------------------------------------- */

/* Client: GREASE values (RFC 8701) and a random order of extensions, as browsers do (default
 * on). */
HF_API HF_MUST_CHECK hf_status hf_config_set_grease(hf_config *config, bool on);
/* Look like TLS 1.2 to middleboxes (RFC 9846, E.4; default on). */
HF_API HF_MUST_CHECK hf_status hf_config_set_middlebox_compat(hf_config *config, bool on);
/* record_size_limit to announce (RFC 8449): 64..16385, or 0 (default): do not send the
 * extension. */
HF_API HF_MUST_CHECK hf_status hf_config_set_record_size_limit(hf_config *config, uint16_t limit);
/* Records are padded to a multiple of this many bytes, 1..16384; 1 (default): no padding. */
HF_API HF_MUST_CHECK hf_status hf_config_set_padding(hf_config *config, uint16_t multiple);
/* Client: ask for a stapled OCSP response and SCTs (default on). */
HF_API HF_MUST_CHECK hf_status hf_config_set_request_status(hf_config *config, bool on);
/* Server: when the client must be asked for another share, keep no state and send a cookie (RFC
 * 9846, 4.3.2). key: 32 bytes shared by all instances; the empty span switches off. always: ask
 * every client to prove its address by a HelloRetryRequest. */
HF_API HF_MUST_CHECK hf_status hf_config_set_stateless_retry(hf_config *config, hf_span key,
                                                             bool always);
/* Server: whether EncryptedExtensions carries supported_groups (default off; RFC 9846, 4.3.7). */
HF_API HF_MUST_CHECK hf_status hf_config_set_announce_groups(hf_config *config, bool on);
/* Kinds of op, as a mask of HF_OP_BIT, that hf_conn_op hands to the caller (default 0: none). */
HF_API HF_MUST_CHECK hf_status hf_config_external_ops(hf_config *config, unsigned mask);
/* Source of randomness instead of the provider's; for tests and for HSMs. */
HF_API HF_MUST_CHECK hf_status hf_config_set_random(hf_config *config, hf_random_fn random,
                                                    void *ctx);

/* Limits against a hostile peer. Zero in a member keeps the default. */
typedef struct hf_limits {
    size_t size;
    uint32_t handshake_message; /* bytes; default 65536, at most 1 << 20 */
    uint32_t chain_depth;       /* certificates; default 10 */
    uint32_t decompressed;      /* bytes of a decompressed certificate message; default 65536 */
    uint32_t post_handshake;    /* KeyUpdates and tickets taken without application data between;
                                   default 32 */
} hf_limits;
/* Sets those that are not zero; the struct is copied. HF_FAILED: one is out of its range. */
HF_API HF_MUST_CHECK hf_status hf_config_set_limits(hf_config *config, const hf_limits *limits);

/* Records under one key after which it is updated by itself, for tests; 0: by the AEAD's limit
 * (RFC 9846, 5.5). */
HF_API HF_MUST_CHECK hf_status hf_config_set_key_update_after(hf_config *config, uint64_t records);

HF_END_DECLS

#endif
