/* Certificates judged with what tells of their revocation: an OCSP response and a revocation list,
 * made and signed as the first bytes choose; the bytes behind them change some of theirs (which: 0
 * the response, 1 the list; where: 2 bytes; by what). Whatever is changed, what nobody signed as
 * revoked is not revoked, and what is and was not changed is not accepted.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "x509/x509.h"

#include "support/pki.c"
#include "support/revoke.c"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { CHOICES = 6, CHANGE = 4 };

static struct {
    struct pki_cert *root, *stranger, *leaf, *stapled_leaf, *responder, *unfit;
} world;

static void make_world(void)
{
    world.root = pki_make(&(struct pki_spec){.common_name = "Root", .ca = true});
    world.stranger = pki_make(&(struct pki_spec){.common_name = "Root", .ca = true});
    world.leaf = pki_make(&(struct pki_spec){.issuer = world.root, .names = "a.example"});
    world.stapled_leaf = pki_make(&(struct pki_spec){
        .issuer = world.root, .names = "a.example", .extra = "tlsfeature=status_request"});
    world.responder = pki_make(&(struct pki_spec){
        .issuer = world.root, .common_name = "OCSP", .extended_key_usage = "OCSPSigning"});
    world.unfit = pki_make(&(struct pki_spec){
        .issuer = world.stranger, .common_name = "OCSP", .extended_key_usage = "OCSPSigning"});
}

/* What the first bytes choose. */
struct choice {
    bool has_response, has_list, is_leaf_listed, is_stapled_leaf, is_sound_response;
    struct revoke_ocsp_spec response;
    struct revoke_crl_spec list;
};

static struct choice choose(const uint8_t *c)
{
    static const char *const scopes[] = {NULL, "critical,onlyuser:TRUE", "critical,onlyCA:TRUE",
                                         "critical,indirectCRL:TRUE"};
    const struct pki_cert *const responders[] = {NULL, world.responder, world.unfit, world.root};
    const int64_t times[] = {0, PKI_NOW - 10 * PKI_DAY, PKI_NOW - PKI_DAY, PKI_NOW + PKI_DAY};
    const struct pki_cert *const leaf = (c[0] & 4) != 0 ? world.stapled_leaf : world.leaf;
    struct choice choice = {
        .has_response = (c[0] & 1) != 0,
        .has_list = (c[0] & 2) != 0,
        .is_stapled_leaf = (c[0] & 4) != 0,
        .is_leaf_listed = (c[0] & 8) != 0,
        .response = {.subject = leaf,
                     .issuer = (c[0] & 16) != 0 ? world.stranger : world.root,
                     .status = (enum revoke_status)(c[1] % 3),
                     .reason = c[1] / 3 % 11,
                     .responder = responders[c[2] & 3],
                     .by_key = (c[2] & 4) != 0,
                     .sha256 = (c[2] & 8) != 0,
                     .no_certificate = (c[2] & 16) != 0,
                     .endless = (c[2] & 32) != 0,
                     .sha1_signature = (c[2] & 64) != 0,
                     .this_s = times[c[3] & 3],
                     .next_s = times[c[3] >> 2 & 3],
                     .also = (c[2] & 128) != 0 ? world.responder : NULL},
        .list = {.issuer = world.root,
                 .signer = (c[4] & 1) != 0 ? world.stranger : NULL,
                 .reason = c[5] % 11,
                 .this_s = times[c[3] >> 4 & 3],
                 .next_s = times[c[3] >> 6 & 3],
                 .endless = (c[4] & 2) != 0,
                 .scope = scopes[c[4] >> 2 & 3],
                 .delta = (c[4] & 16) != 0,
                 .key_id = (c[4] & 32) != 0,
                 .strange = (c[4] & 64) != 0},
    };
    choice.list.revoked[0] = choice.is_leaf_listed ? leaf : world.responder;
    choice.is_sound_response = choice.has_response && choice.response.issuer == world.root &&
                               choice.response.responder == NULL && c[3] % 16 == 0 &&
                               !choice.response.sha1_signature;
    return choice;
}

static void change(uint8_t which, hf_span bytes, const uint8_t *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *const one = changes + i * CHANGE;
        if (one[0] % 2 == which && bytes.len > 0) {
            const size_t at = (size_t)(one[1] << 8 | one[2]) % bytes.len;
            ((uint8_t *)(uintptr_t)bytes.data)[at] ^= one[3];
        }
    }
}

static hf_verdict judge(const struct choice *choice, hf_span response, hf_span list)
{
    hf_error error = {0};
    hf_verdict verdict;
    hf_trust *trust = hf_trust_new();
    const hf_span chain = choice->is_stapled_leaf ? world.stapled_leaf->der : world.leaf->der;
    CHECK(trust != NULL && hf_trust_add(trust, world.root->der, &error) == HF_OK);
    if (list.len > 0) {
        (void)hf_trust_add_crl(trust, list, &error);
    }
    const struct x5_request request = {.trust = trust,
                                       .chain = &chain,
                                       .count = 1,
                                       .peer = HF_SERVER,
                                       .name = "a.example",
                                       .now_s = PKI_NOW,
                                       .ocsp_response = response,
                                       .staple_expected = true};
    CHECK(x5_verify_chain(&request, &verdict) == HF_OK);
    CHECK(verdict.accepted == (verdict.code == HF_E_NONE));
    CHECK(memchr(verdict.detail, '\0', sizeof verdict.detail) != NULL);
    hf_trust_free(trust);
    return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CHOICES) {
        return 0;
    }
    if (world.root == NULL) {
        make_world();
    }
    const struct choice choice = choose(data);
    const size_t changes = (size - CHOICES) / CHANGE;
    const hf_span none = span_of(NULL, 0);
    const hf_span response = choice.has_response ? revoke_ocsp(&choice.response) : none;
    const hf_span list = choice.has_list ? revoke_crl(&choice.list) : none;
    change(0, response, data + CHOICES, changes);
    change(1, list, data + CHOICES, changes);
    const hf_verdict verdict = judge(&choice, response, list);
    const bool is_said_revoked =
        (choice.has_response && choice.response.status == REVOKE_REVOKED) ||
        (choice.has_list && choice.is_leaf_listed);
    CHECK(is_said_revoked || verdict.code != HF_E_CERTIFICATE_REVOKED);
    CHECK(!choice.is_sound_response || choice.response.status != REVOKE_REVOKED || changes > 0 ||
          !verdict.accepted);
    CHECK(!choice.is_stapled_leaf || choice.has_response || !verdict.accepted);
    if (response.len > 0) {
        revoke_free(response);
    }
    if (list.len > 0) {
        revoke_free(list);
    }
    return 0;
}
