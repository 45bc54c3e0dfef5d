/* The driver: the one place that knows what waiting means.
 *
 * It refuses messages that a state does not accept, so that no step has to; it runs a step only
 * when what its row waits for is there; and it names the state in every error.
 */
#include <assert.h>

#include "base/status.h"
#include "hs/hs.h"
#include "hs/op.h"
#include "wire/iana.h"

static void release_held(struct hs *hs)
{
    if (hs->held) {
        hs->held = false;
        inbox_drop(hs->in, &hs->msg);
    }
}

/* Makes the next message the present one, if the state accepts it. */
static hf_status take_message(struct hs *hs, const struct hs_row *row)
{
    release_held(hs);
    TRY(inbox_next(hs->in, hs->config->limits.handshake_message, hs->error, &hs->msg));
    if (hs->msg.type >= 32 || (row->accepts & (UINT32_C(1) << hs->msg.type)) == 0) {
        return message_refuse(&hs->msg, row->name, hs->error);
    }
    hs->held = true;
    TRACE(hs->tr, HF_EV_MESSAGE, message, .direction = HF_RECEIVED, .level = hs->read_level,
          .type = hs->msg.type, .name = iana_handshake_title(hs->msg.type), .bytes = hs->msg.raw,
          .offset = hs->in->total);
    return HF_OK;
}

/* Waits until ChangeCipherSpec has come; whatever message is there has overtaken it. */
static hf_status take_ccs(struct hs *hs)
{
    release_held(hs);
    if (!inbox_is_empty(hs->in)) {
        return err_raise(hs->error, HF_E_CCS_MISSING, "%s",
                         iana_handshake_title(hs->in->buf[hs->in->start]));
    }
    if (!hs->ccs_waits) {
        return HF_NEED_INPUT;
    }
    hs->ccs_waits = false;
    return HF_OK;
}

hf_status hs_change_cipher_spec(struct hs *hs)
{
    if (hs_rows[hs->state].stop != STOP_CCS || hs->ccs_taken) {
        return err_raise(hs->error, hs->ccs_taken ? HF_E_CCS_TWICE : HF_E_CCS_EARLY, "in state %s",
                         hs_rows[hs->state].name);
    }
    hs->ccs_waits = hs->ccs_taken = true;
    return HF_OK;
}

static hf_status step(struct hs *hs)
{
    const struct hs_row *row = &hs_rows[hs->state];
    switch (row->stop) {
    case STOP_MSG:
        TRY(take_message(hs, row));
        break;
    case STOP_OP:
        if (!hs->op.finished) {
            return HF_NEED_OP;
        }
        break;
    case STOP_CCS:
        TRY(take_ccs(hs));
        break;
    case STOP_NO:
    case STOP_END:
        break;
    }
    return row->step(hs);
}

hf_status hs_drive(struct hs *hs)
{
    while (hs->state != HS_CONNECTED) {
        hf_status s = step(hs);
        if (s == HF_FAILED && hs->error->state == NULL) {
            hs->error->state = hs_rows[hs->state].name;
        }
        if (s != HF_OK) {
            return s;
        }
    }
    release_held(hs);
    return HF_OK;
}

void hs_go(struct hs *hs, enum hs_state next)
{
    assert(hs_may_go(hs->state, next));
    TRACE(hs->tr, HF_EV_STATE, state, .from = hs_rows[hs->state].name, .to = hs_rows[next].name);
    hs->state = next;
}

hf_status hs_ask(struct hs *hs, hf_op_kind kind, enum hs_state wait)
{
    hs->op.kind = kind;
    hs->op.finished = false;
    hs->op.status = HF_OK;
    hs->op.error.code = HF_E_NONE;
    hs->op.config = hs->config;
    hs_go(hs, wait);
    TRACE(hs->tr, HF_EV_OP, op, .kind = (int)kind, .name = hf_op_name(kind), .answered = false);
    if ((hs->config->external_ops & HF_OP_BIT(kind)) == 0) {
        op_run(&hs->op, &(struct op_context){hs->tr, hs_pool_random, hs});
    }
    return HF_OK;
}

hf_status hs_answer(struct hs *hs)
{
    hf_op *op = &hs->op;
    TRACE(hs->tr, HF_EV_OP, op, .kind = (int)op->kind, .name = hf_op_name(op->kind),
          .answered = true);
    hf_op_kind kind = op->kind;
    if (op->status != HF_OK) {
        op_discard(op);
    }
    op->kind = HF_OP_NONE;
    if (op->status == HF_OK) {
        return HF_OK;
    }
    if (op->error.code != HF_E_NONE) {
        hf_error *e = hs->error;
        if (e->code == HF_E_NONE) {
            *e = op->error;
            /* Zero is close_notify, with which nobody refuses: the alert was left open. */
            if (e->code != HF_E_OP_ALERT || e->alert == HF_ALERT_close_notify) {
                e->alert = hf_err_lookup(e->code)->alert;
            }
        }
        return HF_FAILED;
    }
    return err_raise(hs->error, HF_E_OP_REFUSED, "operation %s", hf_op_name(kind));
}
