/* Authentication of the client after the handshake (RFC 9846, 4.7.2): a short handshake over the
 * kept transcript. */
#include "base/status.h"
#include "hs/hs.h"

static struct hs *over_kept_transcript(const struct hs_args *args, enum hs_state state)
{
    struct hs *hs = hs_new(args);
    if (hs != NULL) {
        hs->post = true;
        /* Bytes of a later message may stand behind this handshake's: they must outlive it. */
        hs->in->spare = NULL;
        hs->write_level = hs->read_level = HF_LEVEL_APPLICATION;
        hs->transcript = *args->result->post_transcript;
        hs->state = state;
    }
    return hs;
}

struct hs *hs_new_post_client(const struct hs_args *args)
{
    return over_kept_transcript(args, HS_C13_READ_POST_REQUEST);
}

struct hs *hs_new_post_server(const struct hs_args *args)
{
    struct hs *hs = over_kept_transcript(args, HS_S13_SEND_CERTIFICATE_REQUEST);
    if (hs != NULL) {
        hs->s.context_len = sizeof hs->s.context;
        if (hs_random(hs, hs->s.context, sizeof hs->s.context) != HF_OK) {
            hs_free(hs);
            return NULL;
        }
    }
    return hs;
}
