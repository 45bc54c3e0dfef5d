/* The five bytes before every fragment: RFC 9846, 5.1 and 5.2. */
#include "record/record.h"

#include "base/status.h"
#include "record/record_int.h"

static bool is_known_type(uint8_t type);
static hf_status refuse_type(hf_span in, bool first, hf_error *error);
static hf_status check_version(hf_span in, bool first, hf_error *error);
static hf_status check_len(const struct rec_header *h, bool is_sealed, size_t max_plain,
                           hf_error *error);
static hf_status not_tls(hf_span in, hf_error *error);

hf_status rec_read_header(hf_span in, bool is_protected, bool first, size_t max_plain,
                          hf_error *error, struct rec_header *out)
{
    if (in.len < REC_HEADER_LEN) {
        return HF_NEED_INPUT;
    }
    const struct rec_header h = {
        .type = in.data[0],
        .version = (uint16_t)(in.data[1] << 8 | in.data[2]),
        .len = (size_t)in.data[3] << 8 | in.data[4],
    };
    if (!is_known_type(h.type)) {
        return refuse_type(in, first, error);
    }
    /* RFC 9846, 5.2: what is protected is application_data from outside; anything else is plain. */
    const bool is_sealed = is_protected && h.type == REC_APPLICATION_DATA;
    TRY(check_version(in, first, error));
    TRY(check_len(&h, is_sealed, max_plain, error));
    *out = h;
    return HF_OK;
}

static bool is_known_type(uint8_t type)
{
    return type >= REC_CHANGE_CIPHER_SPEC && type <= REC_APPLICATION_DATA;
}

static hf_status refuse_type(hf_span in, bool first, hf_error *error)
{
    if (first) {
        return not_tls(in, error);
    }
    char excerpt[80];
    rec_excerpt(in, excerpt, sizeof excerpt);
    return err_raise(error, HF_E_RECORD_TYPE_UNKNOWN, "content type %u; the bytes are %s: %s",
                     in.data[0], rec_looks_like(in), excerpt);
}

/* RFC 9846, 5.1: legacy_record_version is to be ignored. Of the very first record we still want
 * the major version that all of SSL 3.0 to TLS 1.3 share: nothing else in it proves that this is
 * TLS at all. Later ones are ignored; under protection the version is a part of the additional
 * data, so a changed one does not open. */
static hf_status check_version(hf_span in, bool first, hf_error *error)
{
    if (!first || in.data[1] == 3) {
        return HF_OK;
    }
    if (in.data[1] == 0xfe) {
        return not_tls(in, error); /* DTLS */
    }
    return err_raise(error, HF_E_RECORD_VERSION, "content type %u with version 0x%02x%02x",
                     in.data[0], in.data[1], in.data[2]);
}

static hf_status check_len(const struct rec_header *h, bool is_sealed, size_t max_plain,
                           hf_error *error)
{
    /* RFC 9846, 5.2: protection may add 256 bytes; whether the plaintext keeps the limit is seen
     * once it is open. */
    const size_t most = is_sealed ? max_plain + (REC_MAX_CIPHER - REC_MAX_PLAIN) : REC_MAX_PLAIN;
    if (h->len > most) {
        return err_raise(error, HF_E_RECORD_TOO_LONG,
                         "%zu bytes in a %s record; at most %zu are allowed", h->len,
                         is_sealed ? "protected" : "plain", most);
    }
    /* RFC 9846, 5.1: only application data may be empty. */
    if (h->len == 0 && h->type != REC_APPLICATION_DATA) {
        return err_raise(error, HF_E_RECORD_EMPTY, "content type %u", h->type);
    }
    return HF_OK;
}

static hf_status not_tls(hf_span in, hf_error *error)
{
    char excerpt[96];
    rec_excerpt(in, excerpt, sizeof excerpt);
    return err_raise(error, HF_E_RECORD_NOT_TLS, "the first bytes are %s: %s", rec_looks_like(in),
                     excerpt);
}
