/* Recordings from anywhere: what the reader lets pass can be told in every way. */
#include <stdint.h>
#include <stdlib.h>

#include "recording/read.h"
#include "recording/tell.h"

const char *tool_name = "handfast";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct style style = {.colour = true, .utf8 = true, .width = 80};
    struct trouble trouble = {0};
    struct text out = {0};
    json_t *root = NULL;
    if (recording_parse("input", (hf_span){data, size}, &root, &trouble) != 0) {
        return 0;
    }
    const struct teller t = {root, &style, &out};
    tell_overview(&t);
    for (size_t i = 0; i < json_array_size(json_object_get(root, "messages")); i++) {
        tell_message(&t, i);
        tell_bytes(&t, i);
    }
    tell_keys(&t);
    tell_why(&t);
    text_free(&out);
    json_decref(root);
    return 0;
}
