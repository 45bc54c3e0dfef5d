/* A certificate for a person's eyes. */
#include "base/span.h"
#include "x509/usage.h"
#include "x509/x509.h"

static void write_text(char *out, size_t cap, hf_span name);
static void write_serial(struct text *t, hf_span serial);

bool hf_certificate_summarize(hf_span der, hf_certificate_summary *out)
{
    *out = (hf_certificate_summary){.version = 0};
    struct x5_certificate c;
    if (!x5_certificate_read(der, &c)) {
        return false;
    }
    struct text t;
    write_text(out->subject, sizeof out->subject, c.subject);
    write_text(out->issuer, sizeof out->issuer, c.issuer);
    x5_text_init(&t, out->names, sizeof out->names);
    x5_san_text(&t, &c);
    out->name_count = x5_san_count(&c);
    struct x5_key key;
    x5_text_init(&t, out->key, sizeof out->key);
    x5_text_add(&t, "%s", x5_key_read(c.spki, &key) ? key.text : "malformed");
    x5_text_init(&t, out->signature, sizeof out->signature);
    x5_algorithm_text(&t, c.signature_algorithm);
    x5_text_init(&t, out->serial, sizeof out->serial);
    write_serial(&t, c.serial);
    x5_text_init(&t, out->usage, sizeof out->usage);
    x5_key_usage_text(&t, &c);
    if (t.len > 0 && x5_has_extension(&c, X5_EXT_EXTENDED_KEY_USAGE)) {
        x5_text_add(&t, ", ");
    }
    x5_extended_usage_text(&t, &c);
    x5_sha256(der, out->sha256);
    x5_sha256(c.spki, out->key_sha256);
    out->not_before_s = c.not_before_s;
    out->not_after_s = c.not_after_s;
    out->version = c.version;
    out->is_authority = x5_is_authority(&c);
    out->self_issued = x5_is_self_issued(&c);
    return true;
}

static void write_text(char *out, size_t cap, hf_span name)
{
    struct text t;
    x5_text_init(&t, out, cap);
    x5_name_text(&t, name);
}

/* "03:fa:...", as certificates are named elsewhere; RFC 5280, 4.1.2.2 allows 20 bytes. */
static void write_serial(struct text *t, hf_span serial)
{
    for (size_t i = 0; i < serial.len && !t->cut; i++) {
        x5_text_add(t, "%s%02x", i == 0 ? "" : ":", serial.data[i]);
    }
}
