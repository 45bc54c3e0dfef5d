/* Captures from anywhere: packets, TCP and TLS in them are somebody else's. The first byte says how
 * long a key log stands before the capture. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/follow.h"
#include "capture/packets.h"
#include "recording/write.h"

const char *tool_name = "handfast";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct streams streams = {0};
    struct packets seen;
    struct trouble trouble = {0};
    struct keylog_set keylog = {0};
    const size_t log_len = size == 0 ? 0 : (size_t)data[0] * 4;
    if (size < log_len + 25) {
        return 0;
    }
    FILE *file = fmemopen((void *)(uintptr_t)(data + 1 + log_len), size - 1 - log_len, "rb");
    if (file == NULL || !keylog_parse((hf_span){data + 1, log_len}, &keylog) ||
        packets_read("input", file, &streams, &seen, &trouble) != 0) {
        keylog_set_free(&keylog);
        streams_free(&streams);
        return 0;
    }
    streams_settle(&streams);
    const struct follow_keys keys = {.keylog_name = "log", .keylog = log_len > 0 ? &keylog : NULL};
    for (size_t i = 0; i < streams.count && i < 4; i++) {
        struct recorder recorder;
        struct text out = {0};
        trouble = (struct trouble){0};
        recorder_init(&recorder, RECORDING_PCAP, true);
        (void)follow_stream(streams.all[i], &keys, &recorder, &trouble);
        recording_write(&recorder.recording, &out);
        text_free(&out);
        recorder_free(&recorder);
    }
    keylog_set_free(&keylog);
    streams_free(&streams);
    return 0;
}
