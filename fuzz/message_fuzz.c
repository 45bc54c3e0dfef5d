/* The views of all handshake messages but ClientHello: first byte the message's type, the rest
 * its body. */
#include "base/span.h"
#include "support/end.h"
#include "wire/message.h"
#include "wire/message12.h"

static hf_span whole;

static void check_span(hf_span part)
{
    END_CHECK(part.len == 0 || (part.data >= whole.data && part.len <= whole.len &&
                                part.data - whole.data <= (ptrdiff_t)(whole.len - part.len)));
}

static void check_extensions(const struct ext_view *view)
{
    for (size_t i = 0; i < EXT_COUNT; i++) {
        if (ext_has(view, (enum ext_index)i)) {
            check_span(view->body[i]);
        }
    }
    END_CHECK(view->unknown_count <= whole.len / 4);
    hf_error error = {0};
    const bool is_solicited = ext_check_solicited(view, view->present, &error) == HF_OK;
    END_CHECK(is_solicited == (view->unknown_count == 0));
}

static hf_status read_server_hello(hf_span body, hf_error *error)
{
    struct server_hello m;
    const hf_status s = server_hello_parse(body, error, &m);
    if (s == HF_OK) {
        check_span(m.random);
        check_span(m.legacy_session_id_echo);
        END_CHECK(m.random.len == MSG_RANDOM_LEN &&
                  m.legacy_session_id_echo.len <= MSG_SESSION_ID_MAX);
        check_extensions(&m.ext);
    }
    return s;
}

static hf_status read_certificate(hf_span body, hf_error *error)
{
    struct certificate m;
    hf_status s = certificate_parse(body, error, &m);
    if (s != HF_OK) {
        return s;
    }
    check_span(m.context);
    check_span(m.list);
    struct rd list = rd_of(m.list);
    while (s == HF_OK && rd_left(&list) > 0) {
        struct certificate_entry e;
        s = certificate_next(&list, error, &e);
        if (s == HF_OK) {
            END_CHECK(e.data.len > 0);
            check_span(e.data);
            check_extensions(&e.ext);
        }
    }
    return s;
}

static hf_status read_request(hf_span body, hf_error *error)
{
    struct certificate_request m;
    const hf_status s = certificate_request_parse(body, error, &m);
    if (s == HF_OK) {
        check_span(m.context);
        check_extensions(&m.ext);
    }
    return s;
}

static hf_status read_ticket(hf_span body, hf_error *error)
{
    struct new_session_ticket m;
    const hf_status s = new_session_ticket_parse(body, error, &m);
    if (s == HF_OK) {
        check_span(m.ticket_nonce);
        check_span(m.ticket);
        END_CHECK(m.ticket.len > 0);
        check_extensions(&m.ext);
    }
    return s;
}

/* Of TLS 1.2; those that have the type of another form of TLS 1.3 are asked for with the top bit.
 */
enum { OLDER = 0x80 };

static hf_status read_chain12(hf_span body, hf_error *error)
{
    hf_span list = {NULL, 0};
    hf_status s = certificate12_parse(body, error, &list);
    struct rd r = rd_of(list);
    while (s == HF_OK && rd_left(&r) > 0) {
        hf_span one = {NULL, 0};
        s = certificate12_next(&r, error, &one);
        if (s == HF_OK) {
            END_CHECK(one.len > 0);
            check_span(one);
        }
    }
    return s;
}

static hf_status read_key_exchange(hf_span body, hf_error *error, bool is_field)
{
    struct server_key_exchange m;
    const hf_status s = is_field ? server_key_exchange_dhe_parse(body, error, &m)
                                 : server_key_exchange_ecdhe_parse(body, error, &m);
    if (s == HF_OK) {
        check_span(m.params);
        check_span(m.share);
        check_span(m.signature);
        END_CHECK(m.share.len > 0 && m.params.len + 4 + m.signature.len == body.len);
    }
    return s;
}

static hf_status read_older(uint8_t type, hf_span body, hf_error *error)
{
    struct certificate_request12 request;
    struct new_session_ticket12 ticket;
    hf_span part = {NULL, 0};
    hf_status s;
    switch (type) {
    case OLDER | MSG_CERTIFICATE:
        return read_chain12(body, error);
    case MSG_SERVER_KEY_EXCHANGE:
    case OLDER | MSG_SERVER_KEY_EXCHANGE:
        return read_key_exchange(body, error, type != MSG_SERVER_KEY_EXCHANGE);
    case OLDER | MSG_CERTIFICATE_REQUEST:
        s = certificate_request12_parse(body, error, &request);
        if (s == HF_OK) {
            check_span(request.types);
            check_span(request.schemes);
            check_span(request.authorities);
        }
        return s;
    case OLDER | MSG_NEW_SESSION_TICKET:
        s = new_session_ticket12_parse(body, error, &ticket);
        if (s == HF_OK) {
            check_span(ticket.ticket);
        }
        return s;
    case MSG_CERTIFICATE_STATUS:
        s = certificate_status_parse(body, error, &part);
        break;
    case MSG_CLIENT_KEY_EXCHANGE:
    case OLDER | MSG_CLIENT_KEY_EXCHANGE:
        s = client_key_exchange_parse(body, type == MSG_CLIENT_KEY_EXCHANGE ? 1 : 2, error, &part);
        break;
    default:
        return message_empty_parse(body, "ServerHelloDone", error);
    }
    if (s == HF_OK) {
        check_span(part);
    }
    return s;
}

static hf_status read_short(uint8_t type, hf_span body, hf_error *error)
{
    struct certificate_verify proof;
    struct compressed_certificate compressed;
    uint8_t request_update;
    hf_status s;
    switch (type) {
    case MSG_CERTIFICATE_VERIFY:
        s = certificate_verify_parse(body, error, &proof);
        if (s == HF_OK) {
            check_span(proof.signature);
        }
        return s;
    case MSG_COMPRESSED_CERTIFICATE:
        s = compressed_certificate_parse(body, error, &compressed);
        if (s == HF_OK) {
            check_span(compressed.data);
        }
        return s;
    case MSG_KEY_UPDATE:
        s = key_update_parse(body, error, &request_update);
        END_CHECK(s != HF_OK || request_update <= 1);
        return s;
    default:
        return read_older(type, body, error);
    }
}

static hf_status read_message(uint8_t type, hf_span body, hf_error *error)
{
    struct ext_view view;
    hf_status s;
    switch (type) {
    case MSG_SERVER_HELLO:
        return read_server_hello(body, error);
    case MSG_ENCRYPTED_EXTENSIONS:
        s = encrypted_extensions_parse(body, error, &view);
        if (s == HF_OK) {
            check_extensions(&view);
        }
        return s;
    case MSG_CERTIFICATE:
        return read_certificate(body, error);
    case MSG_CERTIFICATE_REQUEST:
        return read_request(body, error);
    case MSG_NEW_SESSION_TICKET:
        return read_ticket(body, error);
    default:
        return read_short(type, body, error);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    hf_error error = {0};
    whole = span_of(data + 1, size - 1);
    const hf_status s = read_message(data[0], whole, &error);
    END_CHECK((s == HF_OK) == (error.code == HF_E_NONE));
    return 0;
}
