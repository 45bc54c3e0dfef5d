/* The server's reading of a ClientHello, up to the version (RFC 9846, 4.2.2 and 4.3.1). */
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/ext/extensions.h"
#include "hs/hello/hello.h"
#include "hs/server13/retry.h"
#include "wire/iana.h"

enum { LEGACY_VERSION = 0x0303, FALLBACK_SCSV = 0x5600 };

void hello_fixed_digest(const hf_provider *provider, const struct client_hello *hello, uint8_t *out)
{
    const hf_hash *h = provider->sha256;
    hf_hash_ctx ctx;
    h->init(&ctx);
    /* With every length, so that no byte can move over the border of a field. */
    const size_t suites_len = hello->cipher_suites.len;
    const uint8_t head[] = {(uint8_t)(hello->legacy_version >> 8),
                            (uint8_t)hello->legacy_version,
                            (uint8_t)hello->legacy_session_id.len,
                            (uint8_t)(suites_len >> 8),
                            (uint8_t)suites_len,
                            (uint8_t)hello->legacy_compression_methods.len};
    h->update(&ctx, head, sizeof head);
    h->update(&ctx, hello->random.data, hello->random.len);
    h->update(&ctx, hello->legacy_session_id.data, hello->legacy_session_id.len);
    h->update(&ctx, hello->cipher_suites.data, hello->cipher_suites.len);
    h->update(&ctx, hello->legacy_compression_methods.data, hello->legacy_compression_methods.len);
    struct rd r = rd_of(hello->extensions);
    while (rd_left(&r) > 0) {
        const uint8_t *start = r.p;
        uint16_t code = rd_u16(&r);
        (void)rd_vec16(&r, 0, 0xffff);
        switch (code) {
        case EXT_CODE_key_share:
        case EXT_CODE_early_data:
        case EXT_CODE_cookie:
        case EXT_CODE_pre_shared_key:
        case EXT_CODE_padding:
            break; /* may change */
        default:
            h->update(&ctx, start, (size_t)(r.p - start));
            break;
        }
    }
    h->final(&ctx, out);
}

/* Parses the message and all extensions that we know. */
static hf_status read_offer(struct hs *hs)
{
    struct hs_offer *offer = &hs->s.offer;
    memset(offer, 0, sizeof *offer);
    TRY(client_hello_parse(hs->msg.body, hs->error, &offer->hello));
    memcpy(hs->client_random, offer->hello.random.data, MSG_RANDOM_LEN);
    memcpy(hs->session_id, offer->hello.legacy_session_id.data, offer->hello.legacy_session_id.len);
    hs->session_id_len = (uint8_t)offer->hello.legacy_session_id.len;
    return ext_read_offers(hs, offer);
}

static hf_status keep_server_name(struct hs *hs)
{
    hf_span name = hs->s.offer.server_name;
    if (name.len == 0 || hs->result->server_name != NULL) {
        return HF_OK;
    }
    hs->result->server_name = mem_strdup(name);
    return hs->result->server_name == NULL ? hs_no_memory(hs) : HF_OK;
}

hf_status hello_server_read(struct hs *hs)
{
    TRY(read_offer(hs));
    TRY(keep_server_name(hs));
    hello_fixed_digest(hs->config->provider, &hs->s.offer.hello, hs->s.fixed_digest);
    if ((hs->config->external_ops & HF_OP_BIT(HF_OP_CHOOSE_CONFIG)) == 0) {
        hs_go(hs, HS_SRV_CHOOSE_VERSION);
        return HF_OK;
    }
    hs->op.u.choose_config.client_hello = hs->msg.raw;
    hs->op.u.choose_config.server_name = hs->s.offer.server_name;
    hs->op.u.choose_config.config = NULL;
    TRY(ext_alpn_names(hs, &hs->op.u.choose_config.alpn, &hs->op.u.choose_config.alpn_count));
    return hs_ask(hs, HF_OP_CHOOSE_CONFIG, HS_SRV_CHOOSE_CONFIG_WAIT);
}

hf_status hello_server_config_chosen(struct hs *hs)
{
    TRY(hs_answer(hs));
    hf_config *chosen = hs->op.u.choose_config.config;
    hs->op.u.choose_config.config = NULL;
    if (chosen != NULL) {
        if (!chosen->frozen || chosen->role != HF_SERVER) {
            hf_config_free(chosen);
            return err_raise(hs->error, HF_E_API_MISUSE,
                             "the chosen configuration is not a frozen server's");
        }
        hf_config_free((hf_config *)(uintptr_t)hs->config);
        hs->config = chosen;
    }
    hs_go(hs, HS_SRV_CHOOSE_VERSION);
    return HF_OK;
}

/* Names what a client without a common version offers. */
static hf_status no_version(struct hs *hs, uint16_t best)
{
    return err_raise(hs->error, HF_E_NO_COMMON_VERSION,
                     "the client offers at most %s, this server wants %s to %s",
                     iana_version_name(best), iana_version_name(hs->config->version_lowest),
                     iana_version_name(hs->config->version_highest));
}

/* What TLS 1.3 asks of the legacy fields (RFC 9846, 4.2.2). */
static hf_status judge_legacy(struct hs *hs, const struct client_hello *hello)
{
    if (hello->legacy_version != LEGACY_VERSION) {
        return err_raise(hs->error, HF_E_LEGACY_VERSION, "0x%04x", (unsigned)hello->legacy_version);
    }
    if (hello->legacy_compression_methods.len != 1 ||
        hello->legacy_compression_methods.data[0] != 0) {
        return err_raise(hs->error, HF_E_COMPRESSION_OFFERED, NULL);
    }
    return HF_OK;
}

/* The highest version that a hello offers. Without supported_versions it is the one of the hello,
 * and never above TLS 1.2 (RFC 9846, 4.3.1). */
static uint16_t highest_offered(const struct hs_offer *offer)
{
    if (offer->versions.len == 0) {
        const uint16_t version = offer->hello.legacy_version;
        return version > HF_TLS12 ? HF_TLS12 : version;
    }
    uint16_t best = 0;
    for (size_t i = 0; i < offer->versions.len / 2; i++) {
        uint16_t v = list16_at(offer->versions, i);
        best = v > best && !iana_is_grease(v) ? v : best;
    }
    return best;
}

static bool is_offered(const struct hs_offer *offer, uint16_t version)
{
    return offer->versions.len == 0 ? version == highest_offered(offer)
                                    : list16_has(offer->versions, version);
}

/* RFC 7507, 3: the client has fallen back below what both can. */
static hf_status judge_fallback(struct hs *hs)
{
    const struct hs_offer *offer = &hs->s.offer;
    const uint16_t best = highest_offered(offer);
    if (best < hs->config->version_highest &&
        list16_has(offer->hello.cipher_suites, FALLBACK_SCSV)) {
        return err_raise(hs->error, HF_E_INAPPROPRIATE_FALLBACK,
                         "it offers at most %s, this server speaks %s", iana_version_name(best),
                         iana_version_name(hs->config->version_highest));
    }
    return HF_OK;
}

static hf_status enter12(struct hs *hs)
{
    if (hs->ccs_dropped) {
        return err_raise(hs->error, HF_E_CCS_EARLY, "before ClientHello");
    }
    if (hs->s.asked_again) {
        return err_raise(hs->error, HF_E_HELLO_CHANGED, "TLS 1.3 is gone from supported_versions");
    }
    hs->result->version = HF_TLS12;
    hs->result->family = HS_TLS12;
    hs->result->warnings_pass = true;
    hs_go(hs, HS_S12_NEGOTIATE);
    return HF_OK;
}

/* A ticket of TLS 1.2 is of no use now; one of TLS 1.3 stands in pre_shared_key. */
static void judge_older_session(struct hs *hs)
{
    const struct hs_offer *offer = &hs->s.offer;
    hs->result->resume_reason = HF_RESUME_NO_TICKET;
    if (offer->takes_ticket && offer->hello.ext.body[EXT_session_ticket].len > 0) {
        hs->result->resume_reason = HF_RESUME_VERSION_DIFFERS;
        TRACE(hs->tr, HF_EV_CANDIDATE, candidate, .about = HF_DECIDE_PSK, .value = 0,
              .name = hf_resume_name(HF_RESUME_VERSION_DIFFERS), .accepted = false,
              .reason = hf_resume_text(HF_RESUME_VERSION_DIFFERS));
    }
}

static hf_status enter13(struct hs *hs)
{
    TRY(judge_legacy(hs, &hs->s.offer.hello));
    hs->result->version = HF_TLS13;
    judge_older_session(hs);
    if (hs->s.offer.cookie.len > 0 && hs->config->stateless_retry) {
        /* The answer to a HelloRetryRequest of which nothing was kept. */
        TRY(retry_restore(hs));
    } else if (hs->s.asked_again) {
        /* RFC 9846, 4.3.2: the cookie must come back. */
        return err_raise(hs->error, HF_E_COOKIE_INVALID, "it is missing");
    }
    hs_go(hs, HS_S13_NEGOTIATE);
    return HF_OK;
}

hf_status hello_server_choose_version(struct hs *hs)
{
    static const struct {
        uint16_t version;
        hf_status (*enter)(struct hs *hs);
    } machines[] = {{HF_TLS13, enter13}, {HF_TLS12, enter12}};
    const hf_config *config = hs->config;
    TRY(judge_fallback(hs));
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        const uint16_t version = machines[i].version;
        if (version <= config->version_highest && version >= config->version_lowest &&
            is_offered(&hs->s.offer, version)) {
            TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_VERSION, .value = version,
                  .name = iana_version_name(version), .reason = "highest of both");
            return machines[i].enter(hs);
        }
    }
    return no_version(hs, highest_offered(&hs->s.offer));
}

hf_status hello_server_random(struct hs *hs, uint8_t *out)
{
    static const uint8_t mark[8] = {'D', 'O', 'W', 'N', 'G', 'R', 'D', 1};
    TRY(hs_random(hs, out, MSG_RANDOM_LEN));
    if (hs->config->version_highest > hs->result->version) {
        memcpy(out + MSG_RANDOM_LEN - sizeof mark, mark, sizeof mark);
    }
    return HF_OK;
}

hf_status hello_server_read_second(struct hs *hs)
{
    uint8_t digest[32];
    TRY(read_offer(hs));
    TRY(judge_legacy(hs, &hs->s.offer.hello));
    hello_fixed_digest(hs->config->provider, &hs->s.offer.hello, digest);
    if (memcmp(digest, hs->s.fixed_digest, sizeof digest) != 0) {
        return err_raise(hs->error, HF_E_HELLO_CHANGED, NULL);
    }
    if (!list16_has(hs->s.offer.versions, HF_TLS13)) {
        return err_raise(hs->error, HF_E_HELLO_CHANGED, "TLS 1.3 is gone from supported_versions");
    }
    hs_go(hs, HS_S13_NEGOTIATE);
    return HF_OK;
}
