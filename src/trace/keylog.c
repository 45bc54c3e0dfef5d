/* The key log of RFC 9850: what lets another program, such as Wireshark, look into a captured
 * connection. */
#include <handfast/trace.h>

#include <stdio.h>

static size_t put_hex(char *out, hf_span bytes);

size_t hf_keylog_line(const hf_event *event, char *out, size_t cap)
{
    if (event->kind != HF_EV_SECRET) {
        return 0;
    }
    const hf_span client_random = event->u.secret.client_random;
    const hf_span secret = event->u.secret.secret;
    const int label_len = snprintf(out, cap, "%s ", event->u.secret.label);
    if (label_len < 0) {
        return 0;
    }
    const size_t len = (size_t)label_len + 2 * client_random.len + 1 + 2 * secret.len + 1;
    if (len >= cap) {
        if (cap > 0) {
            out[0] = '\0';
        }
        return 0;
    }
    size_t at = (size_t)label_len;
    at += put_hex(out + at, client_random);
    out[at++] = ' ';
    at += put_hex(out + at, secret);
    out[at++] = '\n';
    out[at] = '\0';
    return at;
}

static size_t put_hex(char *out, hf_span bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        out[2 * i] = digits[bytes.data[i] >> 4];
        out[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    return 2 * bytes.len;
}
