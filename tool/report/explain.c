/* Handshake messages in words. */
#include "report/explain.h"

#include <string.h>

#include "report/hello.h"
#include "report/names.h"

enum {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    NEW_SESSION_TICKET = 4,
    END_OF_EARLY_DATA = 5,
    ENCRYPTED_EXTENSIONS = 8,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    CERTIFICATE_REQUEST = 13,
    SERVER_HELLO_DONE = 14,
    CERTIFICATE_VERIFY = 15,
    CLIENT_KEY_EXCHANGE = 16,
    FINISHED = 20,
    CERTIFICATE_STATUS = 22,
    KEY_UPDATE = 24,
    COMPRESSED_CERTIFICATE = 25
};

static const char *client_hello(struct text *out, const struct explain_context *context,
                                size_t index);
static const char *server_hello(struct text *out, const struct explain_context *context,
                                const struct hello_view *hello);
static const char *encrypted_extensions(struct text *out, const struct hello_view *hello);
static const char *certificate(struct text *out, const struct explain_context *context,
                               const struct obs_item *item);
static const char *certificate_verify(struct text *out, const struct explain_context *context,
                                      bool from_server);
static bool is_12(const struct explain_context *context);
static bool is_last_finished(const struct explain_context *context, bool from_server);
static bool has_version(const struct hello_view *hello, uint16_t version);
static bool asks_for_update(const struct obs_item *item);
static bool is_from_server(const struct explain_context *context, const struct obs_item *item);
static struct hello_view view_of(const struct obs_item *item);

const char *explain_message(struct text *out, const struct explain_context *context, size_t index)
{
    const struct obs_item *item = &context->observer->items[index];
    const bool from_server = is_from_server(context, item);
    struct hello_view hello = view_of(item);
    switch (item->u.message.type) {
    case CLIENT_HELLO:
        return client_hello(out, context, index);
    case SERVER_HELLO:
        return server_hello(out, context, &hello);
    case ENCRYPTED_EXTENSIONS:
        return encrypted_extensions(out, &hello);
    case CERTIFICATE_REQUEST:
        text_add(out, "asks for a certificate and a signature: ");
        explain_codes(out, NAME_SIGNATURE, hello.signatures.code, hello.signatures.count, 1);
        return is_12(context) ? "RFC 5246, 7.4.4" : "RFC 9846, 4.4.2";
    case CERTIFICATE:
    case COMPRESSED_CERTIFICATE:
        return certificate(out, context, item);
    case CERTIFICATE_VERIFY:
        return certificate_verify(out, context, from_server);
    case FINISHED:
        text_add(out, is_last_finished(context, from_server)
                          ? "a MAC over all messages: nothing was changed; the handshake is done"
                          : "a MAC over all messages so far: nothing was changed on the way");
        return is_12(context) ? "RFC 5246, 7.4.9" : "RFC 9846, 4.5.3";
    case NEW_SESSION_TICKET:
        text_add(out, "a ticket with which the next connection needs no certificate");
        return is_12(context) ? "RFC 5077, 3.3" : "RFC 9846, 4.7.1";
    case END_OF_EARLY_DATA:
        text_add(out, "early data ends here");
        return "RFC 9846, 4.6";
    case KEY_UPDATE:
        text_addf(out, "new keys from the sender's next record on, made from the old%s",
                  asks_for_update(item) ? "; asks for the same" : "");
        return "RFC 9846, 4.7.3";
    case SERVER_KEY_EXCHANGE:
        text_addf(out, "the server's half of the key exchange, %s, signed%s%s",
                  context->info->group_name,
                  context->info->signature_scheme_name[0] == '\0' ? "" : " with ",
                  context->info->signature_scheme_name);
        return "RFC 8422, 5.4";
    case CLIENT_KEY_EXCHANGE:
        if (context->info->group == 0) {
            text_add(out, "the secret itself, encrypted to the key in the server's certificate");
            return "RFC 5246, 7.4.7.1";
        }
        text_add(out, "the client's half of the key exchange: both ends now share a secret");
        return "RFC 8422, 5.7";
    case SERVER_HELLO_DONE:
        text_add(out, "the server has said all, and waits for the client's half");
        return "RFC 5246, 7.4.5";
    case CERTIFICATE_STATUS:
        text_add(out, "the stapled OCSP response for the certificate");
        return "RFC 6066, 8";
    default:
        text_add(out, "a message without an explanation here");
        return "RFC 9846, 4";
    }
}

const char *explain_name(const struct obs_item *item)
{
    return item->u.message.type == SERVER_HELLO && view_of(item).retry ? "HelloRetryRequest"
                                                                       : item->u.message.name;
}

const char *explain_level(hf_level level)
{
    static const char *const names[] = {
        [HF_LEVEL_PLAIN] = "clear",
        [HF_LEVEL_EARLY] = "early keys",
        [HF_LEVEL_HANDSHAKE] = "handshake keys",
        [HF_LEVEL_APPLICATION] = "application keys",
    };
    return (size_t)level < sizeof names / sizeof names[0] ? names[level] : "";
}

void explain_codes(struct text *out, int name_list, const uint16_t *codes, size_t count,
                   size_t most)
{
    size_t shown = 0, more = 0;
    for (size_t i = 0; i < count; i++) {
        char room[8];
        if (name_is_grease(codes[i])) {
            continue;
        }
        if (shown == most) {
            more++;
            continue;
        }
        text_addf(out, "%s%s", shown == 0 ? "" : ", ",
                  name_of((enum name_list)name_list, codes[i], room));
        shown++;
    }
    if (more > 0) {
        text_addf(out, " and %zu more", more);
    }
    if (shown == 0) {
        text_add(out, "none");
    }
}

static const char *client_hello(struct text *out, const struct explain_context *context,
                                size_t index)
{
    const struct obs_item *item = &context->observer->items[index];
    const struct obs_item *first =
        obs_message(context->observer, item->u.message.direction, CLIENT_HELLO);
    const struct hello_view hello = view_of(item);
    if (first != item) {
        text_add(out, "the same offer again, now with a share of ");
        explain_codes(out, NAME_GROUP, hello.shares.code, hello.shares.count, 2);
        text_add(out, hello.cookie_len > 0 ? " and the server's cookie" : "");
        return "RFC 9846, 4.2.2";
    }
    size_t suites = 0;
    for (size_t i = 0; i < hello.suites.count; i++) {
        suites += !name_is_grease(hello.suites.code[i]);
    }
    text_add(out, "offers ");
    explain_codes(out, NAME_VERSION, hello.versions.code, hello.versions.count, 2);
    text_addf(out, ", %zu suite%s", suites, suites == 1 ? "" : "s");
    if (has_version(&hello, HF_TLS13)) { /* others send no shares */
        text_add(out, ", shares: ");
        explain_codes(out, NAME_GROUP, hello.shares.code, hello.shares.count, 3);
    }
    if (hello.name[0] != '\0') {
        text_addf(out, "; for %s", hello.name);
    }
    if (hello.alpn[0] != '\0') {
        text_addf(out, ", ALPN %s", hello.alpn);
    }
    if (hello.psk_count > 0) {
        text_addf(out, "; %zu pre-shared key%s", hello.psk_count, hello.psk_count == 1 ? "" : "s");
    }
    return "RFC 9846, 4.2.2";
}

static bool has_version(const struct hello_view *hello, uint16_t version)
{
    for (size_t i = 0; i < hello->versions.count; i++) {
        if (hello->versions.code[i] == version) {
            return true;
        }
    }
    return false;
}

static const char *server_hello(struct text *out, const struct explain_context *context,
                                const struct hello_view *hello)
{
    char room[8];
    if (hello->retry) {
        if (hello->shares.count > 0) {
            text_addf(out, "wants a key share of %s first%s",
                      name_of(NAME_GROUP, hello->shares.code[0], room),
                      hello->cookie_len > 0 ? " and its cookie back" : "");
        } else {
            text_add(out, "wants its cookie back: the client must prove its address");
        }
        text_add(out, "; one more round trip");
        return "RFC 9846, 4.2.4";
    }
    if (hello->versions.count == 0 || hello->versions.code[0] == HF_TLS12) {
        text_addf(out, "TLS 1.2: takes %s; what was agreed so far is in the clear",
                  name_of(NAME_SUITE, hello->suites.count == 0 ? 0 : hello->suites.code[0], room));
        return "RFC 5246, 7.4.1.3";
    }
    text_addf(out, "takes %s",
              name_of(NAME_SUITE, hello->suites.count == 0 ? 0 : hello->suites.code[0], room));
    if (hello->shares.count > 0) {
        text_addf(out, ", %s", name_of(NAME_GROUP, hello->shares.code[0], room));
    }
    text_add(out, hello->psk_count > 0 ? " and the pre-shared key" : "");
    text_add(out, context->info->post_quantum
                      ? ": both ends now share a secret that quantum computers cannot find"
                      : ": both ends now share a secret");
    return "RFC 9846, 4.2.3";
}

static const char *encrypted_extensions(struct text *out, const struct hello_view *hello)
{
    text_add(out, "the rest of the server's answers, encrypted");
    if (hello->alpn[0] != '\0') {
        text_addf(out, ": ALPN %s", hello->alpn);
    }
    if (hello->extensions.count == 0) {
        text_add(out, ": none to give");
    }
    return "RFC 9846, 4.4.1";
}

static const char *certificate(struct text *out, const struct explain_context *context,
                               const struct obs_item *item)
{
    const bool compressed = item->u.message.type == COMPRESSED_CERTIFICATE;
    char room[8];
    if (!is_from_server(context, item)) {
        text_add(out, item->u.message.len <= 8 ? "the client has no certificate to show"
                                               : "the client's certificate chain: who it is");
    } else if (context->leaf_name != NULL) {
        text_addf(out, "the server's certificate chain, for %s", context->leaf_name);
    } else {
        text_add(out, "the server's certificate chain: who it is");
    }
    if (compressed) {
        text_addf(out, ", compressed (%s)",
                  name_of(NAME_COMPRESSION, context->info->certificate_compression, room));
    }
    return is_12(context) ? "RFC 5246, 7.4.2" : compressed ? "RFC 8879, 4" : "RFC 9846, 4.5.1";
}

static const char *certificate_verify(struct text *out, const struct explain_context *context,
                                      bool from_server)
{
    const char *scheme = from_server ? context->info->signature_scheme_name
                                     : context->info->client_signature_scheme_name;
    text_addf(out, "signed%s%s: it holds the certificate's key", scheme[0] == '\0' ? "" : " with ",
              scheme);
    return is_12(context) ? "RFC 5246, 7.4.8" : "RFC 9846, 4.5.2";
}

static bool is_12(const struct explain_context *context)
{
    return context->info->version == HF_TLS12;
}

/* The server's comes first, but for full handshakes of TLS 1.2 (RFC 5246, 7.3). */
static bool is_last_finished(const struct explain_context *context, bool from_server)
{
    const bool server_is_last = is_12(context) && !context->info->resumed;
    return from_server == server_is_last;
}

/* request_update is the one byte of the message (RFC 9846, 4.7.3). */
static bool asks_for_update(const struct obs_item *item)
{
    return item->u.message.bytes != NULL && item->u.message.len == 5 &&
           item->u.message.bytes[4] == 1;
}

static bool is_from_server(const struct explain_context *context, const struct obs_item *item)
{
    return (context->info->role == HF_SERVER) == (item->u.message.direction == HF_SENT);
}

static struct hello_view view_of(const struct obs_item *item)
{
    struct hello_view hello = {0};
    if (item->u.message.bytes != NULL) {
        hello_read((hf_span){item->u.message.bytes, item->u.message.len}, &hello);
    }
    return hello;
}
