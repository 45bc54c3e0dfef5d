#include "support/differ.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include "support/pki.h"

enum { KEYS = 6, MOST = 5 /* certificates in a chain, with the root */ };

/* The choices, one byte each; what is not there is 0, which is always the plain one. */
struct stream {
    const uint8_t *p, *end;
    struct differ_report *report;
};

/* One chain and what is asked about it. */
struct sample {
    struct pki_cert *cert[MOST]; /* root first */
    size_t count;
    uint8_t *changed; /* a copy with one byte changed; or NULL */
    hf_span der[MOST];
    const char *name;
    hf_role peer;
    int64_t now_s;
    size_t anchor; /* which one is trusted */
    uint32_t path; /* bit i: our path goes through certificate i */
};

/* An oddity of one extension, or of another member of pki_spec. */
struct oddity {
    const char *label;
    size_t member; /* offset in pki_spec of a const char *; NO_MEMBER: see apply */
    const char *value;
};

static struct pki_cert *keys[KEYS];

static unsigned pull(struct stream *s, unsigned count)
{
    return s->p == s->end ? 0 : *s->p++ % count;
}

/* Adds to what is odd, as printf would. */
#define note(s, ...)                                                                               \
    do {                                                                                           \
        char *made_ = (s)->report->made;                                                           \
        const size_t len_ = strlen(made_);                                                         \
        (void)snprintf(made_ + len_, sizeof(s)->report->made - len_, __VA_ARGS__);                 \
    } while (0)

static void make_keys(void)
{
    static const enum pki_kind kinds[KEYS] = {PKI_P256,    PKI_P256,     PKI_P384,
                                              PKI_ED25519, PKI_RSA_2048, PKI_RSA_1024};
    for (size_t i = 0; i < KEYS && keys[i] == NULL; i++) {
        keys[i] = pki_make(&(struct pki_spec){.kind = kinds[i], .common_name = "key"});
    }
}

#define AT(member) offsetof(struct pki_spec, member)

static const struct oddity of_authorities[] = {
    {"no basicConstraints", AT(basic_constraints), ""},
    {"basicConstraints not critical", AT(basic_constraints), "CA:TRUE"},
    {"CA:FALSE", AT(basic_constraints), "critical,CA:FALSE"},
    {"pathlen 0", AT(basic_constraints), "critical,CA:TRUE,pathlen:0"},
    {"pathlen 1", AT(basic_constraints), "critical,CA:TRUE,pathlen:1"},
    {"no keyUsage", AT(key_usage), ""},
    {"keyUsage without keyCertSign", AT(key_usage), "critical,cRLSign"},
    {"keyUsage not critical", AT(key_usage), "keyCertSign"},
    {"serverAuth", AT(extended_key_usage), "serverAuth"},
    {"emailProtection", AT(extended_key_usage), "emailProtection"},
    {"any usage", AT(extended_key_usage), "anyExtendedKeyUsage"},
    {"permits .example", AT(name_constraints), "critical,permitted;DNS:example"},
    {"permits other.test", AT(name_constraints), "critical,permitted;DNS:other.test"},
    {"excludes a.example", AT(name_constraints), "critical,excluded;DNS:a.example"},
    {"permits 192.0.2.0/24", AT(name_constraints), "critical,permitted;IP:192.0.2.0/255.255.255.0"},
    {"excludes all IP", AT(name_constraints), "critical,excluded;IP:0.0.0.0/0.0.0.0"},
    {"permits an e-mail host", AT(name_constraints), "critical,permitted;email:example"},
    {"permits a URI host", AT(name_constraints), "permitted;URI:.example"},
    {"no subjectKeyIdentifier", AT(subject_key_id), ""},
    {"no authorityKeyIdentifier", AT(authority_key_id), ""},
    {"SHA-1", AT(digest), "SHA1"},
    {"SHA-384", AT(digest), "SHA384"},
    {"unknown critical", AT(extra), "1.2.3.4=critical,DER:05:00"},
    {"unknown", AT(extra), "1.2.3.4=DER:05:00"},
    {"another issuer name", AT(issuer_name), "/CN=Somebody Else"},
    {"inhibitAnyPolicy", AT(extra), "inhibitAnyPolicy=critical,0"},
};

static const struct oddity of_leaves[] = {
    {"keyUsage keyEncipherment", AT(key_usage), "critical,keyEncipherment"},
    {"no keyUsage", AT(key_usage), ""},
    {"keyUsage keyCertSign", AT(key_usage), "critical,digitalSignature,keyCertSign"},
    {"serverAuth", AT(extended_key_usage), "serverAuth"},
    {"clientAuth", AT(extended_key_usage), "clientAuth"},
    {"codeSigning", AT(extended_key_usage), "codeSigning"},
    {"any usage", AT(extended_key_usage), "anyExtendedKeyUsage"},
    {"no extendedKeyUsage", AT(extended_key_usage), ""},
    {"CA:TRUE", AT(basic_constraints), "critical,CA:TRUE"},
    {"CA:FALSE", AT(basic_constraints), "CA:FALSE"},
    {"no names", AT(names), ""},
    {"wildcard", AT(names), "*.example"},
    {"wildcard over a top level", AT(names), "*.com,a.example"},
    {"wildcard inside", AT(names), "a*.example"},
    {"an address", AT(names), "192.0.2.1,a.example"},
    {"an address as DNS", AT(names), "DNS:192.0.2.1"},
    {"e-mail", AT(names), "email:x@example,a.example"},
    {"e-mail elsewhere", AT(names), "email:x@other.test,a.example"},
    {"a URI", AT(names), "URI:http://www.example/,a.example"},
    {"no subjectKeyIdentifier", AT(subject_key_id), ""},
    {"no authorityKeyIdentifier", AT(authority_key_id), ""},
    {"SHA-1", AT(digest), "SHA1"},
    {"SHA-224", AT(digest), "SHA224"},
    {"unknown critical", AT(extra), "1.2.3.4=critical,DER:05:00"},
    {"must-staple", AT(extra), "tlsfeature=status_request"},
    {"another issuer name", AT(issuer_name), "/CN=Somebody Else"},
    {"name constraints", AT(name_constraints), "critical,permitted;DNS:example"},
};

static void add_oddity(struct stream *s, struct pki_spec *spec, const struct oddity *list,
                       unsigned count)
{
    const struct oddity *o = &list[pull(s, count)];
    memcpy((uint8_t *)spec + o->member, &o->value, sizeof o->value);
    note(s, "%s; ", o->label);
}

static void choose_times(struct stream *s, struct pki_spec *spec)
{
    static const int64_t ends[] = {PKI_NOW - 1, PKI_NOW, PKI_NOW + 1};
    switch (pull(s, 24)) {
    case 22:
        spec->not_after_s = ends[pull(s, 3)];
        note(s, "ends at now%+d; ", (int)(spec->not_after_s - PKI_NOW));
        break;
    case 23:
        spec->not_before_s = ends[pull(s, 3)];
        note(s, "begins at now%+d; ", (int)(spec->not_before_s - PKI_NOW));
        break;
    default:
        break;
    }
}

static struct pki_cert *make(struct stream *s, const struct sample *sample, bool is_leaf)
{
    char name[32];
    const size_t at = sample->count;
    (void)snprintf(name, sizeof name, is_leaf ? "leaf" : "Authority %zu", at);
    note(s, "[%zu] ", at);
    struct pki_spec spec = {
        .issuer = at == 0 ? NULL : sample->cert[at - 1],
        .key_of = keys[pull(s, 32) % 8 % KEYS],
        .common_name = name,
        .ca = !is_leaf,
        .names = is_leaf ? "a.example,www.a.example" : NULL,
    };
    spec.version_1 = at == 0 && pull(s, 32) == 31;
    choose_times(s, &spec);
    for (unsigned odd = pull(s, 8); odd > 5; odd--) {
        if (is_leaf) {
            add_oddity(s, &spec, of_leaves, sizeof of_leaves / sizeof of_leaves[0]);
        } else {
            add_oddity(s, &spec, of_authorities, sizeof of_authorities / sizeof of_authorities[0]);
        }
    }
    return pki_make(&spec);
}

/* One byte of one certificate, at any place. */
static void change(struct stream *s, struct sample *sample)
{
    if (pull(s, 8) != 7) {
        return;
    }
    const size_t which = pull(s, (unsigned)sample->count);
    const hf_span der = sample->der[which];
    const size_t at = ((size_t)pull(s, 256) << 8 | pull(s, 256)) % der.len;
    sample->changed = malloc(der.len);
    if (sample->changed == NULL) {
        return;
    }
    memcpy(sample->changed, der.data, der.len);
    sample->changed[at] ^= (uint8_t)(1 + pull(s, 255));
    sample->der[which] = (hf_span){sample->changed, der.len};
    note(s, "byte %zu of [%zu] changed from %02x to %02x; ", at, which, der.data[at],
         sample->changed[at]);
}

static void make_sample(struct stream *s, struct sample *sample)
{
    static const char *const names[] = {"a.example", NULL,        "www.a.example", "b.example",
                                        "A.Example", "192.0.2.1", "a.example.",    "example"};
    const size_t authorities = 1 + pull(s, MOST - 1);
    for (; sample->count < authorities; sample->count++) {
        sample->cert[sample->count] = make(s, sample, false);
    }
    sample->cert[sample->count] = make(s, sample, true);
    sample->count++;
    for (size_t i = 0; i < sample->count; i++) {
        sample->der[i] = sample->cert[i]->der;
    }
    change(s, sample);
    sample->name = names[pull(s, 16) % 11 % 8];
    sample->peer = pull(s, 4) == 3 ? HF_CLIENT : HF_SERVER;
    sample->now_s = PKI_NOW;
    sample->anchor = pull(s, 8) == 7 ? pull(s, (unsigned)sample->count) : 0;
    note(s, "[%zu] trusted, %s as %s", sample->anchor, sample->name == NULL ? "any" : sample->name,
         sample->peer == HF_SERVER ? "server" : "client");
}

/* --- The two opinions ------------------------------------------------------------------------- */

/* Notes the path by which we accept. */
static hf_verdict ask_us(struct sample *sample)
{
    hf_verdict verdict = {.accepted = false};
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    hf_span chain[MOST];
    for (size_t i = 0; i < sample->count; i++) {
        chain[i] = sample->der[sample->count - 1 - i];
    }
    const hf_chain_question question = {.size = sizeof question,
                                        .trust = trust,
                                        .chain = chain,
                                        .count = sample->count,
                                        .peer = sample->peer,
                                        .name = sample->name,
                                        .now_s = sample->now_s};
    hf_judgement *judgement = NULL;
    if (hf_trust_add(trust, sample->der[sample->anchor], &error) == HF_OK &&
        hf_trust_judge(&question, &judgement) == HF_OK) {
        verdict = *hf_judgement_verdict(judgement);
        const size_t tried = hf_judgement_path_count(judgement);
        const hf_path *path = tried == 0 ? NULL : hf_judgement_path(judgement, tried - 1);
        for (size_t i = 0; path != NULL && i < path->count; i++) {
            const int source = path->certificate[i];
            sample->path |= UINT32_C(1)
                            << (source < 0 ? sample->anchor : sample->count - 1 - (size_t)source);
        }
    }
    hf_judgement_free(judgement);
    hf_trust_free(trust);
    return verdict;
}

/* What strict mode asks of those who issue, and path validation (RFC 5280, 6.1) does not; see
 * docs/verifier-differences.md. */
static int forgive(int ok, X509_STORE_CTX *ctx)
{
    bool *forgave = X509_STORE_CTX_get_app_data(ctx);
    if (ok == 1) {
        return 1;
    }
    X509 *at = X509_STORE_CTX_get_current_cert(ctx);
    switch (X509_STORE_CTX_get_error(ctx)) {
    case X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER:
    case X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER:
    case X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_CA_BCONS_NOT_CRITICAL:
    case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
    case X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL:
        break;
    case X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN: /* without a key usage every use is allowed */
        if (at == NULL || X509_get_ext_by_NID(at, NID_key_usage, -1) >= 0) {
            return 0;
        }
        break;
    case X509_V_ERR_INVALID_CA:      /* an anchor of version 1, */
    case X509_V_ERR_INVALID_PURPOSE: /* and one that another issued */
        if (at == NULL || X509_get_version(at) != X509_VERSION_1) {
            return 0;
        }
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED: /* its last second is part of the validity */
        if (at == NULL || ASN1_TIME_cmp_time_t(X509_get0_notAfter(at), (time_t)PKI_NOW) != 0) {
            return 0;
        }
        break;
    case X509_V_ERR_EE_KEY_TOO_SMALL: /* said of keys that it cannot read, too */
        if (at == NULL || X509_get0_pubkey(at) != NULL) {
            return 0;
        }
        break;
    default:
        return 0;
    }
    *forgave = true;
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

static bool set_name(X509_VERIFY_PARAM *param, const char *name)
{
    unsigned char address[16];
    if (name == NULL) {
        return true;
    }
    if (inet_pton(AF_INET, name, address) == 1) {
        return X509_VERIFY_PARAM_set1_ip(param, address, 4) == 1;
    }
    size_t len = strlen(name);
    len -= name[len - 1] == '.' ? 1 : 0;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return X509_VERIFY_PARAM_set1_host(param, name, len) == 1;
}

static X509 *read(hf_span der)
{
    const unsigned char *p = der.data;
    X509 *x509 = d2i_X509(NULL, &p, (long)der.len);
    if (x509 != NULL && p != der.data + der.len) {
        X509_free(x509);
        x509 = NULL;
    }
    return x509;
}

/* Over those of the certificates that `with` has a bit for. Gives the error, 0: accepted, -1: the
 * leaf or the anchor cannot be read. */
static int ask_libcrypto(const struct sample *sample, uint32_t with, bool *forgave)
{
    int result = -1;
    STACK_OF(X509) *sent = sk_X509_new_null();
    STACK_OF(X509) *trusted = sk_X509_new_null();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    for (size_t i = sample->count; i > 0; i--) {
        X509 *x509 = (with >> (i - 1) & 1) != 0 ? read(sample->der[i - 1]) : NULL;
        if (x509 == NULL && (i == sample->count || i - 1 == sample->anchor)) {
            goto out;
        }
        if (x509 == NULL) {
            continue;
        }
        (void)sk_X509_push(sent, x509);
        if (i - 1 == sample->anchor) {
            (void)sk_X509_push(trusted, x509);
        }
    }
    if (X509_STORE_CTX_init(ctx, NULL, sk_X509_value(sent, 0), sent) != 1) {
        goto out;
    }
    X509_STORE_CTX_set0_trusted_stack(ctx, trusted);
    X509_STORE_CTX_set_app_data(ctx, forgave);
    X509_STORE_CTX_set_verify_cb(ctx, forgive);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)sample->now_s);
    X509_VERIFY_PARAM_set_depth(param, 9);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    if (X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST |
                                               X509_V_FLAG_X509_STRICT |
                                               X509_V_FLAG_POLICY_CHECK) == 1 &&
        X509_VERIFY_PARAM_set_purpose(param, sample->peer == HF_SERVER
                                                 ? X509_PURPOSE_SSL_SERVER
                                                 : X509_PURPOSE_SSL_CLIENT) == 1 &&
        set_name(param, sample->name)) {
        result = X509_verify_cert(ctx) == 1 ? 0 : X509_STORE_CTX_get_error(ctx);
    }
out:
    X509_STORE_CTX_free(ctx);
    sk_X509_free(trusted);
    sk_X509_pop_free(sent, X509_free);
    return result;
}

/* Whether a leaf is trusted itself that has a key which cannot be read: libcrypto gives up without
 * a word. */
static bool is_keyless_anchor(const struct sample *sample)
{
    const size_t leaf = sample->count - 1;
    if (sample->path != UINT32_C(1) << leaf) {
        return false;
    }
    X509 *x509 = read(sample->der[leaf]);
    const bool is_keyless = x509 != NULL && X509_get0_pubkey(x509) == NULL;
    X509_free(x509);
    return is_keyless;
}

/* Rules of ours that libcrypto does not have, or has less strictly. */
static bool is_stricter(hf_rule rule)
{
    switch (rule) {
    case HF_RULE_KEY_USAGE:         /* the leaf's key must be able to sign: RFC 9846, 4.5.1.2 */
    case HF_RULE_AUTHORITY_AS_LEAF: /* the same, of an authority */
    case HF_RULE_WEAK_KEY:          /* kinds that TLS does not sign with */
    case HF_RULE_WEAK_ISSUER_KEY:
    case HF_RULE_WEAK_SIGNATURE:
    case HF_RULE_EXTENDED_KEY_USAGE: /* anyExtendedKeyUsage alone */
    case HF_RULE_ISSUER_PURPOSE:
    case HF_RULE_CONSTRAINT_UNKNOWN:
    case HF_RULE_UNREADABLE: /* DER where libcrypto takes BER */
    case HF_RULE_EXTENSION:
        return true;
    default:
        return false;
    }
}

/* A wildcard stands for names that an authority excludes: libcrypto compares it as if it were a
 * host. */
static bool is_excluded_wildcard(const hf_verdict *ours)
{
    return ours->rule == HF_RULE_NAME_CONSTRAINT && strncmp(ours->detail, "'*.", 3) == 0;
}

void differ_run(const uint8_t *choices, size_t len, struct differ_report *out)
{
    *out = (struct differ_report){.outcome = DIFFER_FIND};
    struct stream s = {choices, choices + len, out};
    struct sample sample = {.count = 0};
    make_keys();
    make_sample(&s, &sample);
    bool forgave = false;
    const hf_verdict ours = ask_us(&sample);
    out->libcrypto = ask_libcrypto(&sample, UINT32_MAX, &forgave);
    if (ours.accepted && out->libcrypto != 0) {
        /* It tries one path only: is ours one that it would believe? */
        out->libcrypto = ask_libcrypto(&sample, sample.path, &forgave);
        if (out->libcrypto == X509_V_ERR_UNSPECIFIED && is_keyless_anchor(&sample)) {
            out->libcrypto = 0;
        }
        forgave = true;
    }
    out->rule = ours.rule;
    (void)snprintf(out->sentence, sizeof out->sentence, "%s", ours.detail);
    if (ours.accepted) {
        out->outcome = out->libcrypto != 0 ? DIFFER_FIND
                       : forgave           ? DIFFER_LENIENT
                                           : DIFFER_BOTH_ACCEPT;
    } else if (out->libcrypto != 0) {
        out->outcome = DIFFER_BOTH_REFUSE;
    } else {
        /* A set of anchors takes only what our reader can read, and then nobody is trusted. */
        const bool is_known =
            ours.rule == HF_RULE_NONE || is_stricter(ours.rule) || is_excluded_wildcard(&ours);
        out->outcome = is_known ? DIFFER_STRICTER : DIFFER_FIND;
    }
    free(sample.changed);
    for (size_t i = 0; i < sample.count; i++) {
        pki_cert_free(sample.cert[i]);
    }
}

void differ_end(void)
{
    for (size_t i = 0; i < KEYS; i++) {
        pki_cert_free(keys[i]);
        keys[i] = NULL;
    }
}
