/* ec_point_formats, RFC 8422, 5.1.2: a relic, of which only the uncompressed form is left. */
#include <string.h>

#include "base/span.h"
#include "base/status.h"
#include "hs/ext/extensions.h"

enum { UNCOMPRESSED = 0 };

static bool write_formats(struct wr *w)
{
    wr_u8(w, 1);
    wr_u8(w, UNCOMPRESSED);
    return true;
}

bool ext_point_formats_offer(struct hs *hs, struct wr *w)
{
    (void)hs;
    return write_formats(w);
}

static hf_status parse(struct hs *hs, hf_span body, hf_span *formats)
{
    struct rd r = rd_of(body);
    *formats = rd_vec8(&r, 1, 0xff);
    return rd_done(&r) ? HF_OK : ext_malformed(hs, EXT_ec_point_formats);
}

hf_status ext_point_formats_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    return parse(hs, body, &out->point_formats);
}

hf_status ext_point_formats_judge(struct hs *hs, hf_span formats)
{
    if (formats.len > 0 && memchr(formats.data, UNCOMPRESSED, formats.len) == NULL) {
        return err_raise(hs->error, HF_E_POINT_FORMATS, NULL);
    }
    return HF_OK;
}

bool ext_point_formats_answer12(struct hs *hs, struct wr *w)
{
    /* RFC 8422, 5.2: with a suite of elliptic curves, to a client that sent it. */
    return hs->s.offer.point_formats.len > 0 && hs->result->suite.exchange == SUITE_ECDHE &&
           write_formats(w);
}

hf_status ext_point_formats_answered12(struct hs *hs, hf_span body)
{
    hf_span formats = {NULL, 0};
    TRY(parse(hs, body, &formats));
    return ext_point_formats_judge(hs, formats);
}
