/* record_size_limit, RFC 8449. */
#include "base/status.h"
#include "hs/ext/extensions.h"

/* RFC 8449, 4: 2^14 bytes, and in TLS 1.3 the content type. */
enum { LIMIT_MIN = 64, LIMIT_MAX12 = 16384, LIMIT_MAX = 16385 };

bool ext_record_size_limit_offer(struct hs *hs, struct wr *w)
{
    if (hs->config->record_size_limit == 0) {
        return false;
    }
    wr_u16(w, hs->config->record_size_limit);
    return true;
}

static hf_status take(struct hs *hs, hf_span body, uint16_t most)
{
    struct rd r = rd_of(body);
    uint16_t limit = rd_u16(&r);
    if (!rd_done(&r)) {
        return ext_malformed(hs, EXT_record_size_limit);
    }
    if (limit < LIMIT_MIN || limit > most) {
        return err_raise(hs->error, HF_E_RECORD_SIZE_LIMIT_INVALID, "%u", (unsigned)limit);
    }
    hs->result->peer_record_size_limit = limit > LIMIT_MAX ? LIMIT_MAX : limit;
    return HF_OK;
}

hf_status ext_record_size_limit_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    (void)out;
    /* RFC 8449, 4: a server must not refuse a client's larger value. */
    return take(hs, body, UINT16_MAX);
}

bool ext_record_size_limit_answer(struct hs *hs, struct wr *w)
{
    if (hs->result->peer_record_size_limit == 0) {
        return false;
    }
    wr_u16(w, hs->config->record_size_limit == 0 ? LIMIT_MAX : hs->config->record_size_limit);
    return true;
}

hf_status ext_record_size_limit_answered(struct hs *hs, hf_span body)
{
    return take(hs, body, LIMIT_MAX);
}

bool ext_record_size_limit_answer12(struct hs *hs, struct wr *w)
{
    const uint16_t ours = hs->config->record_size_limit;
    wr_u16(w, ours == 0 || ours > LIMIT_MAX12 ? LIMIT_MAX12 : ours);
    return hs->result->peer_record_size_limit != 0;
}

hf_status ext_record_size_limit_answered12(struct hs *hs, hf_span body)
{
    return take(hs, body, LIMIT_MAX12);
}
