#include "hs/server13/retry.h"

#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/server13/server13.h"
#include "session/cookie.h"
#include "wire/iana.h"

enum { LEGACY_VERSION = 0x0303 };

/* The share that the client is asked for; none when it sent a good one and is only asked to
 * prove its address. */
static uint16_t wanted_group(const struct hs *hs)
{
    return hs->s.share.len == 0 && hs->result->group != NULL ? hs->result->group->id : 0;
}

/* Writes HelloRetryRequest: the same bytes whether it is sent or only hashed again. */
static void write_retry(struct hs *hs, struct wr *w, uint16_t group, hf_span cookie)
{
    wr_u16(w, LEGACY_VERSION);
    wr_bytes(w, span_of(message_retry_random, MSG_RANDOM_LEN));
    wr_vec(w, span_of(hs->session_id, hs->session_id_len), 1);
    wr_u16(w, hs->result->suite.id);
    wr_u8(w, 0); /* legacy_compression_method */
    size_t block = wr_open(w, 2);
    if (group != 0) {
        wr_u16(w, EXT_CODE_key_share);
        wr_u16(w, 2);
        wr_u16(w, group);
    }
    if (cookie.len > 0) {
        wr_u16(w, EXT_CODE_cookie);
        size_t m = wr_open(w, 2);
        wr_vec(w, cookie, 2);
        wr_close(w, m, 2);
    }
    wr_u16(w, EXT_CODE_supported_versions);
    wr_u16(w, 2);
    wr_u16(w, HF_TLS13);
    wr_close(w, block, 2);
}

static size_t make_cookie(struct hs *hs, uint16_t group, uint8_t out[COOKIE_MAX_LEN])
{
    struct cookie_state state = {.cipher_suite = hs->result->suite.id,
                                 .group = group,
                                 .issued_s = hs->now_ms / 1000,
                                 .hash_len = hs->result->suite.hash->digest_len};
    transcript_value(&hs->transcript, state.hello_hash);
    memcpy(state.fixed, hs->s.fixed_digest, sizeof state.fixed);
    return cookie_seal(hs->config->provider, hs->config->cookie_key, &state, hs->s.peer_address,
                       out);
}

/* Back to the beginning, as if nothing had been said. */
static void forget(struct hs *hs)
{
    struct hs_result *r = hs->result;
    hs->transcript.hash = NULL;
    hs->s.asked_again = true;
    r->group = NULL;
    r->version = 0;
    r->peer_record_size_limit = 0;
    memset(&r->suite, 0, sizeof r->suite);
    if (r->server_name != NULL) {
        mem_free(r->server_name, strlen(r->server_name) + 1);
        r->server_name = NULL;
    }
    hs_go(hs, HS_SRV_READ_CLIENT_HELLO);
}

hf_status server13_send_retry(struct hs *hs)
{
    const bool is_stateless = hs->config->stateless_retry;
    const uint16_t group = wanted_group(hs);
    uint8_t cookie[COOKIE_MAX_LEN];
    size_t cookie_len = 0;
    hs_hash_received(hs);
    if (is_stateless) {
        cookie_len = make_cookie(hs, group, cookie);
    }
    transcript_retry(&hs->transcript);
    struct wr w;
    TRY(hs_begin(hs, MSG_SERVER_HELLO, 128 + cookie_len, &w));
    write_retry(hs, &w, group, span_of(cookie, cookie_len));
    TRY(hs_end(hs, &w));
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_RETRY, .value = group,
          .name = group == 0 ? "cookie" : iana_group_name(group),
          .reason = group == 0 ? "the client must prove its address"
                               : "no share of a group that both like");
    if (hs->session_id_len > 0 && hs->sink->send_change_cipher_spec != NULL) {
        TRY(hs->sink->send_change_cipher_spec(hs->owner));
    }
    /* Early data of the first hello is refused (RFC 9846, 4.3.10). */
    hs->result->skip_early_data = hs->s.offer.early_data;
    if (is_stateless) {
        forget(hs);
        return HF_OK;
    }
    hs->result->retried = true;
    hs_go(hs, HS_SRV_READ_SECOND_HELLO);
    return HF_OK;
}

/* Adds the HelloRetryRequest, which a cookie holder has seen, to the transcript. */
static hf_status hash_retry(struct hs *hs, uint16_t group)
{
    uint8_t message[MSG_HEADER_LEN + 192 + COOKIE_MAX_LEN];
    struct wr w = wr_of(message, sizeof message);
    wr_u8(&w, MSG_SERVER_HELLO);
    size_t m = wr_open(&w, 3);
    write_retry(hs, &w, group, hs->s.offer.cookie);
    wr_close(&w, m, 3);
    if (w.bad) {
        return err_raise(hs->error, HF_E_COOKIE_INVALID, "%zu bytes", hs->s.offer.cookie.len);
    }
    transcript_add(&hs->transcript, span_of(message, w.len));
    return HF_OK;
}

hf_status retry_restore(struct hs *hs)
{
    const hf_config *config = hs->config;
    struct cookie_state state;
    enum cookie_result result =
        cookie_open(config->provider, config->cookie_key, hs->s.offer.cookie, hs->s.peer_address,
                    hs->now_ms / 1000, &state);
    if (result != COOKIE_OK) {
        return err_raise(hs->error, HF_E_COOKIE_INVALID, "%s",
                         result == COOKIE_EXPIRED ? "it is too old"
                                                  : "it was not made here for this client");
    }
    if (hs->s.offer.early_data) {
        return err_raise(hs->error, HF_E_EARLY_DATA_AFTER_RETRY, NULL);
    }
    if (memcmp(state.fixed, hs->s.fixed_digest, sizeof state.fixed) != 0) {
        return err_raise(hs->error, HF_E_HELLO_CHANGED, NULL);
    }
    if (!config_list_has(&config->ciphers, state.cipher_suite) ||
        !suite_find(config->provider, state.cipher_suite, &hs->result->suite) ||
        hs->result->suite.hash->digest_len != state.hash_len) {
        return err_raise(hs->error, HF_E_COOKIE_INVALID, "its suite is not allowed any more");
    }
    hs->result->group = state.group == 0 ? NULL : hf_provider_group(config->provider, state.group);
    transcript_restart(&hs->transcript, hs->result->suite.hash, state.hello_hash);
    TRY(hash_retry(hs, state.group));
    hs->result->retried = true;
    return HF_OK;
}
