/* Handshake messages out of fragments of any size. Input: a limit (2 bytes), then fragments:
 * length (1 byte), bytes. What comes out must be what went in, cut by the lengths in the
 * messages' headers. */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "hs/inbox.h"
#include "support/end.h"

/* Everything that went in, and how much of it came out again. */
struct stream {
    uint8_t *bytes;
    size_t len, taken;
};

/* Takes all whole messages; false: the inbox has failed. */
static bool take_messages(struct inbox *in, size_t limit, struct stream *stream)
{
    hf_error error = {0};
    struct message m;
    hf_status s = inbox_next(in, limit, &error, &m);
    for (; s == HF_OK; s = inbox_next(in, limit, &error, &m)) {
        END_CHECK(m.raw.len == MSG_HEADER_LEN + m.body.len && m.body.len <= limit);
        END_CHECK(m.raw.len <= stream->len - stream->taken);
        END_CHECK(memcmp(m.raw.data, stream->bytes + stream->taken, m.raw.len) == 0);
        END_CHECK(m.type == m.raw.data[0] && in->total == stream->taken);
        stream->taken += m.raw.len;
        inbox_drop(in, &m);
    }
    END_CHECK(s != HF_FAILED || error.code == HF_E_MESSAGE_TOO_LONG);
    END_CHECK(inbox_is_empty(in) == (stream->taken == stream->len));
    return s == HF_NEED_INPUT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const size_t limit = (size_t)(data[0] << 8 | data[1]);
    struct inbox in = {0};
    struct stream stream = {.bytes = malloc(size)};
    END_CHECK(stream.bytes != NULL);
    bool is_well = true;
    for (size_t at = 2; at < size && is_well;) {
        size_t len = data[at++];
        len = len < size - at ? len : size - at;
        if (len == 0) {
            continue; /* empty fragments do not come this far */
        }
        hf_error error = {0};
        memcpy(stream.bytes + stream.len, data + at, len);
        stream.len += len;
        at += len;
        is_well =
            inbox_add(&in, span_of(stream.bytes + stream.len - len, len), limit, &error) == HF_OK;
        END_CHECK(is_well || error.code == HF_E_MESSAGE_TOO_LONG);
        is_well = is_well && take_messages(&in, limit, &stream);
    }
    inbox_clear(&in);
    free(stream.bytes);
    return 0;
}
