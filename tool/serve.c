/* The verb serve: its command line. What it makes of it is server.c's. */
#include <stddef.h>
#include <string.h>

#include "cli/file.h"
#include "server.h"
#include "tool.h"

#define AT(member) offsetof(struct serve_settings, member)

static const struct opt who_opts[] = {
    {"where", NULL, NULL, OPT_HEADING, 0, 0, 0},
    {"listen", "ADDR:PORT",
     "where to listen; port 0: one that is free; repeatable (default 127.0.0.1:8443)", OPT_LIST,
     AT(listen), 0, 0},
    {"who we are", NULL, NULL, OPT_HEADING, 0, 0, 0},
    {"cert", "FILE",
     "certificate chain (PEM, leaf first); repeatable: chosen by the name that the client asks "
     "for, then "
     "by what it can verify; the first is the default. Without any, a throw-away authority is made",
     OPT_LIST, AT(cert), 0, 0},
    {"key", "FILE",
     "private key of the --cert at the same place; without, it is looked for in that file",
     OPT_LIST, AT(key), 0, 0},
    {"passphrase-file", "FILE",
     "the passphrase of encrypted keys is its first line; without, it is asked for", OPT_TEXT,
     AT(passphrase_file), 0, 0},
    {"ocsp", "FILE", "OCSP response (DER) to staple to the --cert at the same place; repeatable",
     OPT_LIST, AT(ocsp), 0, 0},
    {"strict-sni", NULL, "refuse names that no certificate has (unrecognized_name)", OPT_FLAG,
     AT(strict_sni), 0, 0},
    {"allow-expired", NULL, "serve certificates that are not valid now: for tests", OPT_FLAG,
     AT(allow_expired), 0, 0},
    {"psk", "ID:HEX",
     "pre-shared key: its identity and its bytes in hexadecimal; repeatable; without --cert only "
     "clients that hold one are served",
     OPT_LIST, AT(parameters.psk), 0, 0},
};

static const struct opt peer_opts[] = {
    {"who may come", NULL, NULL, OPT_HEADING, 0, 0, 0},
    {"client-auth", "none|request|require",
     "client certificates: not asked for (default), wanted, demanded", OPT_TEXT, AT(client_auth), 0,
     0},
    {"client-ca", "FILE", "authorities of clients (PEM); repeatable", OPT_LIST, AT(client_ca), 0,
     0},
    {"client-crl", "FILE",
     "revocation lists of those authorities (PEM or DER); repeatable; SIGHUP reads them again",
     OPT_LIST, AT(client_crl), 0, 0},
    {"no-chain-cache", NULL,
     "judge a client's chain anew each time; else one that was believed is believed again while "
     "its certificates are valid and the authorities stay the same",
     OPT_FLAG, AT(no_chain_cache), 0, 0},
};

static const struct opt use_opts[] = {
    {"alpn", "LIST", "application protocols; a client with none of them is refused", OPT_TEXT,
     AT(parameters.alpn), 0, 0},
    {"stateless-retry", NULL,
     "answer every first ClientHello with a cookie and keep no state for it", OPT_FLAG,
     AT(stateless_retry), 0, 0},
    {"compress-certs", "LIST", "compress the certificate for clients that can: brotli, zlib, zstd",
     OPT_TEXT, AT(parameters.compress), 0, 0},
    {"sessions, and data that comes before the handshake is over", NULL, NULL, OPT_HEADING, 0, 0,
     0},
    {"tickets", "N",
     "tickets for each connection, to resume it with; 0: none, and nothing is resumed (default 2)",
     OPT_NUMBER, AT(resumption.tickets), 0, 8},
    {"ticket-lifetime", "SECONDS", "how long a ticket is good (default 7200)", OPT_NUMBER,
     AT(resumption.lifetime_s), 1, HF_TICKET_LIFETIME_MAX_S},
    {"ticket-period", "SECONDS",
     "how long a ticket key seals, before a new one does (default 3600, or a hundredth of the "
     "lifetime)",
     OPT_NUMBER, AT(resumption.period_s), 1, HF_TICKET_LIFETIME_MAX_S},
    {"ticket-seed", "FILE|fd:N|env:NAME|redis://HOST:PORT/KEY",
     "derive the ticket keys from this seed, which 'handfast seed' makes, so that all servers that "
     "have it resume each other's sessions (default: random keys of this process); SIGHUP reads it "
     "again",
     OPT_TEXT, AT(resumption.seed), 0, 0},
    {"max-early-data", "N",
     "take up to N bytes of early data (0-RTT) in each connection, at most 262144: such bytes may "
     "be a replay (default 0: none)",
     OPT_NUMBER, AT(resumption.max_early_data), 0, 262144},
    {"early-policy", "safe|425|wait",
     "HTTP requests in early data: with a safe method (GET, HEAD, OPTIONS) they are answered at "
     "once, others when the handshake is over (safe, the default) or with 425 Too Early (425); or "
     "all wait (wait)",
     OPT_TEXT, AT(resumption.early_policy), 0, 0},
    {"early-window", "SECONDS",
     "how far the age of a ticket that the client tells may be off with early data (default 10)",
     OPT_NUMBER, AT(resumption.early_window_s), 1, 60},
    {"anti-replay", "local|redis://HOST:PORT[/DB]",
     "who remembers first flights with early data: this process (local, the default without "
     "--ticket-seed), or a Redis for all servers with the same seed; when that cannot be asked, "
     "early data is refused and the handshake goes on",
     OPT_TEXT, AT(resumption.anti_replay), 0, 0},
    {"store-timeout", "MS", "how long a handshake with early data waits for Redis (default 50)",
     OPT_NUMBER, AT(resumption.store_limit_ms), 1, 1000},
    {"redis-auth", "FILE|fd:N|env:NAME", "what opens Redis: a line PASSWORD, or USER PASSWORD",
     OPT_TEXT, AT(resumption.redis_auth), 0, 0},
    {"what is done and told", NULL, NULL, OPT_HEADING, 0, 0, 0},
    {"echo", NULL, "send each record's bytes back as one record, instead of answering HTTP",
     OPT_FLAG, AT(echo), 0, 0},
    {"max-connections", "N",
     "connections at a time; more wait in the system's queue (default: what the limit on open "
     "files allows, at most 20000)",
     OPT_NUMBER, AT(max_connections), 1, 1000000},
    {"max-handshake", "BYTES",
     "that a client may send before the handshake is over, early data apart (default 131072)",
     OPT_NUMBER, AT(handshake_bytes), 1024, 1 << 24},
    {"handshake-timeout", "SECONDS", "for a handshake (default 10)", OPT_NUMBER, AT(handshake_s), 1,
     86400},
    {"idle-timeout", "SECONDS", "without a byte, and for one request to arrive (default 60)",
     OPT_NUMBER, AT(idle_s), 1, 86400},
    {"drain-timeout", "SECONDS",
     "for what is under way when SIGTERM or Ctrl-C comes: handshakes, requests, answers, with "
     "--echo whoever is not silent for a second; nobody new is let in (default 10)",
     OPT_NUMBER, AT(drain_s), 1, 86400},
    {"keylog", "FILE", "append the secrets for other programs (default: what SSLKEYLOGFILE names)",
     OPT_TEXT, AT(keylog), 0, 0},
    {"record", "FILE",
     "write each connection's handshake down when it ends, for 'handfast explain'; %n in the name "
     "is the number of the connection, without it the file holds the latest",
     OPT_TEXT, AT(record), 0, 0},
    {"secrets", NULL, "write the secrets into recordings as well", OPT_FLAG, AT(secrets), 0, 0},
    {"lab", NULL,
     "show the secrets of a connection in its own page, each computed again there; for looking at "
     "one's own connections: listens on loopback only",
     OPT_FLAG, AT(lab), 0, 0},
    {"log-requests", NULL, "tell each HTTP request in a line", OPT_FLAG, AT(log_requests), 0, 0},
    {"quiet", NULL, "tell nothing about connections", OPT_FLAG, AT(quiet), 0, 0},
    {"json", NULL, "one JSON object per line on stdout instead of all text", OPT_FLAG, AT(json), 0,
     0},
};

static const struct opt_spec spec = {
    .verb = "serve",
    .usage = "[options]",
    .summary =
        "Serves TLS. A browser that asks for / sees the handshake of the very connection that "
        "carries the page, step by step; /last-failures shows a browser on this machine the "
        "latest that failed; any "
        "other HTTP/1.x request is answered with the connection's facts (/json: as JSON). "
        "Prints 'listening on "
        "ADDR:PORT' for each listener when it is ready. SIGHUP reads the certificates again "
        "without dropping a "
        "connection; SIGUSR1 prints how many are open and what became of the others; Ctrl-C and "
        "SIGTERM end it in good order, with exit code 0, a second one at once. A full disk, a log "
        "that nobody reads and a lack of descriptors do not end it: they are told and counted.",
    .tables = {{who_opts, sizeof who_opts / sizeof who_opts[0], 0},
               {setup_psk_opts, SETUP_PSK_OPT_COUNT, AT(parameters)},
               {peer_opts, sizeof peer_opts / sizeof peer_opts[0], 0},
               {setup_opts, SETUP_OPT_COUNT, AT(parameters)},
               {use_opts, sizeof use_opts / sizeof use_opts[0], 0}},
    .least_args = 0,
    .most_args = 0,
    .footer = tool_exit_help,
};

static int check(const struct serve_settings *s, struct trouble *trouble);

int serve_main(int argc, char **argv)
{
    struct serve_settings settings = {
        .handshake_s = 10,
        .handshake_bytes = 131072,
        .drain_s = 10,
        .idle_s = 60,
        .resumption = {.tickets = 2,
                       .lifetime_s = 7200,
                       .early_window_s = 10,
                       .store_limit_ms = 50},
    };
    struct opt_result args = {0};
    struct trouble trouble = {0};
    if (opt_parse(&spec, argc, argv, &settings, &args, &trouble) == 0 && args.help) {
        return opt_print_help(&spec);
    }
    if (trouble.exit_code == 0 && check(&settings, &trouble) == 0 &&
        resumption_check(&settings.resumption, &trouble) == 0) {
        (void)server_run(&settings, &trouble);
    }
    return trouble.exit_code == 0 ? TOOL_OK : setup_failed(argc, argv, &trouble, "serve");
}

static int check(const struct serve_settings *s, struct trouble *trouble)
{
    static const char *const auth[] = {"none", "request", "require"};
    if (s->key.count > s->cert.count) {
        return trouble_set(trouble, TOOL_USAGE, "Give each --key its --cert.",
                           "--key %s: there is no --cert for it", s->key.items[s->cert.count]);
    }
    if (s->ocsp.count > s->cert.count) {
        return trouble_set(trouble, TOOL_USAGE, "Give each --ocsp its --cert.",
                           "--ocsp %s: there is no --cert for it", s->ocsp.items[s->cert.count]);
    }
    if (s->key.count != 0 && s->key.count != s->cert.count) {
        return trouble_set(trouble, TOOL_USAGE, "Give one --key for each --cert, or none at all.",
                           "--cert %s: there is no --key for it", s->cert.items[s->key.count]);
    }
    bool known = s->client_auth == NULL;
    for (size_t i = 0; i < 3 && !known; i++) {
        known = strcmp(s->client_auth, auth[i]) == 0;
    }
    if (!known) {
        return trouble_set(trouble, TOOL_USAGE, "Choose none, request or require.",
                           "--client-auth %s: no such choice", s->client_auth);
    }
    const bool asks = s->client_auth != NULL && strcmp(s->client_auth, "none") != 0;
    if (asks && s->client_ca.count == 0) {
        return trouble_set(
            trouble, TOOL_USAGE, "Give the authorities of the clients with --client-ca FILE.",
            "--client-auth %s: no --client-ca says whose certificates are good", s->client_auth);
    }
    if (!asks && (s->client_ca.count > 0 || s->client_crl.count > 0)) {
        const bool crl = s->client_ca.count == 0;
        return trouble_set(
            trouble, TOOL_USAGE, "Add --client-auth request or --client-auth require.",
            "--client-%s %s: no client is asked for a certificate", crl ? "crl" : "ca",
            crl ? s->client_crl.items[0] : s->client_ca.items[0]);
    }
    if (!asks && s->no_chain_cache) {
        return trouble_set(trouble, TOOL_USAGE,
                           "Add --client-auth request or --client-auth require.",
                           "--no-chain-cache: no client is asked for a certificate");
    }
    if (s->echo && (s->lab || s->log_requests)) {
        return trouble_set(trouble, TOOL_USAGE, "Leave one of the two away.",
                           "--echo and %s: an echo has no requests and no pages",
                           s->lab ? "--lab" : "--log-requests");
    }
    if (s->secrets && s->record == NULL) {
        return trouble_set(trouble, TOOL_USAGE, "Give --record FILE as well.",
                           "--secrets: there is no recording to write them into");
    }
    if (s->passphrase_file != NULL && s->cert.count == 0) {
        return trouble_set(trouble, TOOL_USAGE, "Give --cert FILE as well.",
                           "--passphrase-file %s: there is no --cert with a key",
                           s->passphrase_file);
    }
    if (setup_check(&s->parameters, trouble) != 0 || s->record == NULL) {
        return trouble->exit_code;
    }
    return file_check_target("--record", s->record, trouble);
}
