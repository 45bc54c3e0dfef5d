/* A block of extensions in any message (first byte), and the bodies that our side reads out of
 * answers and requests: as in EncryptedExtensions, CertificateRequest and CertificateEntry. */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "conn/conn.h"
#include "hs/client13/request.h"
#include "hs/ext/extensions.h"
#include "support/end.h"

enum { WHERE_COUNT = 7 };

/* What the client makes of the answers and of a request; bodies are read only where the view
 * allows them. */
static void read_as_client(struct hs *hs, enum ext_where where, const struct ext_view *view,
                           hf_span block)
{
    hf_span body;
    hs->c.offered = view->present;
    if (where == EXT_EE && view->unknown_count == 0) {
        (void)ext_read_answers(hs, view);
    }
    if (where == EXT_CT && ext_has(view, EXT_status_request)) {
        (void)ext_status_request_staple(hs, view->body[EXT_status_request], &body);
    }
    if (where == EXT_CR) {
        uint8_t *message = malloc(block.len + 3);
        END_CHECK(message != NULL);
        message[0] = 0;
        message[1] = (uint8_t)(block.len >> 8);
        message[2] = (uint8_t)block.len;
        memcpy(message + 3, block.data, block.len);
        hs->msg.body = span_of(message, block.len + 3);
        (void)request_read(hs);
        free(message);
    }
}

static void check_view(const struct ext_view *view, enum ext_where where, hf_span block)
{
    size_t sum = 0;
    for (size_t i = 0; i < EXT_COUNT; i++) {
        if (ext_has(view, (enum ext_index)i)) {
            const hf_span body = view->body[i];
            END_CHECK(body.data >= block.data && body.data + body.len <= block.data + block.len);
            sum += 4 + body.len;
        }
    }
    END_CHECK(sum + 4 * view->unknown_count <= block.len);
    /* The same block twice is refused, unless it is empty. */
    uint8_t *twice = malloc(2 * block.len + 1);
    hf_error error = {0};
    struct ext_view ignored;
    END_CHECK(twice != NULL);
    memcpy(twice, block.data, block.len);
    memcpy(twice + block.len, block.data, block.len);
    END_CHECK(block.len == 0 ||
              (ext_parse(span_of(twice, 2 * block.len), where, &error, &ignored) == HF_FAILED &&
               (error.code == HF_E_DUPLICATE_EXTENSION || error.code == HF_E_DECODE)));
    free(twice);
}

static void read_all(enum ext_where where, const struct ext_view *view, hf_span block)
{
    hf_config *config = end_config(HF_CLIENT, END_ALPN | END_RECORD_LIMIT | END_COMPRESS);
    struct hs_result result = {0};
    struct inbox in = {0};
    struct tracer tr = {0};
    hf_error error = {0};
    const struct hs_args args = {.config = config,
                                 .sink = &conn_sink,
                                 .error = &error,
                                 .tr = &tr,
                                 .in = &in,
                                 .result = &result};
    struct hs *hs = hs_new(&args);
    END_CHECK(hs != NULL);
    read_as_client(hs, where, view, block);
    hs_free(hs);
    hs_result_clear(&result);
    hf_config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 0x10000) {
        return 0;
    }
    const enum ext_where where = (enum ext_where)(1 << data[0] % WHERE_COUNT);
    const hf_span block = span_of(data + 1, size - 1);
    hf_error error = {0};
    struct ext_view view;
    const hf_status s = ext_parse(block, where, &error, &view);
    END_CHECK((s == HF_OK) == (error.code == HF_E_NONE));
    if (s == HF_OK) {
        check_view(&view, where, block);
        read_all(where, &view, block);
    }
    return 0;
}
