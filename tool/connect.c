/* The verb connect: its command line and the configuration that follows from it. */
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "cli/file.h"
#include "report/failure.h"
#include "series.h"
#include "tool.h"

#define AT(member) offsetof(struct call_settings, member)

static const struct opt who_opts[] = {
    {"who is asked for, and believed", NULL, NULL, OPT_HEADING, 0, 0, 0},
    {"sni", "NAME|none",
     "server name to send and to verify instead of HOST; none: send none, verify HOST", OPT_TEXT,
     AT(sni), 0, 0},
    {"verify-name", "NAME", "name that the certificate must have, whatever was sent", OPT_TEXT,
     AT(verify_name), 0, 0},
    {"ca", "FILE", "authorities to believe (PEM), instead of the system's; repeatable", OPT_LIST,
     AT(ca), 0, 0},
    {"crl", "FILE",
     "revocation lists (PEM or DER) to heed, besides what the server staples; repeatable", OPT_LIST,
     AT(crl), 0, 0},
    {"pin", "SHA256",
     "insist on this key in the server's chain, besides an authority: the SHA-256 of its "
     "SubjectPublicKeyInfo in hexadecimal, as 'handfast certs' shows it; repeatable, one suffices",
     OPT_LIST, AT(pin), 0, 0},
    {"insecure", NULL, "believe any certificate: for tests only", OPT_FLAG, AT(insecure), 0, 0},
    {"no-chain-cache", NULL,
     "with --resume: judge the server's chain anew each time; else one that was believed is "
     "believed again",
     OPT_FLAG, AT(no_chain_cache), 0, 0},
    {"time-at", "UNIX", "judge certificates as at this time (seconds since 1970)", OPT_NUMBER,
     AT(time_at), 1, INT64_C(253402300799)},
    {"who we are", NULL, NULL, OPT_HEADING, 0, 0, 0},
    {"cert", "FILE", "certificate to show when asked (PEM chain, leaf first)", OPT_TEXT, AT(cert),
     0, 0},
    {"key", "FILE", "its private key; without, it is looked for in the certificate's file",
     OPT_TEXT, AT(key), 0, 0},
    {"passphrase-file", "FILE",
     "the passphrase of an encrypted key is its first line; without, it is asked for", OPT_TEXT,
     AT(passphrase_file), 0, 0},
    {"psk", "ID:HEX", "pre-shared key: its identity and its bytes in hexadecimal; repeatable",
     OPT_LIST, AT(parameters.psk), 0, 0},
};

static const struct opt offer_opts[] = {
    {"key-shares", "LIST", "groups to send a share for at once; \"\" asks for a HelloRetryRequest",
     OPT_TEXT, AT(parameters.key_shares), 0, 0},
    {"alpn", "LIST", "application protocols", OPT_TEXT, AT(parameters.alpn), 0, 0},
    {"compress-certs", "LIST", "take compressed certificates: brotli, zlib, zstd", OPT_TEXT,
     AT(parameters.compress), 0, 0},
    {"fallback", NULL,
     "say that an earlier try with a higher version failed (TLS_FALLBACK_SCSV); with --tls 1.2",
     OPT_FLAG, AT(fallback), 0, 0},
    {"no-grease", NULL, "no GREASE values, and extensions in a fixed order", OPT_FLAG,
     AT(no_grease), 0, 0},
    {"post-auth", NULL, "allow the server to ask for a certificate later", OPT_FLAG, AT(post_auth),
     0, 0},
};

static const struct opt use_opts[] = {
    {"resumption: earlier sessions, and data before the handshake", NULL, NULL, OPT_HEADING, 0, 0,
     0},
    {"resume", "N",
     "make N further connections, each with a session of those before; stdin and stdout belong to "
     "the last",
     OPT_NUMBER, AT(resume), 1, SERIES_MAX},
    {"session-in", "FILE", "offer the session that --session-out wrote to FILE", OPT_TEXT,
     AT(session_in), 0, 0},
    {"session-out", "FILE",
     "write the newest session to FILE at the end; it is a secret, like a private key", OPT_TEXT,
     AT(session_out), 0, 0},
    {"reverify", NULL,
     "keep the server's chain with a session, and judge it again before the session is offered: it "
     "outlives a change of --ca or --crl that does not concern it, and no revocation",
     OPT_FLAG, AT(reverify), 0, 0},
    {"early-data", "FILE",
     "send FILE as early data (0-RTT) where a session allows it; whoever records that can send it "
     "again",
     OPT_TEXT, AT(early_data), 0, 0},
    {"resend-early", NULL, "send FILE after the handshake when it was not taken as early data",
     OPT_FLAG, AT(resend_early), 0, 0},
    {"what is done and told", NULL, NULL, OPT_HEADING, 0, 0, 0},
    {"http", "PATH", "ask for PATH and print the answer's body", OPT_TEXT, AT(http), 0, 0},
    {"explain", NULL, "draw the handshake and tell every decision", OPT_FLAG, AT(explain), 0, 0},
    {"secrets", NULL, "print the secrets of the connection as well", OPT_FLAG, AT(secrets), 0, 0},
    {"keylog", "FILE", "append the secrets for other programs (default: what SSLKEYLOGFILE names)",
     OPT_TEXT, AT(keylog), 0, 0},
    {"record", "FILE",
     "write the handshake down, for 'handfast explain'; with --secrets its secrets too", OPT_TEXT,
     AT(record), 0, 0},
    {"quiet", NULL, "tell nothing but errors", OPT_FLAG, AT(quiet), 0, 0},
    {"json", NULL, "one JSON object on stdout instead of all text; stdin is not sent", OPT_FLAG,
     AT(json), 0, 0},
    {"starttls", "smtp|imap|pop3|ftp", "ask in the clear for TLS first, as this protocol does it",
     OPT_TEXT, AT(starttls), 0, 0},
    {"export", "LABEL",
     "show 32 bytes of keying material under LABEL, without context (RFC 9846, 7.5; RFC 5705)",
     OPT_TEXT, AT(export_label), 0, 0},
    {"ipv4", NULL, "connect to IPv4 addresses only", OPT_FLAG, AT(ipv4), 0, 0},
    {"ipv6", NULL, "connect to IPv6 addresses only", OPT_FLAG, AT(ipv6), 0, 0},
    {"timeout", "SECONDS", "for connecting, and again for the handshake (default 30)", OPT_NUMBER,
     AT(timeout_s), 1, 86400},
};

static const struct opt_spec spec = {
    .verb = "connect",
    .usage = "[options] HOST[:PORT]",
    .summary =
        "Connects to a TLS server (port 443 if none is given, with --starttls the usual one), "
        "explains the handshake on stderr, "
        "and then is a "
        "pipe: stdin goes to the peer, what the peer sends goes to stdout. The end of stdin closes "
        "our direction; "
        "the peer's answer is awaited. An IPv6 address with a port is written [2001:db8::1]:443.",
    .tables = {{who_opts, sizeof who_opts / sizeof who_opts[0], 0},
               {setup_psk_opts, SETUP_PSK_OPT_COUNT, AT(parameters)},
               {setup_opts, SETUP_OPT_COUNT, AT(parameters)},
               {offer_opts, sizeof offer_opts / sizeof offer_opts[0], 0},
               {use_opts, sizeof use_opts / sizeof use_opts[0], 0}},
    .least_args = 1,
    .most_args = 1,
    .footer = tool_exit_help,
};

static hf_config *make_config(const struct call_settings *s, struct trouble *trouble);
static int add_trust(hf_config *config, const struct call_settings *s, struct trouble *trouble);
static int add_identity(hf_config *config, const struct call_settings *s, struct trouble *trouble);
static int check(const struct call_settings *s, struct trouble *trouble);
static int check_names(const struct call_settings *s, struct address *to, struct trouble *trouble);

int connect_main(int argc, char **argv)
{
    struct call_settings settings = {.timeout_s = 30};
    struct opt_result args = {0};
    struct trouble trouble = {0};
    struct address to = {0};
    struct keylog keylog = {.fd = -1};
    if (opt_parse(&spec, argc, argv, &settings, &args, &trouble) == 0 && args.help) {
        return opt_print_help(&spec);
    }
    hf_config *config = NULL;
    if (trouble.exit_code == 0 && address_parse("HOST", args.args[0], &to, &trouble) == 0 &&
        check(&settings, &trouble) == 0 && check_names(&settings, &to, &trouble) == 0 &&
        keylog_open(&keylog, settings.keylog, &trouble) == 0) {
        to.port = setup_port(&to, settings.starttls);
        config = make_config(&settings, &trouble);
    }
    if (config == NULL) {
        keylog_close(&keylog);
        return setup_failed(argc, argv, &trouble, "connect");
    }
    const int exit_code = series_run(&settings, &to, config, &keylog, &trouble);
    if (keylog.error != 0) {
        struct trouble late = {0};
        (void)trouble_set(&late, TOOL_SYSTEM, "Look at the file system.",
                          "the key log could not be written: %s", strerror(keylog.error));
        trouble_say(&late, "connect");
    }
    keylog_close(&keylog);
    hf_config_free(config);
    return exit_code;
}

static int check(const struct call_settings *s, struct trouble *trouble)
{
    if (s->key != NULL && s->cert == NULL) {
        return trouble_set(trouble, TOOL_USAGE, "Give --cert FILE as well.",
                           "--key %s: there is no --cert for it", s->key);
    }
    if (s->insecure && (s->pin.count > 0 || s->crl.count > 0)) {
        return trouble_set(trouble, TOOL_USAGE, "Leave one of the two away.",
                           "--insecure and %s: with the one nothing is judged",
                           s->pin.count > 0 ? "--pin" : "--crl");
    }
    if (setup_starttls(s->starttls, trouble) != 0) {
        return trouble->exit_code;
    }
    if (s->ipv4 && s->ipv6) {
        return trouble_set(trouble, TOOL_USAGE, "Leave both away for both kinds of address.",
                           "--ipv4 and --ipv6: no address is of both kinds");
    }
    if (s->no_chain_cache && s->resume == 0) {
        return trouble_set(trouble, TOOL_USAGE, "Give --resume N as well, or leave it out.",
                           "--no-chain-cache: one connection remembers nothing");
    }
    if (s->reverify && (s->insecure || !series_resumes(s))) {
        return trouble_set(trouble, TOOL_USAGE, "Leave it out, or change the other.",
                           s->insecure
                               ? "--insecure and --reverify: with the one nothing is judged"
                               : "--reverify: without --resume, --session-in or --session-out "
                                 "no session is offered or kept");
    }
    if (s->early_data != NULL && s->session_in == NULL && s->resume == 0) {
        return trouble_set(trouble, TOOL_USAGE, "Give --session-in FILE, or --resume N, as well.",
                           "--early-data %s: early data needs a session", s->early_data);
    }
    if (s->early_data != NULL && s->http != NULL) {
        return trouble_set(trouble, TOOL_USAGE,
                           "Put the whole request into the file, without --http.",
                           "--early-data and --http: one connection carries one of them");
    }
    if (s->resend_early && s->early_data == NULL) {
        return trouble_set(trouble, TOOL_USAGE, "Give --early-data FILE as well.",
                           "--resend-early: there is no early data");
    }
    if (s->http != NULL && s->http[strcspn(s->http, " \t\r\n")] != '\0') {
        return trouble_set(trouble, TOOL_USAGE, "Write %20 for a blank.",
                           "--http: a path has no blanks or line ends");
    }
    if (s->passphrase_file != NULL && s->cert == NULL) {
        return trouble_set(trouble, TOOL_USAGE, "Give --cert FILE as well.",
                           "--passphrase-file %s: there is no --cert with a key",
                           s->passphrase_file);
    }
    if (setup_check(&s->parameters, trouble) != 0 ||
        (s->record != NULL && file_check_target("--record", s->record, trouble) != 0) ||
        (s->session_out != NULL &&
         file_check_target("--session-out", s->session_out, trouble) != 0)) {
        return trouble->exit_code;
    }
    return 0;
}

static int check_names(const struct call_settings *s, struct address *to, struct trouble *trouble)
{
    static const char fix[] = "Write a name in its ASCII form (xn--...), or an address.";
    /* The dot that ends a full name is for the resolver; it is no part of a server name (RFC 6066,
     * 3). */
    const size_t len = strlen(to->host);
    if (len > 1 && to->host[len - 1] == '.') {
        to->host[len - 1] = '\0';
    }
    if (!to->is_literal && !address_is_name(to->host)) {
        return trouble_set(trouble, TOOL_USAGE, fix, "'%s' is neither a host name nor an address",
                           to->host);
    }
    if (s->sni != NULL && strcmp(s->sni, "none") != 0 && !address_is_name(s->sni)) {
        return trouble_set(trouble, TOOL_USAGE, fix, "--sni %s: not a host name", s->sni);
    }
    if (s->verify_name != NULL && !address_is_name(s->verify_name)) {
        return trouble_set(trouble, TOOL_USAGE, fix, "--verify-name %s: not a host name",
                           s->verify_name);
    }
    return 0;
}

static hf_config *make_config(const struct call_settings *s, struct trouble *trouble)
{
    hf_config *config = hf_config_new(HF_CLIENT, NULL);
    struct setup_parameters parameters = s->parameters;
    if (config == NULL) {
        (void)setup_no_memory(trouble);
        return NULL;
    }
    /* The request will be HTTP/1.1, so that is what is offered (RFC 7301, 6). */
    if (s->http != NULL && parameters.alpn == NULL) {
        parameters.alpn = "http/1.1";
    }
    if (setup_parameters(config, &parameters, trouble) == 0 && add_trust(config, s, trouble) == 0 &&
        add_identity(config, s, trouble) == 0 &&
        (s->resume == 0 || s->no_chain_cache || setup_chain_cache(config, trouble) == 0)) {
        if ((s->no_grease && hf_config_set_grease(config, false) != HF_OK) ||
            (s->fallback && hf_config_set_fallback(config, true) != HF_OK) ||
            (s->post_auth && hf_config_set_post_handshake_auth(config, true) != HF_OK) ||
            (series_resumes(s) && hf_config_set_resumption(config, true) != HF_OK) ||
            (s->reverify && hf_config_set_reverify(config, true) != HF_OK) ||
            hf_config_freeze(config) != HF_OK) {
            (void)failure_of_setting(hf_config_error(config), "these options", trouble);
        }
    }
    if (trouble->exit_code != 0) {
        hf_config_free(config);
        return NULL;
    }
    return config;
}

static int add_trust(hf_config *config, const struct call_settings *s, struct trouble *trouble)
{
    if (s->insecure) {
        return hf_config_set_verify(config, HF_VERIFY_NONE) == HF_OK
                   ? 0
                   : failure_of_setting(hf_config_error(config), "--insecure", trouble);
    }
    hf_trust *trust = NULL;
    if (setup_trust("--ca", &s->ca, &trust, trouble) != 0) {
        return trouble->exit_code;
    }
    if (setup_crl("--crl", &s->crl, trust, trouble) != 0 ||
        setup_pins(&s->pin, trust, trouble) != 0) {
        hf_trust_free(trust);
        return trouble->exit_code;
    }
    hf_trust_store *store = hf_trust_store_new(trust);
    if (store == NULL) {
        (void)setup_no_memory(trouble);
    } else if (hf_config_set_trust(config, store) != HF_OK) {
        (void)failure_of_setting(hf_config_error(config), "--ca", trouble);
    }
    hf_trust_store_free(store);
    hf_trust_free(trust);
    return trouble->exit_code;
}

static int add_identity(hf_config *config, const struct call_settings *s, struct trouble *trouble)
{
    hf_identity *identity = NULL;
    if (s->cert == NULL) {
        return 0;
    }
    const struct setup_identity from = {
        .cert = s->cert,
        .key = s->key,
        .passphrase_file = s->passphrase_file,
        .may_ask = true,
        .now_s = s->time_at != 0 ? s->time_at : (int64_t)time(NULL),
    };
    if (setup_identity(&from, &identity, trouble) != 0) {
        return trouble->exit_code;
    }
    hf_identity_store *store = hf_identity_store_new(&identity, 1);
    if (store == NULL) {
        (void)setup_no_memory(trouble);
    } else if (hf_config_set_identities(config, store) != HF_OK) {
        (void)failure_of_setting(hf_config_error(config), "--cert", trouble);
    }
    hf_identity_store_free(store);
    hf_identity_free(identity);
    return trouble->exit_code;
}
