/* The names of code points, for those outside. */
#include <handfast/inspect.h>

#include "wire/iana.h"

const char *hf_code_name(hf_code_list list, unsigned code)
{
    const uint16_t two = (uint16_t)code;
    const uint8_t one = (uint8_t)code;
    if (code > UINT16_MAX) {
        return "unknown";
    }
    switch (list) {
    case HF_CODES_CIPHER_SUITE:
        return iana_suite_name(two);
    case HF_CODES_GROUP:
        return iana_group_name(two);
    case HF_CODES_SIGNATURE_SCHEME:
        return iana_scheme_name(two);
    case HF_CODES_EXTENSION:
        return iana_extension_name(two);
    case HF_CODES_CERTIFICATE_COMPRESSION:
        return iana_compression_name(two);
    case HF_CODES_VERSION:
        return iana_version_name(two);
    case HF_CODES_HANDSHAKE:
        return iana_handshake_name(one);
    case HF_CODES_HANDSHAKE_TITLE:
        return iana_handshake_title(one);
    case HF_CODES_CONTENT:
        return iana_content_name(one);
    case HF_CODES_PSK_MODE:
        return iana_psk_mode_name(one);
    case HF_CODES_CERTIFICATE_TYPE:
        return iana_certificate_type_name(one);
    }
    return "unknown";
}

bool hf_code_is_grease(unsigned code)
{
    return code <= UINT16_MAX && iana_is_grease((uint16_t)code);
}
