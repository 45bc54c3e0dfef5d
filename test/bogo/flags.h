/* What the runner asks of the shim: its flags, read into plain values.
 *
 * Lists are bounded; nothing here is freed, as a shim lives for one test. Strings point into argv.
 */
#ifndef BOGO_FLAGS_H
#define BOGO_FLAGS_H

#include <handfast/types.h>

enum {
    BOGO_LIST_MAX = 64,
    BOGO_CREDENTIALS_MAX = 8,
    BOGO_EXIT_UNIMPLEMENTED = 89 /* the runner's code for "this shim cannot do that" */
};

struct bogo_list {
    uint16_t items[BOGO_LIST_MAX];
    size_t count;
    bool given;
};

/* One certificate of ours with its key. */
struct bogo_credential {
    const char *cert_file;
    const char *key_file;
    hf_span ocsp_response;
    hf_span sct_list;
    struct bogo_list signing_prefs;
    bool must_match_issuer;
    bool is_psk; /* none of the above, but a key to import (RFC 9258) */
    hf_span psk_key, psk_identity, psk_context;
    bool psk_sha256, psk_sha384; /* that goes with the key */
};

/* A PSK of RFC 9258 is imported; those of RFC 9846 are not, and the runner has no flag for them. */
struct bogo_flags {
    int port;
    bool ipv6;
    uint64_t shim_id;
    bool server;
    int resume_count;
    bool is_handshaker_supported;

    /* What is negotiated. */
    int min_version, max_version;
    bool no_tls13, no_tls12;
    const char *cipher;
    struct bogo_list curves, curves_flags, key_shares, verify_prefs;
    bool no_key_shares;
    bool fallback_scsv;
    const char *host_name;
    const char *advertise_alpn, *select_alpn;
    bool reject_alpn;
    bool enable_grease, permute_extensions;
    bool install_cert_compression_algs;

    /* Who we are, and whom we believe. */
    struct bogo_credential base; /* of flags before the first -new-x509-credential */
    struct bogo_credential credentials[BOGO_CREDENTIALS_MAX];
    size_t credential_count;
    const char *trust_cert, *use_client_ca_list;
    bool require_any_client_certificate, verify_peer, verify_fail, use_custom_verify_callback;
    bool reverify_on_resume;
    bool decline_ocsp_callback, fail_ocsp_callback;
    bool enable_ocsp_stapling, enable_signed_cert_timestamps;

    /* Sessions. */
    bool enable_early_data, no_ticket, skip_ticket, renew_ticket;
    int resumption_delay_s;

    /* How the shim behaves. */
    bool async;
    bool fail_early_callback, fail_ddos_callback, fail_cert_callback;
    bool shim_writes_first, shim_shuts_down, check_close_notify;
    const char *shim_initial_write;
    int repeat_shim_initial_write;
    bool write_different_record_sizes, read_with_unfinished_write;
    int max_cert_list;
    bool implicit_handshake, no_op_extra_handshake, handshake_twice, handshake_never_done;
    bool key_update, key_update_before_read;
    bool send_alert;
    int export_len;
    const char *export_label, *export_context;
    bool use_export_context, use_exporter_between_reads, export_traffic_secrets;

    /* What is to come of it. */
    int expect_version, expect_cipher, expect_cipher_aes, expect_curve_id;
    int expect_peer_signature_algorithm, expect_total_renegotiations, expect_selected_credential;
    int expect_ticket_age_skew_s;
    bool expect_selected_credential_given;
    const char *expect_server_name, *expect_alpn, *expect_advertised_alpn, *expect_peer_cert_file;
    const char *expect_early_data_reason, *expect_client_ca_list, *expect_msg_callback;
    bool expect_no_server_name, expect_no_peer_cert, expect_verify_result;
    bool expect_extended_master_secret;
    bool expect_session_miss, expect_no_session, expect_ticket_renewal;
    bool expect_session_id, expect_no_session_id;
    bool expect_ticket_supports_early_data, expect_no_offer_early_data;
    bool expect_accept_early_data, expect_reject_early_data;
    bool expect_hrr, expect_no_hrr, expect_sha256_client_cert;
    hf_span expect_ocsp_response, expect_sct_list;
    struct bogo_list expect_peer_verify_prefs;
};

/* Three sets, as flags may be for the first connection, for those that resume, or for what follows
 * refused early data. */
struct bogo_all_flags {
    struct bogo_flags initial, resume, retry;
};

/* Reads the command line. 0, or the exit code, with the reason on stderr. */
int bogo_flags_read(int argc, char **argv, struct bogo_all_flags *out);

/* "This shim cannot do that": says what on stderr and in the file that HF_BOGO_LOG names, and
 * returns BOGO_EXIT_UNIMPLEMENTED. */
int bogo_unimplemented(const char *what);

#endif
