/* The abbreviated handshake of TLS 1.2 at the server (RFC 5246, 7.3; RFC 5077, 3.3): this end's
 * ChangeCipherSpec and Finished come first. */
#include "base/span.h"
#include "base/status.h"
#include "hs/auth12.h"
#include "hs/ext/extensions.h"
#include "hs/resume.h"
#include "hs/server12/server12.h"
#include "wire/iana.h"

enum { FLIGHT_SIZE = 512 };

static void trace_choice(const struct hs *hs)
{
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_PSK, .value = 0, .name = "session",
          .reason = "known, and its rules hold");
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_CIPHER_SUITE,
          .value = hs->result->suite.id, .name = iana_suite_name(hs->result->suite.id),
          .reason = "the session's");
}

hf_status server12_resume(struct hs *hs)
{
    const struct session_state *session = hs->s.session;
    TRY(resume_take_peer(hs));
    (void)suite12_find(hs->config->provider, session->cipher_suite, &hs->result->suite);
    trace_choice(hs);
    TRY(ext_alpn_choose(hs));
    transcript_start(&hs->transcript, hs->result->suite.hash);
    hs_hash_received(hs);
    hs_expect(hs, FLIGHT_SIZE + (hs->t12.ticket_follows ? RESUME_TICKET_MAX : 0));
    TRY(server12_write_server_hello(hs)); /* with the client's session_id */
    TRY(auth12_resume_keys(hs, &session->secret));
    hs_release_message(hs);
    if (hs->t12.ticket_follows) {
        return resume_ask_seal(hs, hs->t12.written_len, HS_S12_RENEW_WAIT);
    }
    hs_go(hs, HS_S12_SEND_FINISHED_FIRST);
    return HF_OK;
}

hf_status server12_write_ticket(struct hs *hs, uint32_t lifetime_s, size_t len)
{
    enum { LENGTHS = 4 + 2 };
    struct wr w;
    TRY(hs_begin(hs, MSG_NEW_SESSION_TICKET, LENGTHS + len, &w));
    wr_u32(&w, len == 0 ? 0 : lifetime_s);
    wr_vec(&w, span_of(hs->s.ticket, len), 2);
    return hs_end(hs, &w);
}

/* The same session under a younger key: it does not live longer for that. Sealing may have taken
 * until after its end: then there is no ticket, since a lifetime of 0 would mean that none is told
 * (RFC 5077, 3.3). */
hf_status server12_send_renewed_ticket(struct hs *hs)
{
    const struct session_state *session = hs->s.session;
    const int64_t age_ms = hs->now_ms - session->issued_ms;
    const int64_t age_s = age_ms < 0 ? 0 : age_ms / 1000;
    const int64_t left_s = session->lifetime_s - age_s;
    size_t len = 0;
    TRY(resume_sealed(hs, &len));
    TRY(server12_write_ticket(hs, left_s > 0 ? (uint32_t)left_s : 0, left_s > 0 ? len : 0));
    hs_go(hs, HS_S12_SEND_FINISHED_FIRST);
    return HF_OK;
}

hf_status server12_send_finished_first(struct hs *hs)
{
    TRY(hs->sink->send_change_cipher_spec(hs->owner));
    TRY(hs_install_keys(hs, HF_SENT, hs->t12.keys.server_key, hs->t12.keys.server_iv));
    TRY(auth12_send_finished(hs, "server finished"));
    hs_go(hs, HS_S12_READ_CCS_LAST);
    return HF_OK;
}

hf_status server12_read_ccs_last(struct hs *hs)
{
    TRY(hs_install_keys(hs, HF_RECEIVED, hs->t12.keys.client_key, hs->t12.keys.client_iv));
    hs_go(hs, HS_S12_READ_FINISHED_LAST);
    return HF_OK;
}

hf_status server12_read_finished_last(struct hs *hs)
{
    TRY(auth12_read_finished(hs, "client finished"));
    if (hs->t12.found_by_id) {
        TRY(server12_note_stored(hs));
    }
    hs->result->write_ready = true;
    hs_go(hs, HS_CONNECTED);
    return HF_OK;
}
