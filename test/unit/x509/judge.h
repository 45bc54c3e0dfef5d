/* For the tests of verdicts: one call from certificates to a verdict, and what to say about it. */
#ifndef TEST_UNIT_X509_JUDGE_H
#define TEST_UNIT_X509_JUDGE_H

#include <string.h>

#include "base/span.h"
#include "support/pki.h"
#include "x509/x509.h"

enum { JUDGE_CHAIN_MAX = 16 };

/* Zero means: trust nobody, a server, any name, PKI_NOW, default depth. */
struct judge_case {
    const struct pki_cert *chain[JUDGE_CHAIN_MAX]; /* leaf first */
    const struct pki_cert *anchors[JUDGE_CHAIN_MAX];
    const char *name;
    int64_t now_s;
    size_t max_depth;
    bool client;
    bool key_transport;
};

static inline hf_verdict judge(const struct judge_case *c)
{
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    hf_error error = {.code = HF_E_NONE};
    for (size_t i = 0; i < JUDGE_CHAIN_MAX && c->anchors[i] != NULL; i++) {
        assert_int_equal(hf_trust_add(trust, c->anchors[i]->der, &error), HF_OK);
    }
    hf_span chain[JUDGE_CHAIN_MAX];
    size_t count = 0;
    for (; count < JUDGE_CHAIN_MAX && c->chain[count] != NULL; count++) {
        chain[count] = c->chain[count]->der;
    }
    const struct x5_request request = {.trust = trust,
                                       .chain = chain,
                                       .count = count,
                                       .peer = c->client ? HF_CLIENT : HF_SERVER,
                                       .name = c->name,
                                       .now_s = c->now_s == 0 ? PKI_NOW : c->now_s,
                                       .max_depth = c->max_depth,
                                       .key_transport = c->key_transport};
    hf_verdict verdict;
    assert_int_equal(x5_verify_chain(&request, &verdict), HF_OK);
    hf_trust_free(trust);
    return verdict;
}

#define assert_accepted(...)                                                                       \
    do {                                                                                           \
        const hf_verdict verdict_ = judge(&(struct judge_case){__VA_ARGS__});                      \
        assert_string_equal(verdict_.accepted ? "" : verdict_.detail, "");                         \
        assert_true(verdict_.accepted);                                                            \
        assert_int_equal(verdict_.code, HF_E_NONE);                                                \
        assert_int_equal(verdict_.depth, -1);                                                      \
    } while (0)

/* The case is refused with this code at this depth, and the sentence contains this text. */
#define assert_refused(code_, depth_, text_, ...)                                                  \
    do {                                                                                           \
        const hf_verdict verdict_ = judge(&(struct judge_case){__VA_ARGS__});                      \
        assert_false(verdict_.accepted);                                                           \
        assert_string_equal(hf_err_lookup(verdict_.code)->name, hf_err_lookup(code_)->name);       \
        assert_int_equal(verdict_.depth, depth_);                                                  \
        if (strstr(verdict_.detail, text_) == NULL) {                                              \
            assert_string_equal(verdict_.detail, text_); /* shows both */                          \
        }                                                                                          \
    } while (0)

#endif
