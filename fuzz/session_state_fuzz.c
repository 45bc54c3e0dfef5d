/* Any bytes as the state of a session, and as an exported session: what is read is written again,
 * byte by byte the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "session/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session_state state;
    if (session_state_read(span_of(data, size), &state)) {
        uint8_t again[SESSION_STATE_MAX];
        if (session_state_write(&state, again) != size || memcmp(again, data, size) != 0) {
            abort();
        }
    } else if (state.version != 0 || state.secret.len != 0) {
        abort();
    }
    hf_session *session = hf_session_import(span_of(data, size));
    if (session != NULL) {
        static uint8_t again[HF_SESSION_EXPORT_MAX];
        hf_buf out = {again, sizeof again, 0};
        if (hf_session_export(session, &out) != HF_OK || out.pos != size ||
            memcmp(again, data, size) != 0) {
            abort();
        }
    }
    hf_session_free(session);
    return 0;
}
