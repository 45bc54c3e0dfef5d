/* Pre-shared keys at the server: external ones and sessions found, proved by their binder, judged;
 * early data taken or refused (RFC 9846, 4.3.10, 4.3.11 and 8).
 *
 * Nothing that a ticket says is believed before the binder has shown that the client holds its key.
 */
#include "base/span.h"
#include "base/status.h"
#include "hs/auth.h"
#include "hs/auth13.h"
#include "hs/ext/extensions.h"
#include "hs/psk.h"
#include "hs/resume.h"
#include "hs/server13/server13.h"

/* A first flight costs at most this many openings of tickets. */
enum { TICKETS_TRIED_MAX = 4 };

static hf_resume_reason judge_session(struct hs *hs);
static bool suite_is_possible(const struct hs *hs, const hf_hash *hash);
static hf_status note_refused(struct hs *hs, hf_resume_reason reason);
static void trace_psk(struct hs *hs);
static hf_status ask_about_early_data(struct hs *hs);
static hf_resume_reason judge_early_data(const struct hs *hs);
static void accept_early_data(struct hs *hs, const char *why);
static void refuse_early_data(struct hs *hs, hf_resume_reason reason);
static bool is_fresh(const struct hs *hs);
static int32_t find_age_skew(const struct hs *hs);

/* --- Found ------------------------------------------------------------------------------------ */

hf_status server13_find_psk(struct hs *hs)
{
    const bool are_tickets_opened = resume_opens_tickets(hs);
    struct rd rest = rd_of(hs->s.takes_tickets ? hs->s.offer.psk_identities : span_of(NULL, 0));
    for (int i = 0; i < hs->s.psk_next; i++) { /* looked at already */
        (void)rd_vec16(&rest, 1, 0xffff);
        (void)rd_u32(&rest);
    }
    while (rd_left(&rest) > 0 && hs->s.psk_index < 0) {
        const hf_span identity = rd_vec16(&rest, 1, 0xffff);
        (void)rd_u32(&rest);
        const int index = hs->s.psk_next++;
        if (psk_find_external(hs, identity, &hs->s.psk)) {
            /* Of an imported key the client may offer one for each hash. */
            const bool is_possible = suite_is_possible(hs, hs->s.psk.hash);
            hs->s.psk_index = is_possible ? index : -1;
            hs->s.psk.hash = is_possible ? hs->s.psk.hash : NULL;
        } else if (are_tickets_opened && hs->s.tickets_tried < TICKETS_TRIED_MAX) {
            hs->s.tickets_tried++;
            return resume_ask_ticket(hs, identity, server13_will_retry(hs),
                                     HS_S13_TICKET_OPEN_WAIT);
        } else if (!are_tickets_opened) {
            hs->result->resume_reason = HF_RESUME_DISABLED;
        }
    }
    hs_go(hs, HS_S13_CHOOSE_PARAMETERS);
    return HF_OK;
}

hf_status server13_ticket_opened(struct hs *hs)
{
    TRY(hs_answer(hs));
    hf_resume_reason reason =
        resume_read(hs, hs->op.u.ticket_open.reason, hs->op.u.ticket_open.state_len);
    if (reason != HF_RESUME_NONE) {
        return note_refused(hs, reason);
    }
    const struct psk psk = psk_of_session(hs, hs->s.session);
    if (!suite_is_possible(hs, psk.hash)) {
        return note_refused(hs, HF_RESUME_SUITE_DIFFERS);
    }
    TRY(psk_check_binder(hs, &psk, hs->s.psk_next - 1));
    reason = judge_session(hs);
    if (reason != HF_RESUME_NONE) {
        return note_refused(hs, reason);
    }
    hs->s.psk = psk;
    hs->s.psk_index = hs->s.psk_next - 1;
    hs->s.is_session = true;
    hs->s.is_single_use = hs->op.u.ticket_open.single_use;
    hs_go(hs, HS_S13_CHOOSE_PARAMETERS);
    return HF_OK;
}

/* This identity does not do: the next one is looked at. The first reason is the one that is told.
 */
static hf_status note_refused(struct hs *hs, hf_resume_reason reason)
{
    TRACE(hs->tr, HF_EV_CANDIDATE, candidate, .about = HF_DECIDE_PSK,
          .value = (uint32_t)(hs->s.psk_next - 1), .name = hf_resume_name(reason),
          .accepted = false, .reason = hf_resume_text(reason));
    if (hs->result->resume_reason == HF_RESUME_NO_TICKET) {
        hs->result->resume_reason = (uint8_t)reason;
    }
    session_state_wipe(hs->s.session);
    hs_go(hs, HS_S13_FIND_PSK);
    return HF_OK;
}

/* Whether a suite of this hash can still be chosen. */
static bool suite_is_possible(const struct hs *hs, const hf_hash *hash)
{
    if (hs->result->retried) {
        return hs->result->suite.hash == hash;
    }
    const struct config_list *ours = &hs->config->ciphers;
    for (size_t i = 0; i < ours->count; i++) {
        struct suite s;
        if (suite_find(hs->config->provider, ours->v[i], &s) && s.hash == hash &&
            list16_has(hs->s.offer.hello.cipher_suites, s.id)) {
            return true;
        }
    }
    return false;
}

/* RFC 9846, 4.7.1: early data would go under the session's protocol, so it must be this one's. */
static hf_resume_reason judge_session(struct hs *hs)
{
    const hf_resume_reason reason = resume_judge(hs);
    if (reason == HF_RESUME_NONE && !span_eq(hs->s.session->alpn, ext_alpn_pick(hs))) {
        return HF_RESUME_ALPN_DIFFERS;
    }
    return reason;
}

/* --- Chosen ----------------------------------------------------------------------------------- */

hf_status server13_choose_psk(struct hs *hs)
{
    struct hs_result *r = hs->result;
    r->psk = hs->s.psk.hash != NULL;
    if (r->psk && !hs->s.is_session) {
        TRY(psk_check_binder(hs, &hs->s.psk, hs->s.psk_index));
    } else if (r->psk) {
        TRY(resume_take_peer(hs));
        r->resumption->age_skew_ms = find_age_skew(hs);
    }
    trace_psk(hs);
    r->skip_early_data = hs->s.offer.early_data;
    r->peer_post_auth = hs->s.offer.post_auth;
    hs->s.compression = ext_compress_certificate_common(hs, hs->s.offer.compression);
    hs_hash_received(hs);
    if (r->psk) {
        TRY(auth13_early_exporter(hs, &hs->s.psk));
    }
    TRY(ext_alpn_choose(hs));
    if (hs->s.offer.early_data) {
        return ask_about_early_data(hs);
    }
    if (r->early_offered) {
        refuse_early_data(hs, HF_RESUME_RETRIED);
    }
    hs_go(hs, r->psk ? HS_S13_ENCAP : HS_S13_CHOOSE_IDENTITY);
    return HF_OK;
}

static void trace_psk(struct hs *hs)
{
    if (!hs->s.offer.has_psk) {
        return;
    }
    const hf_resume_reason reason = (hf_resume_reason)hs->result->resume_reason;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_PSK,
          .value = (uint32_t)hs->s.psk_index,
          .name = !hs->result->psk      ? "none"
                  : hs->result->resumed ? "session"
                                        : "external key",
          .reason = hs->result->psk ? "identity known, binder right" : hf_resume_text(reason));
}

/* --- Early data ------------------------------------------------------------------------------- */

static hf_status ask_about_early_data(struct hs *hs)
{
    const hf_resume_reason reason = judge_early_data(hs);
    if (reason != HF_RESUME_NONE) {
        refuse_early_data(hs, reason);
        hs_go(hs, hs->result->psk ? HS_S13_ENCAP : HS_S13_CHOOSE_IDENTITY);
        return HF_OK;
    }
    if (hs->s.is_single_use) {
        accept_early_data(hs, "a fresh first flight of a session that was good once");
        return HF_OK;
    }
    /* A binder is as good as random to whoever does not hold the key, and RFC 9846, 8.2 asks for
     * something that is checked already. */
    const hf_span binder = psk_binder_at(hs, hs->s.psk_index);
    hs->op.u.replay_check.key = span_of(binder.data, HF_REPLAY_KEY_LEN);
    hs->op.u.replay_check.now_ms = hs->now_ms;
    hs->op.u.replay_check.window_ms = 2 * hs->config->early_window_ms;
    hs->op.u.replay_check.reason = HF_RESUME_STORE_DOWN;
    return hs_ask(hs, HF_OP_REPLAY_CHECK, HS_S13_REPLAY_CHECK_WAIT);
}

hf_status server13_replay_checked(struct hs *hs)
{
    TRY(hs_answer(hs));
    const hf_resume_reason reason = hs->op.u.replay_check.reason;
    if (reason != HF_RESUME_NONE) {
        refuse_early_data(hs, reason);
        hs_go(hs, HS_S13_ENCAP);
    } else {
        accept_early_data(hs, "a fresh first flight that was not seen before");
    }
    return HF_OK;
}

static void accept_early_data(struct hs *hs, const char *why)
{
    struct hs_result *r = hs->result;
    hs->s.early = true;
    r->early_data = true;
    r->skip_early_data = false;
    r->early_reason = HF_RESUME_NONE;
    r->resumption->max_early_data = hs->s.session->max_early_data;
    auth13_early_traffic_secret(hs, &hs->s.psk, &hs->transcript, &r->resumption->secret);
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_EARLY_DATA,
          .value = hs->s.session->max_early_data, .name = "accepted", .reason = why);
    hs_go(hs, HS_S13_ENCAP);
}

static hf_resume_reason judge_early_data(const struct hs *hs)
{
    const struct session_state *session = hs->s.session;
    if (hs->config->max_early_data == 0) {
        return HF_RESUME_EARLY_DISABLED;
    }
    if (!hs->result->resumed) {
        return hs->result->psk ? HF_RESUME_EARLY_DISABLED
                               : (hf_resume_reason)hs->result->resume_reason;
    }
    if (hs->s.psk_index != 0) {
        return HF_RESUME_EARLY_NOT_FIRST;
    }
    if (session->max_early_data == 0) {
        return HF_RESUME_EARLY_DISABLED;
    }
    /* The client counts by the session. To take it up to our limit only would end connections that
     * do nothing wrong. */
    if (session->max_early_data > hs->config->max_early_data) {
        return HF_RESUME_EARLY_LIMIT;
    }
    if (session->cipher_suite != hs->result->suite.id) {
        return HF_RESUME_SUITE_DIFFERS;
    }
    return is_fresh(hs) ? HF_RESUME_NONE : HF_RESUME_AGE_SKEW;
}

static bool is_fresh(const struct hs *hs)
{
    const int64_t skew_ms = hs->result->resumption->age_skew_ms;
    const int64_t window_ms = hs->config->early_window_ms; /* a minute at most */
    return skew_ms <= window_ms && skew_ms >= -window_ms;
}

/* RFC 9846, 8.3: the client's view of the ticket's age against ours. */
static int32_t find_age_skew(const struct hs *hs)
{
    struct rd r = rd_of(hs->s.offer.psk_identities);
    for (int i = 0; i < hs->s.psk_index; i++) {
        (void)rd_vec16(&r, 1, 0xffff);
        (void)rd_u32(&r);
    }
    (void)rd_vec16(&r, 1, 0xffff);
    const uint32_t told_ms = rd_u32(&r) - hs->s.session->age_add;
    const int64_t skew_ms = (int64_t)told_ms - (hs->now_ms - hs->s.session->issued_ms);
    return (int32_t)(skew_ms > INT32_MAX ? INT32_MAX : skew_ms < INT32_MIN ? INT32_MIN : skew_ms);
}

static void refuse_early_data(struct hs *hs, hf_resume_reason reason)
{
    hs->result->early_reason = (uint8_t)reason;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_EARLY_DATA, .value = 0,
          .name = hf_resume_name(reason), .reason = hf_resume_text(reason));
}
