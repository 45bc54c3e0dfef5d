/* NewSessionTicket (RFC 9846, 4.7.1): after the client's Finished, as many as the configuration
 * says. After a handshake with an external PSK there are none: it is as cheap as a resumed one,
 * and some clients that hold such a key take no ticket (NSS ends the connection). */
#include "base/span.h"
#include "base/status.h"
#include "hs/auth13.h"
#include "hs/resume.h"
#include "hs/server13/server13.h"

enum { AROUND_TICKET = 32 };

static hf_status end_tickets(struct hs *hs);
static hf_status ask_seal(struct hs *hs);
static hf_status describe_session(struct hs *hs, struct session_state *out);

hf_status server13_plan_tickets(struct hs *hs)
{
    const bool is_external = hs->result->psk && !hs->result->resumed;
    const bool are_wanted = resume_seals_tickets(hs) && hs->s.takes_tickets && !is_external;
    hs->s.tickets_left = are_wanted ? hs->config->tickets : 0;
    if (hs->result->resumed && hs->s.tickets_left > 1) {
        hs->s.tickets_left = 1; /* the one that was used is replaced */
    }
    if (hs->s.tickets_left > 0) {
        if (hs_need_resumption(hs) == NULL) {
            return hs_no_memory(hs);
        }
        auth13_resumption_secret(hs, &hs->result->resumption->secret);
    }
    hs_go(hs, HS_S13_SEAL_TICKET);
    return HF_OK;
}

hf_status server13_seal_ticket(struct hs *hs)
{
    if (hs->s.tickets_left == 0) {
        return end_tickets(hs);
    }
    hs->s.tickets_left--;
    return ask_seal(hs);
}

static hf_status end_tickets(struct hs *hs)
{
    if (hs->result->resumption != NULL) {
        secret_wipe(&hs->result->resumption->secret);
    }
    hs_go(hs, HS_CONNECTED);
    return HF_OK;
}

static hf_status ask_seal(struct hs *hs)
{
    uint8_t *const written = resume_written(hs);
    if (written == NULL) {
        return hs_no_memory(hs);
    }
    struct session_state state;
    hf_status s = describe_session(hs, &state);
    const size_t len = s == HF_OK ? session_state_write(&state, written) : 0;
    const uint32_t lifetime_s = session_state_is_sound(&state) ? state.lifetime_s : 0;
    session_state_wipe(&state);
    TRY(s);
    if (len == 0 ||
        lifetime_s == 0) { /* a name too long to be remembered; a proof at its end; no clock */
        return end_tickets(hs);
    }
    hs->s.session->lifetime_s = lifetime_s;
    return resume_ask_seal(hs, len, HS_S13_TICKET_SEAL_WAIT);
}

static hf_status describe_session(struct hs *hs, struct session_state *out)
{
    uint8_t age_add[4];
    resume_describe(hs, out);
    out->max_early_data = hs->config->max_early_data;
    TRY(hs_random(hs, age_add, sizeof age_add));
    out->age_add = (uint32_t)age_add[0] << 24 | (uint32_t)age_add[1] << 16 |
                   (uint32_t)age_add[2] << 8 | age_add[3];
    hs->s.session->age_add = out->age_add;
    ticket_key(hs->result->suite.hash, &hs->result->resumption->secret,
               span_of(&hs->s.tickets_sent, 1), hs->tr, &out->secret);
    return HF_OK;
}

hf_status server13_send_ticket(struct hs *hs)
{
    size_t len = 0;
    TRY(resume_sealed(hs, &len));
    if (len > 0) {
        struct wr w;
        TRY(hs_begin(hs, MSG_NEW_SESSION_TICKET, AROUND_TICKET + len, &w));
        wr_u32(&w, hs->s.session->lifetime_s);
        wr_u32(&w, hs->s.session->age_add);
        wr_vec(&w, span_of(&hs->s.tickets_sent, 1), 1); /* ticket_nonce */
        wr_vec(&w, span_of(hs->s.ticket, len), 2);
        const size_t extensions = wr_open(&w, 2);
        if (hs->config->max_early_data > 0) {
            wr_u16(&w, EXT_CODE_early_data);
            wr_u16(&w, 4);
            wr_u32(&w, hs->config->max_early_data);
        }
        wr_close(&w, extensions, 2);
        TRY(hs_end(hs, &w));
        hs->s.tickets_sent++;
    }
    hs_go(hs, HS_S13_SEAL_TICKET);
    return HF_OK;
}
