#include "hs/auth12.h"

#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/auth.h"
#include "hs/op.h"
#include "wire/iana.h"
#include "wire/message12.h"

/* --- Certificate ------------------------------------------------------------------------------ */

size_t auth12_certificate_size(const hf_identity *identity)
{
    size_t n = 3;
    for (size_t i = 0; identity != NULL && i < hf_identity_chain_count(identity); i++) {
        n += 3 + hf_identity_certificate(identity, i).len;
    }
    return n;
}

hf_status auth12_send_certificate(struct hs *hs, const hf_identity *identity)
{
    struct wr w;
    TRY(hs_begin(hs, MSG_CERTIFICATE, auth12_certificate_size(identity), &w));
    size_t list = wr_open(&w, 3);
    for (size_t i = 0; identity != NULL && i < hf_identity_chain_count(identity); i++) {
        wr_vec(&w, hf_identity_certificate(identity, i), 3);
    }
    wr_close(&w, list, 3);
    return hs_end(hs, &w);
}

/* Walks the list once for form, limits and sizes. */
static hf_status measure_chain(struct hs *hs, hf_span list, size_t *count, size_t *bytes)
{
    struct rd r = rd_of(list);
    hf_span certificate = {NULL, 0};
    *count = *bytes = 0;
    while (rd_left(&r) > 0) {
        TRY(certificate12_next(&r, hs->error, &certificate));
        if (++*count > hs->config->limits.chain_depth) {
            return err_raise(hs->error, HF_E_CERTIFICATE_CHAIN_TOO_LONG, "the limit is %u",
                             (unsigned)hs->config->limits.chain_depth);
        }
        *bytes += certificate.len;
    }
    return HF_OK;
}

hf_status auth12_read_certificate(struct hs *hs)
{
    hf_span list = {NULL, 0};
    size_t count = 0;
    size_t bytes = 0;
    TRY(certificate12_parse(hs->msg.body, hs->error, &list));
    TRY(measure_chain(hs, list, &count, &bytes));
    if (count > 0) {
        /* Of ServerHello, or none: they live as long as the chain. */
        const hf_span scts = hs->t12.sct_list;
        uint8_t *at = NULL;
        struct hs_chain *chain = auth_chain_new(count, bytes + scts.len, &at);
        if (chain == NULL) {
            return hs_no_memory(hs);
        }
        struct rd r = rd_of(list);
        for (size_t i = 0; i < count; i++) {
            chain->cert[i] = auth_chain_keep(&at, rd_vec24(&r, 1, 0xffffff));
        }
        chain->sct_list = auth_chain_keep(&at, scts);
        hs->result->chain = chain;
    }
    hs_hash_received(hs);
    return HF_OK;
}

/* --- Signatures ------------------------------------------------------------------------------- */

uint8_t auth12_of_scheme(uint16_t scheme)
{
    /* RFC 5246, 7.4.1.4.1: the low byte is the signature, 1 for RSA and 3 for ECDSA; but 0x08 above
     * begins the later ones, of which 07 and 08 are EdDSA and the others RSA-PSS. */
    if (scheme >> 8 == 0x08) {
        return scheme == IANA_SCHEME_ed25519 || scheme == IANA_SCHEME_ed448 ? SUITE_BY_ECDSA
                                                                            : SUITE_BY_RSA;
    }
    return (scheme & 0xff) == 3 ? SUITE_BY_ECDSA : (scheme & 0xff) == 1 ? SUITE_BY_RSA : SUITE_ANY;
}

hf_status auth12_schemes(struct hs *hs, hf_span list, unsigned auth, uint16_t **out, size_t *count)
{
    *count = 0;
    *out = hs_alloc(hs, list.len + 2);
    if (*out == NULL) {
        return hs_no_memory(hs);
    }
    for (size_t i = 0; i < list.len / 2; i++) {
        const uint16_t scheme = list16_at(list, i);
        const uint8_t by = auth12_of_scheme(scheme);
        if (by != SUITE_ANY && (auth >> by & 1) != 0) {
            (*out)[(*count)++] = scheme;
        }
    }
    return HF_OK;
}

hf_status auth12_take_identity(struct hs *hs)
{
    TRY(hs_answer(hs));
    hs->identity = hs->op.u.choose_identity.identity;
    hs->scheme = hs->op.u.choose_identity.scheme;
    const bool is_sound = hs->identity == NULL || op_identity_is_sound(&hs->op);
    hs->op.u.choose_identity.identity = NULL;
    if (!is_sound) {
        return err_raise(hs->error, HF_E_API_MISUSE, "%s does not fit the chosen identity",
                         iana_scheme_name(hs->scheme));
    }
    if (hs->identity != NULL) {
        hs->result->chosen_identity = (int)hs->op.u.choose_identity.index;
    }
    return HF_OK;
}

hf_status auth12_key_exchange_input(struct hs *hs, hf_span params, hf_span *out)
{
    const size_t len = 2 * MSG_RANDOM_LEN + params.len;
    uint8_t *p = hs_alloc(hs, len);
    if (p == NULL) {
        return hs_no_memory(hs);
    }
    memcpy(p, hs->client_random, MSG_RANDOM_LEN);
    memcpy(p + MSG_RANDOM_LEN, hs->t12.server_random, MSG_RANDOM_LEN);
    memcpy(p + 2 * MSG_RANDOM_LEN, params.data, params.len);
    *out = span_of(p, len);
    return HF_OK;
}

hf_status auth12_read_certificate_verify(struct hs *hs, enum hs_state wait)
{
    struct certificate_verify cv = {0};
    hf_span messages = {NULL, 0};
    TRY(certificate_verify_parse(hs->msg.body, hs->error, &cv));
    if (!config_list_has(&hs->config->sigalgs, cv.algorithm)) {
        return err_raise(hs->error, HF_E_CERTIFICATE_ALGORITHM, "%s was not offered",
                         iana_scheme_name(cv.algorithm));
    }
    TRY(hs_take_verbatim(hs, &messages));
    hs_hash_received(hs);
    hs->result->client_scheme = cv.algorithm;
    hs->op.u.verify_signature.tls12 = true;
    return auth_ask_verify_signature(hs, cv.algorithm, messages, cv.signature, wait);
}

/* --- Secrets and Finished --------------------------------------------------------------------- */

static struct hs_master *new_master(struct hs *hs)
{
    struct hs_master *master = mem_alloc(sizeof *master);
    if (master != NULL) {
        memcpy(master->randoms, hs->client_random, MSG_RANDOM_LEN);
        memcpy(master->randoms + MSG_RANDOM_LEN, hs->t12.server_random, MSG_RANDOM_LEN);
    }
    hs->result->master = master;
    return master;
}

static void expand_keys(struct hs *hs, const struct hs_master *master)
{
    hs_log_secret(hs, "CLIENT_RANDOM", &master->secret);
    keys12_compute(&hs->result->suite, &master->secret, span_of(master->randoms, MSG_RANDOM_LEN),
                   span_of(master->randoms + MSG_RANDOM_LEN, MSG_RANDOM_LEN), hs->tr,
                   &hs->t12.keys);
}

hf_status auth12_make_keys(struct hs *hs, uint8_t *premaster, size_t premaster_len)
{
    const struct hs_result *r = hs->result;
    const struct suite *suite = &r->suite;
    uint8_t digest[HF_HASH_MAX_LEN] = {0};
    struct hs_master *master = new_master(hs);
    if (master == NULL) {
        return hs_no_memory(hs);
    }
    transcript_value(&hs->transcript, digest);
    /* RFC 5246, 8.1.2: of a finite field's secret the leading zeros do not count. Keys of both ends
     * are fresh, so how many there were tells of this connection alone. */
    size_t skip = 0;
    while (suite->exchange == SUITE_DHE && skip < premaster_len && premaster[skip] == 0) {
        skip++;
    }
    const struct master12_args args = {
        .hash = suite->hash,
        .premaster = span_of(premaster + skip, premaster_len - skip),
        .client_random = span_of(master->randoms, MSG_RANDOM_LEN),
        .server_random = span_of(master->randoms + MSG_RANDOM_LEN, MSG_RANDOM_LEN),
        .session_hash = span_of(digest, r->extended_master_secret ? suite->hash->digest_len : 0),
        .tr = hs->tr,
    };
    master12_compute(&args, &master->secret);
    hf_wipe(premaster, premaster_len);
    expand_keys(hs, master);
    return HF_OK;
}

hf_status auth12_resume_keys(struct hs *hs, const struct secret *secret)
{
    struct hs_master *master = new_master(hs);
    if (master == NULL) {
        return hs_no_memory(hs);
    }
    master->secret = *secret;
    expand_keys(hs, master);
    return HF_OK;
}

hf_status auth12_whole_share(struct hs *hs, hf_span share, hf_span *out)
{
    const size_t len = hs->result->group->client_share_len;
    *out = share;
    if (hs->result->suite.exchange != SUITE_DHE || share.len >= len) {
        return HF_OK;
    }
    uint8_t *whole = hs_alloc(hs, len);
    if (whole == NULL) {
        return hs_no_memory(hs);
    }
    memcpy(whole + len - share.len, share.data, share.len);
    *out = span_of(whole, len);
    return HF_OK;
}

static void verify_data(struct hs *hs, const char *label, uint8_t out[VERIFY_DATA12_LEN])
{
    const hf_hash *hash = hs->result->suite.hash;
    uint8_t digest[HF_HASH_MAX_LEN] = {0};
    transcript_value(&hs->transcript, digest);
    finished12(hash, &hs->result->master->secret, label, span_of(digest, hash->digest_len), hs->tr,
               out);
}

hf_status auth12_send_finished(struct hs *hs, const char *label)
{
    uint8_t mac[VERIFY_DATA12_LEN] = {0};
    struct wr w;
    verify_data(hs, label, mac);
    TRY(hs_begin(hs, MSG_FINISHED, sizeof mac, &w));
    wr_bytes(&w, span_of(mac, sizeof mac));
    return hs_end(hs, &w);
}

hf_status auth12_read_finished(struct hs *hs, const char *label)
{
    uint8_t mac[VERIFY_DATA12_LEN] = {0};
    if (hs->msg.body.len != sizeof mac) {
        return err_raise(hs->error, HF_E_DECODE, "Finished of %zu bytes", hs->msg.body.len);
    }
    verify_data(hs, label, mac);
    if (!hf_ct_equal(mac, hs->msg.body.data, sizeof mac)) {
        return err_raise(hs->error, HF_E_FINISHED, NULL);
    }
    hs_hash_received(hs);
    return HF_OK;
}
