#include "libcrypto/der.h"

/* Definite lengths of up to three bytes: 16 MiB is far beyond any key. */
enum { LENGTH_BYTES_MAX = 3 };

static bool take_length(hf_span *in, size_t *len);

bool der_take(hf_span *in, uint8_t tag, hf_span *body)
{
    if (!der_next_is(*in, tag)) {
        return false;
    }
    hf_span rest = {in->data + 1, in->len - 1};
    size_t len = 0;
    if (!take_length(&rest, &len) || len > rest.len) {
        return false;
    }
    *body = (hf_span){rest.data, len};
    *in = (hf_span){rest.data + len, rest.len - len};
    return true;
}

bool der_next_is(hf_span in, uint8_t tag)
{
    return in.len > 0 && in.data[0] == tag;
}

bool der_take_unsigned(hf_span *in, hf_span *magnitude)
{
    hf_span rest = *in;
    hf_span body = {NULL, 0};
    if (!der_take(&rest, DER_INTEGER, &body) || body.len == 0 || (body.data[0] & 0x80) != 0) {
        return false;
    }
    if (body.data[0] == 0) {
        /* A zero byte is there only to keep the sign (X.690, 8.3.2), or it is the number zero. */
        if (body.len > 1 && (body.data[1] & 0x80) == 0) {
            return false;
        }
        body = (hf_span){body.data + 1, body.len - 1};
    }
    *magnitude = body;
    *in = rest;
    return true;
}

bool der_take_small(hf_span *in, uint8_t *value)
{
    hf_span rest = *in;
    hf_span magnitude = {NULL, 0};
    if (!der_take_unsigned(&rest, &magnitude) || magnitude.len > 1) {
        return false;
    }
    *value = magnitude.len == 0 ? 0 : magnitude.data[0];
    *in = rest;
    return true;
}

bool der_take_bytes(hf_span *in, hf_span *bytes)
{
    hf_span rest = *in;
    hf_span body = {NULL, 0};
    if (!der_take(&rest, DER_BIT_STRING, &body) || body.len == 0 || body.data[0] != 0) {
        return false; /* the first byte counts unused bits */
    }
    *bytes = (hf_span){body.data + 1, body.len - 1};
    *in = rest;
    return true;
}

bool der_take_algorithm(hf_span *in, hf_span *oid, hf_span *parameters)
{
    hf_span rest = *in;
    hf_span body = {NULL, 0};
    if (!der_take(&rest, DER_SEQUENCE, &body) || !der_take(&body, DER_OID, oid)) {
        return false;
    }
    *parameters = body;
    *in = rest;
    return true;
}

static bool take_length(hf_span *in, size_t *len)
{
    if (in->len == 0) {
        return false;
    }
    const uint8_t first = in->data[0];
    *in = (hf_span){in->data + 1, in->len - 1};
    if (first < 0x80) {
        *len = first;
        return true;
    }
    const size_t count = first & 0x7fU;
    if (count == 0 || count > LENGTH_BYTES_MAX || count > in->len || in->data[0] == 0) {
        return false; /* indefinite, absurd, cut off, or not minimal */
    }
    size_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value = value << 8 | in->data[i];
    }
    if (value < 0x80) {
        return false;
    }
    *in = (hf_span){in->data + count, in->len - count};
    *len = value;
    return true;
}
