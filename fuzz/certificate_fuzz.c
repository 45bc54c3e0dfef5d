/* Any bytes as a certificate: read, shown, and judged while being trusted itself, so that
 * everything behind the reader is reached without a signature. What our reader takes must lie
 * within the input, and must be what libcrypto reads, where libcrypto reads it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "base/span.h"
#include "x509/x509.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void check_inside(hf_span outer, hf_span inner)
{
    CHECK(inner.len == 0 ||
          (inner.data >= outer.data && inner.data + inner.len <= outer.data + outer.len));
}

static void check_text(const char *text, size_t cap)
{
    CHECK(memchr(text, '\0', cap) != NULL);
    for (; *text != '\0'; text++) {
        CHECK((unsigned char)*text >= 0x20 && *text != 0x7f);
    }
}

static void compare_with_libcrypto(const struct x5_certificate *c)
{
    const unsigned char *p = c->der.data;
    X509 *x509 = d2i_X509(NULL, &p, (long)c->der.len);
    if (x509 != NULL) {
        uint8_t *name = NULL;
        const int len = i2d_X509_NAME(X509_get_subject_name(x509), &name);
        CHECK(len > 0 && span_eq(c->subject, span_of(name, (size_t)len)));
        CHECK(X509_get_version(x509) + 1 == (long)c->version);
        OPENSSL_free(name);
    }
    X509_free(x509);
}

static void judge(hf_span der)
{
    hf_trust *trust = hf_trust_new();
    hf_error error = {.code = HF_E_NONE};
    CHECK(trust != NULL);
    if (hf_trust_add(trust, der, &error) != HF_OK) {
        CHECK(error.code == HF_E_PEM_MALFORMED && hf_trust_count(trust) == 0);
    }
    for (int i = 0; i < 2; i++) {
        const struct x5_request request = {.trust = i == 0 ? trust : NULL,
                                           .chain = &der,
                                           .count = 1,
                                           .peer = der.len % 2 == 0 ? HF_SERVER : HF_CLIENT,
                                           .name = "a.example",
                                           .now_s = 1750000000};
        hf_verdict verdict;
        CHECK(x5_verify_chain(&request, &verdict) == HF_OK);
        CHECK(verdict.accepted == (verdict.code == HF_E_NONE));
        CHECK(!verdict.accepted || (i == 0 && hf_trust_count(trust) == 1));
        check_text(verdict.subject, sizeof verdict.subject);
        check_text(verdict.detail, sizeof verdict.detail);
    }
    hf_trust_free(trust);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const hf_span der = span_of(data, size);
    struct x5_certificate c;
    hf_certificate_summary summary;
    const bool read = x5_certificate_read(der, &c);
    CHECK(hf_certificate_summarize(der, &summary) == read);
    if (read) {
        const hf_span parts[] = {
            c.tbs,       c.serial,          c.issuer, c.subject, c.spki, c.signature_algorithm,
            c.signature, c.unknown_critical};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            check_inside(der, parts[i]);
        }
        for (size_t i = 0; i < X5_EXT_COUNT; i++) {
            check_inside(der, c.extension[i]);
        }
        check_text(summary.subject, sizeof summary.subject);
        check_text(summary.issuer, sizeof summary.issuer);
        check_text(summary.names, sizeof summary.names);
        check_text(summary.usage, sizeof summary.usage);
        compare_with_libcrypto(&c);
    }
    judge(der);
    return 0;
}
