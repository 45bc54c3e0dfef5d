/* A configuration out of lines, as command lines and programs give it: the first byte of a line
 * says which setting, the rest is its text. What is refused is said and changes nothing; what is
 * taken and can be frozen makes a connection that says its first flight.
 *
 * The first byte of the input is the role.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "support/end.h"
#include "support/trusting.h"

typedef hf_status set_text(hf_config *config, const char *text);

static set_text *const texts[] = {
    hf_config_set_ciphers,
    hf_config_set_groups,
    hf_config_set_key_shares,
    hf_config_set_signature_algorithms,
    hf_config_set_signature_algorithms_cert,
    hf_config_set_alpn,
    hf_config_set_certificate_compression,
    hf_config_set_psk_modes,
};

enum { TEXTS = sizeof texts / sizeof texts[0] };

static hf_status add_psk(hf_config *config, uint8_t how, const char *text)
{
    const size_t len = strlen(text);
    const hf_span identity = span_of(text, len / 2);
    const hf_span rest = span_of(text + len / 2, len - len / 2);
    const unsigned hash_bits = (how & 1) != 0 ? 384 : 256;
    return (how & 2) != 0
               ? hf_config_add_raw_psk(config, identity, rest, hash_bits)
               : hf_config_add_psk(config, identity, span_of(text, len / 4), rest, hash_bits);
}

static hf_status apply(hf_config *config, uint8_t which, const char *text)
{
    const uint8_t first = (uint8_t)text[0];
    const unsigned at = which % (TEXTS + 8U);
    if (at < TEXTS) {
        return texts[at](config, text);
    }
    switch (at - TEXTS) {
    case 0:
        return hf_config_set_versions(config, first % 2 != 0 ? HF_TLS12 : HF_TLS13,
                                      first % 4 > 1 ? HF_TLS12 : HF_TLS13);
    case 1:
        return hf_config_set_record_size_limit(config, (uint16_t)(first * 3));
    case 2:
        return hf_config_set_padding(config, (uint16_t)(first * 5));
    case 3:
        return hf_config_set_grease(config, first % 2 != 0);
    case 4:
        return hf_config_set_psk_modes(config, "psk_ke");
    case 5:
        return hf_config_set_require_ems(config, first % 2 != 0);
    case 6:
        return hf_config_set_fallback(config, first % 2 != 0);
    default:
        return add_psk(config, first, text);
    }
}

static void connect(hf_config *config, bool is_client)
{
    static uint8_t room[1 << 16];
    const hf_conn_params params = {.size = sizeof params,
                                   .now_ms = INT64_C(1800000000000),
                                   .server_name = is_client ? "server.example" : NULL};
    hf_conn *conn = NULL;
    hf_buf out = {room, sizeof room, 0};
    END_CHECK(hf_conn_new(config, &params, &conn) == HF_OK);
    END_CHECK(hf_conn_drive(conn) != HF_FAILED);
    END_CHECK(hf_conn_flush(conn, &out) == HF_OK && (out.pos > 0) == is_client);
    hf_conn_free(conn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t seed = 1;
    char text[512];
    if (size < 1) {
        return 0;
    }
    const bool is_client = data[0] % 2 != 0;
    hf_config *config = hf_config_new(is_client ? HF_CLIENT : HF_SERVER, NULL);
    END_CHECK(config != NULL);
    END_CHECK(hf_config_set_random(config, trusting_random, &seed) == HF_OK);
    END_CHECK(hf_config_set_verify(config, HF_VERIFY_NONE) == HF_OK);
    for (size_t at = 1; at < size;) {
        const uint8_t *const line = data + at;
        const uint8_t *const end = memchr(line, '\n', size - at);
        const size_t len = end == NULL ? size - at : (size_t)(end - line);
        at += len + 1;
        if (len < 1 || len > sizeof text) {
            continue;
        }
        memcpy(text, line + 1, len - 1);
        text[len - 1] = '\0';
        const hf_status status = apply(config, line[0], text);
        const hf_error *error = hf_config_error(config);
        END_CHECK(status == HF_OK || (status == HF_FAILED && error->code != HF_E_NONE));
        END_CHECK(status == HF_OK || memchr(error->detail, '\0', sizeof error->detail) != NULL);
    }
    if (hf_config_freeze(config) == HF_OK) {
        connect(config, is_client);
    } else {
        END_CHECK(hf_config_error(config)->code != HF_E_NONE);
    }
    hf_config_free(config);
    return 0;
}
