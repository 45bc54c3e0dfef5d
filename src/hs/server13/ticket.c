/* NewSessionTicket (RFC 9846, 4.7.1): after the client's Finished, as many as the configuration
 * says. */
#include "base/span.h"
#include "base/status.h"
#include "hs/auth13.h"
#include "hs/server13/server13.h"

enum { TICKET_MAX = 1024, AROUND_TICKET = 32 };

static hf_status end_tickets(struct hs *hs);
static hf_status ask_seal(struct hs *hs);
static hf_status describe_session(struct hs *hs, struct session_state *out);

hf_status server13_plan_tickets(struct hs *hs)
{
    const bool are_sealed = hs->config->ticket_keys != NULL || hs->config->session_store != NULL ||
                            (hs->config->external_ops & HF_OP_BIT(HF_OP_TICKET_SEAL)) != 0;
    hs->s.tickets_left = are_sealed && hs->s.takes_tickets ? hs->config->tickets : 0;
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

/* What the op is given lies in one piece of the arena: the state, then room for the ticket. */
static hf_status ask_seal(struct hs *hs)
{
    uint8_t *const written = server13_written_session(hs);
    if (hs->s.ticket == NULL) {
        hs->s.ticket = hs_alloc(hs, TICKET_MAX);
    }
    if (hs->s.ticket == NULL || written == NULL) {
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
    hs->op.u.ticket_seal.state = span_of(written, len);
    hs->op.u.ticket_seal.now_ms = hs->now_ms;
    hs->op.u.ticket_seal.lifetime_s = lifetime_s;
    hs->op.u.ticket_seal.ticket = hs->s.ticket;
    hs->op.u.ticket_seal.capacity = TICKET_MAX;
    hs->op.u.ticket_seal.ticket_len = 0;
    return hs_ask(hs, HF_OP_TICKET_SEAL, HS_S13_TICKET_SEAL_WAIT);
}

static hf_status describe_session(struct hs *hs, struct session_state *out)
{
    const struct hs_result *r = hs->result;
    *out = (struct session_state){
        .version = r->version,
        .cipher_suite = r->suite.id,
        .flags = r->client_certificate ? SESSION_PEER_PROVEN : 0,
        .issued_ms = hs->now_ms,
        .lifetime_s = hs->config->ticket_lifetime_s,
        .max_early_data = hs->config->max_early_data,
        .server_name = span_str(r->server_name),
        .alpn = r->alpn,
    };
    uint8_t age_add[4];
    TRY(hs_random(hs, age_add, sizeof age_add));
    out->age_add = (uint32_t)age_add[0] << 24 | (uint32_t)age_add[1] << 16 |
                   (uint32_t)age_add[2] << 8 | age_add[3];
    hs->s.session->age_add = out->age_add;
    ticket_key(r->suite.hash, &hs->result->resumption->secret, span_of(&hs->s.tickets_sent, 1),
               hs->tr, &out->secret);
    if (r->client_certificate) {
        out->proof = r->resumption->proof;
    }
    session_state_limit(out);
    return HF_OK;
}

hf_status server13_send_ticket(struct hs *hs)
{
    TRY(hs_answer(hs));
    const size_t len = hs->op.u.ticket_seal.ticket_len;
    if (len > TICKET_MAX) {
        return err_raise(hs->error, HF_E_API_MISUSE, "a ticket of %zu bytes in room for %d", len,
                         TICKET_MAX);
    }
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
