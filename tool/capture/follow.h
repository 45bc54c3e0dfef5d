/* One captured connection, followed as its two ends saw it: records, messages, and with a key log
 * what was inside them. What is seen goes to a recorder as the events that an engine would have
 * made, so a capture gives the same recording. */
#ifndef CAPTURE_FOLLOW_H
#define CAPTURE_FOLLOW_H

#include "capture/keylog_read.h"
#include "capture/streams.h"
#include "cli/trouble.h"
#include "recording/recorder.h"

/* What opens it. */
struct follow_keys {
    const char *keylog_name; /* NULL: there is none */
    const struct keylog_set *keylog;
    /* RSA decryption with the server's key, for key transport of TLS 1.2; NULL: there is none.
     * Fills out with the 48 bytes of the premaster secret. */
    bool (*rsa_decrypt)(void *ctx, hf_span encrypted, uint8_t out[48]);
    void *rsa_ctx;
};

/* Follows it to its end. Returns 0 or the exit code of *trouble: bytes are missing, the key log has
 * nothing on it, or something does not open. */
int follow_stream(const struct stream *stream, const struct follow_keys *keys,
                  struct recorder *recorder, struct trouble *trouble);

#endif
