/* The verb certs: a chain as a person reads it, and whether it would be believed. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "certs_chain.h"
#include "certs_report.h"
#include "cli/file.h"
#include "cli/option.h"
#include "pki/certview.h"
#include "report/failure.h"
#include "setup.h"
#include "tool.h"

struct certs_settings {
    const char *name;
    struct opt_list ca, crl;
    const char *ocsp, *save, *starttls;
    bool client, json;
    int64_t time_at, timeout_s;
};

#define AT(member) offsetof(struct certs_settings, member)

static const struct opt opts[] = {
    {"name", "NAME", "name or address that the certificate must be for (default for HOST: HOST)",
     OPT_TEXT, AT(name), 0, 0},
    {"ca", "FILE", "authorities to believe (PEM), instead of the system's; repeatable", OPT_LIST,
     AT(ca), 0, 0},
    {"crl", "FILE", "revocation lists (PEM or DER) to heed; repeatable", OPT_LIST, AT(crl), 0, 0},
    {"ocsp", "FILE", "OCSP response (DER) to judge with the chain of a FILE", OPT_TEXT, AT(ocsp), 0,
     0},
    {"client", NULL, "judge as the certificate of a client", OPT_FLAG, AT(client), 0, 0},
    {"time-at", "UNIX", "judge as at this time (seconds since 1970)", OPT_NUMBER, AT(time_at), 1,
     INT64_C(253402300799)},
    {"save", "FILE",
     "write the certificates to FILE as well, as PEM in the order in which they came", OPT_TEXT,
     AT(save), 0, 0},
    {"starttls", "smtp|imap|pop3|ftp",
     "ask HOST in the clear for TLS first, as this protocol does it", OPT_TEXT, AT(starttls), 0, 0},
    {"timeout", "SECONDS", "for connecting, and again for the handshake (default 30)", OPT_NUMBER,
     AT(timeout_s), 1, 86400},
    {"json", NULL, "one JSON object on stdout instead of text", OPT_FLAG, AT(json), 0, 0},
};

static const struct opt_spec spec = {
    .verb = "certs",
    .usage = "[options] FILE|HOST[:PORT]",
    .summary = "Shows the certificates of a file (PEM, or one in DER) or of a server (port 443 if "
               "none is given): names, issuers, dates, keys, usage, fingerprints, whether their "
               "order is right and what is missing, and whether they would be believed, with the "
               "rule that says no and what helps. What is no file is a host. Exits with 5 if they "
               "would not be believed.",
    .tables = {{opts, sizeof opts / sizeof opts[0], 0}},
    .least_args = 1,
    .most_args = 1,
    .footer = tool_exit_help,
};

static int collect(struct certs_settings *s, const char *from, struct address *to,
                   struct certs_chain *out, struct trouble *trouble);
static int collect_file(const struct certs_settings *s, const char *path, struct certs_chain *out,
                        struct trouble *trouble);
static int make_trust(const struct certs_settings *s, hf_trust **out, struct trouble *trouble);
static int save(const char *path, const struct certs_chain *chain, struct trouble *trouble);
static int judge(const struct certs_settings *s, const char *from, const struct certs_chain *chain,
                 const hf_trust *trust, struct trouble *trouble);

int certs_main(int argc, char **argv)
{
    struct certs_settings settings = {.timeout_s = 30};
    struct opt_result args = {0};
    struct trouble trouble = {0};
    struct certs_chain chain = {.count = 0};
    struct address to = {0}; /* what settings.name may point to */
    hf_trust *trust = NULL;
    if (opt_parse(&spec, argc, argv, &settings, &args, &trouble) == 0 && args.help) {
        return opt_print_help(&spec);
    }
    int exit_code = trouble.exit_code;
    if (exit_code == 0) {
        if (setup_starttls(settings.starttls, &trouble) == 0 &&
            make_trust(&settings, &trust, &trouble) == 0 &&
            collect(&settings, args.args[0], &to, &chain, &trouble) == 0 &&
            (settings.save == NULL || save(settings.save, &chain, &trouble) == 0)) {
            exit_code = judge(&settings, args.args[0], &chain, trust, &trouble);
        }
    }
    hf_trust_free(trust);
    certs_chain_free(&chain);
    return trouble.exit_code != 0 ? setup_failed(argc, argv, &trouble, "certs") : exit_code;
}

static int collect(struct certs_settings *s, const char *from, struct address *to,
                   struct certs_chain *out, struct trouble *trouble)
{
    if (access(from, F_OK) == 0 || strchr(from, '/') != NULL) {
        return collect_file(s, from, out, trouble);
    }
    if (s->ocsp != NULL) {
        return trouble_set(trouble, TOOL_USAGE, "Leave --ocsp away: a server staples its own.",
                           "--ocsp %s: there is no file '%s'", s->ocsp, from);
    }
    if (address_parse("FILE|HOST", from, to, trouble) != 0) {
        return trouble->exit_code;
    }
    const size_t len = strlen(to->host);
    if (len > 1 && to->host[len - 1] == '.') {
        to->host[len - 1] = '\0'; /* the root's dot is no part of a server name (RFC 6066, 3) */
    }
    if (!to->is_literal && !address_is_name(to->host)) {
        return trouble_set(trouble, TOOL_USAGE, "Name a file that exists, or a host.",
                           "'%s' is neither a file nor a host name", from);
    }
    to->port = setup_port(to, s->starttls);
    s->name = s->name == NULL ? to->host : s->name;
    if (certs_chain_fetch(to, to->host, s->starttls, s->timeout_s, out, trouble) ==
            TOOL_UNREACHABLE &&
        !to->has_port) {
        (void)snprintf(trouble->detail, sizeof trouble->detail,
                       "there is no file '%.150s', so it was taken for a host", from);
    }
    return trouble->exit_code;
}

static int collect_file(const struct certs_settings *s, const char *path, struct certs_chain *out,
                        struct trouble *trouble)
{
    struct file_bytes bytes;
    if (certs_chain_read(path, out, trouble) != 0 || s->ocsp == NULL) {
        return trouble->exit_code;
    }
    if (file_read("--ocsp", s->ocsp, &bytes, trouble) == 0) {
        if (!certs_chain_staple(out, file_span(&bytes))) {
            (void)setup_no_memory(trouble);
        }
        file_free(&bytes);
    }
    return trouble->exit_code;
}

static int make_trust(const struct certs_settings *s, hf_trust **out, struct trouble *trouble)
{
    if (setup_trust("--ca", &s->ca, out, trouble) != 0) {
        return trouble->exit_code;
    }
    return setup_crl("--crl", &s->crl, *out, trouble);
}

static int save(const char *path, const struct certs_chain *chain, struct trouble *trouble)
{
    struct text pem = {0};
    for (size_t i = 0; i < chain->count; i++) {
        cert_pem(chain->certificate[i], &pem);
    }
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
    int error = fd < 0 ? errno : 0;
    error = error == 0 && pem.failed ? ENOMEM : error;
    error = error == 0 && !text_write(&pem, fd) ? errno : error;
    error = fd >= 0 && close(fd) != 0 && error == 0 ? errno : error;
    text_free(&pem);
    return error == 0 ? 0
                      : trouble_set(trouble, TOOL_USAGE, "Name a file that can be written.",
                                    "--save %s: %s", path, strerror(error));
}

static int judge(const struct certs_settings *s, const char *from, const struct certs_chain *chain,
                 const hf_trust *trust, struct trouble *trouble)
{
    const int64_t now_s = s->time_at != 0 ? s->time_at : (int64_t)time(NULL);
    const hf_chain_question question = {.size = sizeof question,
                                        .trust = trust,
                                        .chain = chain->certificate,
                                        .count = chain->count,
                                        .peer = s->client ? HF_CLIENT : HF_SERVER,
                                        .name = s->name,
                                        .now_s = now_s,
                                        .ocsp_response = chain->ocsp_response,
                                        .staple_expected = !s->client && access(from, F_OK) != 0};
    hf_judgement *judgement = NULL;
    if (hf_trust_judge(&question, &judgement) != HF_OK) {
        return setup_no_memory(trouble);
    }
    const struct certs_report report = {.chain = chain,
                                        .trust = trust,
                                        .judgement = judgement,
                                        .source = from,
                                        .name = s->name,
                                        .now_s = now_s};
    struct text out = {0};
    if (s->json) {
        certs_report_json(&report, &out);
    } else {
        const struct style style = style_of(STDOUT_FILENO);
        certs_report_text(&report, &style, &out);
    }
    const bool accepted = hf_judgement_verdict(judgement)->accepted;
    hf_judgement_free(judgement);
    (void)trouble_print(&out, trouble);
    text_free(&out);
    return accepted ? TOOL_OK : TOOL_CERTIFICATE;
}
