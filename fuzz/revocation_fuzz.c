/* Any bytes as an OCSP response, as a revocation list or a file of them, and as a name: what is
 * taken lies within the input. */
#include <stdint.h>
#include <stdlib.h>

#include "base/span.h"
#include "x509/crl.h"
#include "x509/dn.h"
#include "x509/host.h"
#include "x509/ocsp.h"
#include <handfast/trust.h>

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

static void read_response(hf_span der)
{
    struct x5_ocsp o;
    if (!x5_ocsp_read(der, &o)) {
        CHECK(o.tbs.data == NULL && o.status == 0);
        return;
    }
    check_inside(der, o.tbs);
    check_inside(der, o.signature);
    check_inside(der, o.certificates);
    struct der list = x5_der_over(o.answers);
    struct x5_ocsp_answer answer;
    while (x5_ocsp_next(&list, &answer)) {
        check_inside(o.tbs, answer.serial);
        check_inside(o.tbs, answer.issuer_key_hash);
    }
    CHECK(x5_der_done(&list));
}

static void read_list(hf_span der)
{
    struct x5_crl crl;
    if (x5_crl_read(der, &crl) != X5_CRL_GOOD) {
        CHECK(crl.tbs.data == NULL);
        return;
    }
    check_inside(der, crl.tbs);
    check_inside(crl.tbs, crl.entries);
    int64_t since_s;
    uint32_t reason;
    (void)x5_crl_has(&crl, span_of("\x01", 1), &since_s, &reason);
}

/* The same as a file with lists in PEM or DER. */
static void add_lists(hf_span bytes)
{
    hf_error error = {0};
    hf_trust *trust = hf_trust_new();
    CHECK(trust != NULL);
    const hf_status status = hf_trust_add_crl(trust, bytes, &error);
    CHECK((status == HF_OK) == (error.code == HF_E_NONE));
    CHECK((status == HF_OK) == (hf_trust_crl_count(trust) > 0));
    hf_trust_free(trust);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const hf_span bytes = span_of(data, size);
    read_response(bytes);
    read_list(bytes);
    add_lists(bytes);
    if (x5_dn_is_well_formed(bytes)) {
        CHECK(x5_dn_equal(bytes, bytes) && x5_dn_is_within(bytes, bytes));
    }
    (void)x5_host_is_askable(bytes);
    return 0;
}
