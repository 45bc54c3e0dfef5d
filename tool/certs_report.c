#include "certs_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pki/certview.h"

enum { LABEL_COLUMNS = 14, ISSUED_BY_NONE = -1 };

static void add_certificate(const struct certs_report *r, size_t i, const struct style *style,
                            struct text *out);
static void add_line(struct text *out, const struct style *style, const char *label,
                     const char *value);
static void add_validity(const hf_certificate_summary *s, int64_t now_s, struct text *out);
static void add_order(const struct certs_report *r, const struct style *style, struct text *out);
static void add_verdict(const struct certs_report *r, const struct style *style, struct text *out);
static void add_paths(const struct certs_report *r, const struct style *style, struct text *out);
static void json_certificate(const struct certs_report *r, size_t i, struct json *j);
static void json_verdict(const struct certs_report *r, struct json *j);
static int issuer_of(const struct certs_chain *chain, size_t i);
static const char *role_of(const hf_certificate_summary *s);
static void fingerprint(const uint8_t sha256[32], char out[96]);

void certs_report_text(const struct certs_report *r, const struct style *style, struct text *out)
{
    text_addf(out, "%zu certificate%s from ", r->chain->count, r->chain->count == 1 ? "" : "s");
    text_add_inert_str(out, r->source);
    text_add(out, "\n");
    for (size_t i = 0; i < r->chain->count; i++) {
        add_certificate(r, i, style, out);
    }
    text_add(out, "\n");
    add_order(r, style, out);
    if (r->chain->ocsp_response.len > 0) {
        text_addf(out, "an OCSP response of %zu bytes came with it\n", r->chain->ocsp_response.len);
    }
    add_verdict(r, style, out);
}

void certs_report_json(const struct certs_report *r, struct text *out)
{
    struct json j = json_begin(out, false);
    json_object(&j, NULL);
    json_bool(&j, "ok", hf_judgement_verdict(r->judgement)->accepted);
    json_string(&j, "source", r->source);
    json_string(&j, "name", r->name);
    json_number(&j, "time", r->now_s);
    json_array(&j, "certificates");
    for (size_t i = 0; i < r->chain->count; i++) {
        json_certificate(r, i, &j);
    }
    json_end(&j);
    json_number(&j, "stapled_ocsp_bytes", (int64_t)r->chain->ocsp_response.len);
    json_verdict(r, &j);
    json_end(&j);
}

/* --- Text ------------------------------------------------------------------------------------- */

static void add_certificate(const struct certs_report *r, size_t i, const struct style *style,
                            struct text *out)
{
    hf_certificate_summary s;
    text_addf(out, "\n%s%zu. ", style_on(style, TINT_BOLD), i + 1);
    if (!hf_certificate_summarize(r->chain->certificate[i], &s)) {
        text_addf(out, "not a certificate: %zu bytes%s\n", r->chain->certificate[i].len,
                  style_off(style));
        return;
    }
    text_addf(out, "%s%s  (%s)\n", s.subject[0] != '\0' ? s.subject : "(no name)", style_off(style),
              role_of(&s));
    char print[96];
    fingerprint(s.sha256, print);
    if (s.name_count > 0 || !s.is_authority) {
        add_line(out, style, "for", s.name_count > 0 ? s.names : "no name that counts");
    }
    add_line(out, style, "issued by", s.self_issued ? "itself" : s.issuer);
    struct text validity = {0};
    add_validity(&s, r->now_s, &validity);
    add_line(out, style, "valid", validity.ptr);
    text_free(&validity);
    add_line(out, style, "key", s.key);
    add_line(out, style, "signed with", s.signature);
    add_line(out, style, "usage", s.usage[0] != '\0' ? s.usage : "any");
    add_line(out, style, "serial", s.serial);
    add_line(out, style, "SHA-256", print);
    fingerprint(s.key_sha256, print);
    add_line(out, style, "key's SHA-256", print);
}

static void add_line(struct text *out, const struct style *style, const char *label,
                     const char *value)
{
    text_addf(out, "   %s%-*s%s", style_on(style, TINT_DIM), LABEL_COLUMNS, label,
              style_off(style));
    text_add_wrapped(out, value == NULL ? "" : value, LABEL_COLUMNS + 3, LABEL_COLUMNS + 3,
                     style->width);
    text_add(out, "\n");
}

static void add_validity(const hf_certificate_summary *s, int64_t now_s, struct text *out)
{
    enum { DAY = 24 * 60 * 60 };
    char from[32], until[32];
    cert_time(s->not_before_s, from);
    cert_time(s->not_after_s, until);
    text_addf(out, "%s to %s", from, until);
    if (now_s < s->not_before_s) {
        text_addf(out, ", not yet: %" PRId64 " days to go", (s->not_before_s - now_s) / DAY);
    } else if (now_s > s->not_after_s) {
        text_addf(out, ", EXPIRED %" PRId64 " days ago", (now_s - s->not_after_s) / DAY);
    } else {
        text_addf(out, ", %" PRId64 " days left", (s->not_after_s - now_s) / DAY);
    }
}

/* RFC 9846, 4.5.1: each certificate should be the issuer of the one before it. */
static void add_order(const struct certs_report *r, const struct style *style, struct text *out)
{
    bool good = true;
    for (size_t i = 0; i + 1 < r->chain->count; i++) {
        const int issuer = issuer_of(r->chain, i);
        if (issuer == (int)i + 1) {
            continue;
        }
        good = false;
        text_addf(out, "%sorder:%s ", style_on(style, TINT_BAD), style_off(style));
        if (issuer == ISSUED_BY_NONE) {
            text_addf(out, "certificate %zu did not issue certificate %zu, and no other one did\n",
                      i + 2, i + 1);
        } else {
            text_addf(out, "certificate %zu was issued by certificate %d, which should follow it\n",
                      i + 1, issuer + 1);
        }
    }
    if (good && r->chain->count > 1) {
        text_add(out, "order: each certificate was issued by the next\n");
    }
}

static void add_verdict(const struct certs_report *r, const struct style *style, struct text *out)
{
    const hf_verdict *v = hf_judgement_verdict(r->judgement);
    const hf_rule_info *rule = hf_rule_lookup(v->rule);
    if (v->accepted) {
        char until[32];
        cert_time(v->until_s, until);
        text_addf(out, "%sbelieved%s%s%s: ", style_on(style, TINT_GOOD), style_off(style),
                  r->name == NULL ? "" : " for ", r->name == NULL ? "" : r->name);
        text_addf(out, "%s, until %s\n", v->detail, until);
        return;
    }
    text_addf(out, "%snot believed%s", style_on(style, TINT_BAD), style_off(style));
    if (v->index >= 0) {
        text_addf(out, " because of certificate %d", v->index + 1);
    }
    text_add(out, ": ");
    text_add_wrapped(out, v->detail[0] != '\0' ? v->detail : (rule == NULL ? "" : rule->sentence),
                     14, 2, style->width);
    text_add(out, "\n");
    if (rule != NULL) {
        add_line(out, style, "rule", rule->sentence);
        add_line(out, style, "likely cause", rule->cause);
        add_line(out, style, "what helps", rule->fix);
        add_line(out, style, "where it says", rule->place);
    }
    add_paths(r, style, out);
}

/* Where there was more than one way, each with what stopped it. */
static void add_paths(const struct certs_report *r, const struct style *style, struct text *out)
{
    const size_t count = hf_judgement_path_count(r->judgement);
    for (size_t i = 0; i < count && count > 1; i++) {
        const hf_path *path = hf_judgement_path(r->judgement, i);
        text_addf(out, "path %zu:", i + 1);
        for (size_t k = 0; k < path->count && k < HF_PATH_MAX; k++) {
            if (path->certificate[k] >= 0) {
                text_addf(out, "%s %d", k == 0 ? "" : " <-", path->certificate[k] + 1);
            } else {
                text_add(out, " <- an authority that is trusted here");
            }
        }
        text_add(out, ": ");
        text_add_wrapped(out, path->sentence, 12, 2, style->width);
        text_add(out, "\n");
    }
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_certificate(const struct certs_report *r, size_t i, struct json *j)
{
    hf_certificate_summary s;
    const bool read = hf_certificate_summarize(r->chain->certificate[i], &s);
    const int issuer = issuer_of(r->chain, i);
    json_object(j, NULL);
    json_bool(j, "readable", read);
    json_string(j, "subject", s.subject);
    json_string(j, "issuer", s.issuer);
    json_string(j, "names", s.names);
    json_number(j, "name_count", (int64_t)s.name_count);
    json_number(j, "not_before", s.not_before_s);
    json_number(j, "not_after", s.not_after_s);
    json_string(j, "key", s.key);
    json_string(j, "signature", s.signature);
    json_string(j, "usage", s.usage);
    json_string(j, "serial", s.serial);
    json_hex(j, "sha256", (hf_span){s.sha256, sizeof s.sha256});
    json_hex(j, "key_sha256", (hf_span){s.key_sha256, sizeof s.key_sha256});
    json_number(j, "version", s.version);
    json_bool(j, "authority", s.is_authority);
    json_bool(j, "self_issued", s.self_issued);
    if (issuer == ISSUED_BY_NONE) {
        json_null(j, "issued_by");
    } else {
        json_number(j, "issued_by", issuer);
    }
    json_hex(j, "der", r->chain->certificate[i]);
    json_end(j);
}

static void json_verdict(const struct certs_report *r, struct json *j)
{
    const hf_verdict *v = hf_judgement_verdict(r->judgement);
    const hf_rule_info *rule = hf_rule_lookup(v->rule);
    json_object(j, "verdict");
    json_bool(j, "accepted", v->accepted);
    json_string(j, "rule", rule == NULL ? NULL : rule->name);
    json_string(j, "detail", v->detail);
    json_string(j, "sentence", rule == NULL ? NULL : rule->sentence);
    json_string(j, "cause", rule == NULL ? NULL : rule->cause);
    json_string(j, "fix", rule == NULL ? NULL : rule->fix);
    json_string(j, "place", rule == NULL ? NULL : rule->place);
    if (v->index >= 0) {
        json_number(j, "certificate", v->index);
    } else {
        json_null(j, "certificate");
    }
    if (v->accepted) {
        json_number(j, "from", v->from_s);
        json_number(j, "until", v->until_s);
    }
    json_array(j, "paths");
    for (size_t i = 0; i < hf_judgement_path_count(r->judgement); i++) {
        const hf_path *path = hf_judgement_path(r->judgement, i);
        const hf_rule_info *broke = hf_rule_lookup(path->rule);
        json_object(j, NULL);
        json_string(j, "rule", broke == NULL ? NULL : broke->name);
        json_string(j, "sentence", path->sentence);
        json_array(j, "certificates"); /* -1 - i: anchor i */
        for (size_t k = 0; k < path->count && k < HF_PATH_MAX; k++) {
            json_number(j, NULL, path->certificate[k]);
        }
        json_end(j);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

/* --- Both ------------------------------------------------------------------------------------- */

/* The certificate of the chain that bears the issuer's name, the nearest one behind it first; its
 * signature is the verdict's business. */
static int issuer_of(const struct certs_chain *chain, size_t i)
{
    hf_certificate_summary child;
    if (!hf_certificate_summarize(chain->certificate[i], &child)) {
        return ISSUED_BY_NONE;
    }
    for (size_t step = 1; step <= chain->count; step++) {
        const size_t k = (i + step) % chain->count;
        hf_certificate_summary other;
        if ((k != i || child.self_issued) &&
            hf_certificate_summarize(chain->certificate[k], &other) &&
            strcmp(other.subject, child.issuer) == 0 && other.is_authority) {
            return (int)k;
        }
    }
    return ISSUED_BY_NONE;
}

static const char *role_of(const hf_certificate_summary *s)
{
    return s->is_authority && s->self_issued ? "a root"
           : s->is_authority                 ? "an authority"
           : s->self_issued                  ? "signed by itself"
                                             : "for an end of a connection";
}

static void fingerprint(const uint8_t sha256[32], char out[96])
{
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(out + i * 3, 4, i == 31 ? "%02x" : "%02x:", sha256[i]);
    }
}
