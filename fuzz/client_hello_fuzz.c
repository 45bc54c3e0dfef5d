/* The body of a ClientHello: its view, the extensions that a server reads out of it, and the
 * digest of what a second one must repeat. First byte: whether this is the second. */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "conn/conn.h"
#include "hs/ext/extensions.h"
#include "hs/hello/hello.h"
#include "support/end.h"

static bool is_inside(hf_span part, hf_span whole)
{
    return part.len == 0 || (part.data >= whole.data && part.len <= whole.len &&
                             part.data - whole.data <= (ptrdiff_t)(whole.len - part.len));
}

static void check_offer(const struct hs_offer *o, hf_span body)
{
    const hf_span spans[] = {o->server_name,  o->versions,        o->groups,      o->schemes,
                             o->cert_schemes, o->shares,          o->alpn,        o->psk_modes,
                             o->cookie,       o->psk_identities,  o->psk_binders, o->compression,
                             o->hello.random, o->hello.extensions};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        END_CHECK(is_inside(spans[i], body));
    }
    END_CHECK(o->hello.random.len == MSG_RANDOM_LEN &&
              o->hello.legacy_session_id.len <= MSG_SESSION_ID_MAX);
    END_CHECK(o->hello.cipher_suites.len >= 2 && o->hello.cipher_suites.len % 2 == 0);
    END_CHECK(o->groups.len % 2 == 0 && o->schemes.len % 2 == 0 && o->versions.len % 2 == 0);
    END_CHECK(!o->has_psk || o->hello.ext.last_code == EXT_CODE_pre_shared_key);
    END_CHECK(!o->has_psk || o->binders_at < MSG_HEADER_LEN + body.len);
}

static void read_offers(struct hs *hs, hf_span message)
{
    uint8_t digest[32];
    struct hs_offer *offer = &hs->s.offer;
    const hf_span body = span_of(message.data + MSG_HEADER_LEN, message.len - MSG_HEADER_LEN);
    hs->msg = (struct message){MSG_CLIENT_HELLO, message, body};
    if (client_hello_parse(body, hs->error, &offer->hello) != HF_OK ||
        ext_read_offers(hs, offer) != HF_OK) {
        END_CHECK(hs->error->code != HF_E_NONE);
        return;
    }
    END_CHECK(hs->error->code == HF_E_NONE);
    check_offer(offer, body);
    hello_fixed_digest(hs->config->provider, &offer->hello, digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    hf_config *config = end_config(HF_SERVER, 0);
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
    uint8_t *message = malloc(size - 1 + MSG_HEADER_LEN);
    END_CHECK(hs != NULL && message != NULL);
    memset(message, 0, MSG_HEADER_LEN);
    memcpy(message + MSG_HEADER_LEN, data + 1, size - 1);
    result.retried = data[0] % 2 != 0;
    read_offers(hs, span_of(message, size - 1 + MSG_HEADER_LEN));
    free(message);
    hs_free(hs);
    hs_result_clear(&result);
    hf_config_free(config);
    return 0;
}
