/* Writes the seeds of the fuzz targets: seeds DIRECTORY, normally fuzz/corpus.
 *
 * Handshakes between our own two ends under the trusting provider, in several settings; what each
 * end heard becomes a frame-by-frame seed of the target that plays this end, and each kind of
 * message a seed of its parser's target. Run it again when the engine's messages change.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/span.h"
#include "identity/compress.h"
#include "record/record.h"
#include "support/end.h"
#include "support/trusting.h"
#include "wire/message.h"
#include "wire/wr.h"

static const char *directory;

struct setting {
    const char *name;
    uint32_t settings; /* enum end_setting */
    /* What the ends do once they are connected. */
    const char *client_does, *server_does;
};

static const struct setting settings[] = {
    {"plain", 0, "\x84", "\x84"},
    {"mutual", END_REQUIRE, "", ""},
    {"request_none", END_REQUEST | END_NO_IDENTITY, "", ""},
    {"retry", END_ONE_GROUP | END_SHA384, "", ""},
    {"cookie", END_STATELESS | END_ALWAYS_RETRY, "", ""},
    {"psk", END_PSK, "", ""},
    {"compressed", END_COMPRESS | END_REQUEST, "", ""},
    {"extensions", END_ALPN | END_RECORD_LIMIT | END_ANNOUNCE | END_GREASE | END_NO_COMPAT, "\x84",
     "\x84"},
    {"external", END_EXTERNAL | END_REQUEST, "", ""},
    {"late", END_POST_AUTH, "", "\x83"},
    {"updates", END_UPDATE_OFTEN, "\x82\x84\x81\x84", "\x84\x82\x84"},
    {"closed", END_WATCHED, "\x80", "\x80"},
    {"sessions", END_SESSIONS | END_ALPN, "\x8e\x8e\x8e", ""},
    {"sessions_mutual", END_SESSIONS | END_REQUIRE | END_SHA384, "\x84", "\x84"},
    {"resumed", END_SESSIONS | END_RESUMED, "\x84", "\x84"},
    {"resumed_mutual", END_SESSIONS | END_RESUMED | END_REQUIRE | END_ALPN, "", ""},
    {"psk_ke", END_PSK | END_PSK_KE, "\x84", "\x84"},
    {"resumed_psk_ke", END_SESSIONS | END_RESUMED | END_EARLY | END_PSK_KE, "", ""},
    {"resumed_retry", END_SESSIONS | END_RESUMED | END_EARLY | END_STATELESS | END_ALWAYS_RETRY, "",
     ""},
    {"resumed_external", END_SESSIONS | END_RESUMED | END_EARLY | END_EXTERNAL, "", ""},
    {"early", END_SESSIONS | END_RESUMED | END_EARLY | END_ALPN | END_PADDING, "\x84", "\x84"},
    {"early_late", END_SESSIONS | END_RESUMED | END_EARLY | END_POST_AUTH | END_NO_COMPAT, "",
     "\x83"},
    {"tls12", END_TLS12 | END_ALPN | END_GREASE, "\x84", "\x84"},
    {"tls12_field", END_TLS12 | END_ONE_GROUP | END_REQUEST, "\x84", "\x84"},
    {"tls12_transport", END_TLS12 | END_SHA384, "\x84", "\x84"},
    {"tls12_transport_mutual", END_TLS12 | END_SHA384 | END_REQUIRE | END_EXTERNAL, "", ""},
    {"tls12_mutual", END_TLS12 | END_REQUIRE | END_EXTERNAL, "\x84\x80", "\x84"},
    {"tls12_request", END_TLS12 | END_REQUEST | END_NO_COMPAT | END_RECORD_LIMIT, "", "\x85\x80"},
    {"tls12_sessions", END_TLS12 | END_SESSIONS, "\x8e", ""},
    {"tls12_resumed", END_TLS12 | END_SESSIONS | END_RESUMED, "\x84", "\x84"},
    {"tls12_external", END_TLS12 | END_SESSIONS | END_RESUMED | END_EXTERNAL, "", ""},
    {"tls12_stored", END_TLS12 | END_SESSIONS | END_STORE, "\x8e", ""},
    {"tls12_found", END_TLS12 | END_SESSIONS | END_STORE | END_RESUMED, "\x84", "\x88"},
    {"tls12_reverified", END_TLS12 | END_SESSIONS | END_RESUMED | END_REQUIRE, "\x8e", ""},
    {"reverified", END_SESSIONS | END_RESUMED | END_REQUIRE | END_EXTERNAL, "\x8e", ""},
    {"stored", END_SESSIONS | END_STORE, "\x8e\x8e", ""},
    {"taken", END_SESSIONS | END_STORE | END_RESUMED | END_EARLY, "\x84", "\x84"},
    {"bits", END_PADDING | END_UPDATE_OFTEN, "\x8b\x8c", "\x8c\x8b"},
};

/* --- Files --- */

static void write_file(const char *target, const char *name, const uint8_t *head, size_t head_len,
                       hf_span body)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", directory, target);
    (void)mkdir(path, 0777);
    (void)snprintf(path, sizeof path, "%s/%s/%s", directory, target, name);
    FILE *f = fopen(path, "wb");
    END_CHECK(f != NULL);
    END_CHECK(head_len == 0 || fwrite(head, 1, head_len, f) == head_len);
    END_CHECK(fwrite(body.data, 1, body.len, f) == body.len);
    END_CHECK(fclose(f) == 0);
}

/* --- Frames --- */

struct frames {
    uint8_t bytes[1 << 16];
    size_t len;
    uint8_t messages[1 << 16];
    size_t message_len;
};

static void add_frame(struct frames *f, uint8_t type, hf_span content)
{
    END_CHECK(content.len + 3 <= sizeof f->bytes - f->len);
    uint8_t *at = f->bytes + f->len;
    at[0] = type;
    at[1] = (uint8_t)(content.len >> 8);
    at[2] = (uint8_t)content.len;
    memcpy(at + 3, content.data, content.len);
    f->len += 3 + content.len;
    if (type == REC_HANDSHAKE) {
        memcpy(f->messages + f->message_len, content.data, content.len);
        f->message_len += content.len;
    }
}

/* The records that one end said, as frames of what they hold. */
static void add_records(struct frames *f, const uint8_t *out, size_t len)
{
    for (size_t at = 0; at < len;) {
        const size_t fragment = (size_t)(out[at + 3] << 8 | out[at + 4]);
        const uint8_t *content = out + at + REC_HEADER_LEN;
        uint8_t type = out[at];
        size_t content_len = fragment;
        if (type == REC_APPLICATION_DATA) {
            content_len -= HF_AEAD_TAG_LEN;
            while (content[content_len - 1] == 0) {
                content_len--;
            }
            type = content[--content_len];
        }
        add_frame(f, type, span_of(content, content_len));
        at += REC_HEADER_LEN + fragment;
    }
}

/* --- Messages --- */

/* Its body is the seed; the byte before it says whether a ClientHello is the second, or else the
 * message's type. */
static void write_message(const uint8_t *m, size_t len, bool is_second)
{
    const bool is_hello = m[0] == MSG_CLIENT_HELLO;
    const uint8_t head = is_hello ? is_second : m[0];
    char file[64];
    (void)snprintf(file, sizeof file, "%u_%zu", (unsigned)m[0], len);
    write_file(is_hello ? "client_hello" : "message", file, &head, 1,
               span_of(m + MSG_HEADER_LEN, len));
    static const uint8_t tls13 = 0;
    write_file("fields", file, &tls13, 1, span_of(m, MSG_HEADER_LEN + len));
}

/* The extensions that stand at the end of a body, from an offset on; the byte before them is the
 * place as the target counts it. */
static void write_extensions(const uint8_t *m, size_t len, size_t at, uint8_t place)
{
    char file[64];
    (void)snprintf(file, sizeof file, "%u_%zu", (unsigned)m[0], len);
    write_file("extension", file, &place, 1, span_of(m + MSG_HEADER_LEN + at + 2, len - at - 2));
}

static void write_block(const uint8_t *m, size_t len)
{
    enum { IN_CLIENT_HELLO = 0, IN_SERVER_HELLO = 1, IN_ENCRYPTED = 3, IN_REQUEST = 4 };
    const uint8_t *body = m + MSG_HEADER_LEN;
    const size_t fixed = 2 + MSG_RANDOM_LEN + 1 + (len > 34 ? body[34] : 0);
    switch (m[0]) {
    case MSG_CLIENT_HELLO:
        write_extensions(m, len, fixed + 2 + (size_t)(body[fixed] << 8 | body[fixed + 1]) + 2,
                         IN_CLIENT_HELLO);
        break;
    case MSG_SERVER_HELLO:
        write_extensions(m, len, fixed + 3, IN_SERVER_HELLO);
        break;
    case MSG_ENCRYPTED_EXTENSIONS:
        write_extensions(m, len, 0, IN_ENCRYPTED);
        break;
    case MSG_CERTIFICATE_REQUEST:
        write_extensions(m, len, 1 + (size_t)body[0], IN_REQUEST);
        break;
    default:
        break;
    }
}

static void write_messages(const struct frames *f)
{
    bool is_second = false;
    for (size_t at = 0; at + MSG_HEADER_LEN <= f->message_len;) {
        const uint8_t *m = f->messages + at;
        const size_t len = (size_t)m[1] << 16 | (size_t)m[2] << 8 | m[3];
        write_message(m, len, is_second);
        write_block(m, len);
        is_second = m[0] == MSG_CLIENT_HELLO;
        at += MSG_HEADER_LEN + len;
    }
}

/* --- Handshakes --- */

static void pass_on(struct end *from, struct end *to, struct frames *heard)
{
    size_t len;
    uint8_t *out = end_take_out(from, &len);
    add_records(heard, out, len);
    if (len > 0) {
        (void)end_feed(to, out, len);
    }
    free(out);
}

static void settle(struct end *client, struct end *server, struct frames *to_client,
                   struct frames *to_server)
{
    while (client->out_len > 0 || server->out_len > 0) {
        pass_on(client, server, to_server);
        pass_on(server, client, to_client);
    }
}

/* What an end does goes into its own seed; what comes of it into the other's. */
static void act(struct end *e, struct frames *own, const char *what)
{
    for (; *what != '\0'; what++) {
        own->bytes[own->len++] = (uint8_t)*what;
        end_run(e, (const uint8_t *)what, 1);
    }
}

static void write_input(const char *target, const char *name, uint32_t setting, hf_span frames)
{
    uint8_t head[END_SETTINGS_LEN];
    struct wr w = wr_of(head, sizeof head);
    wr_u32(&w, setting);
    write_file(target, name, head, sizeof head, frames);
}

static void make(const struct setting *s)
{
    static struct frames to_client;
    static struct frames to_server;
    struct end client;
    struct end server;
    to_client.len = to_server.len = to_client.message_len = to_server.message_len = 0;
    /* A client with one group alone would not be asked to retry. */
    const bool is_retry = (s->settings & END_TLS12) == 0;
    const uint32_t client_settings =
        s->settings & ~(uint32_t)(is_retry ? END_ONE_GROUP | END_SHA384 : 0);
    end_open(&client, HF_CLIENT, client_settings);
    end_open(&server, HF_SERVER, s->settings);
    settle(&client, &server, &to_client, &to_server);
    if (!hf_conn_is_connected(client.conn) || !hf_conn_is_connected(server.conn)) {
        (void)fprintf(stderr, "%s: client: %s; server: %s\n", s->name,
                      hf_conn_error(client.conn)->detail, hf_conn_error(server.conn)->detail);
        exit(1);
    }
    act(&client, &to_client, s->client_does);
    act(&server, &to_server, s->server_does);
    settle(&client, &server, &to_client, &to_server);

    write_input("server", s->name, s->settings, span_of(to_server.bytes, to_server.len));
    write_input("client", s->name, client_settings, span_of(to_client.bytes, to_client.len));
    write_messages(&to_server);
    write_messages(&to_client);
    end_close(&client);
    end_close(&server);
}

/* What a client has of these settings, as a file would hold it. */
static void make_session_seed(const char *name, uint32_t setting)
{
    static uint8_t bytes[HF_SESSION_EXPORT_MAX];
    hf_buf out = {bytes, sizeof bytes, 0};
    const hf_session *session = end_session(setting);
    END_CHECK(session != NULL && hf_session_export(session, &out) == HF_OK);
    write_file("session_state", name, NULL, 0, span_of(bytes, out.pos));
}

/* --- What our own ends would not say ---------------------------------------------------------- */

/* A seed that ends otherwise: a recorded one with more frames behind it. */
struct tail {
    const char *target, *seed, *name;
    const uint8_t *frames;
    size_t len;
    unsigned times;
};

static const uint8_t ticket[] = {0x16, 0, 21, 4, 0, 0, 17, 0,   0,   0,   9, 1,
                                 2,    3, 4,  1, 0, 0, 3,  't', 'k', 't', 0, 0};
static const uint8_t key_update[] = {0x16, 0, 5, 24, 0, 0, 1, 0};
static const uint8_t no_data[] = {0x17, 0, 0};
static const uint8_t forged[] = {0x57, 0, 4, 'f', 'a', 'k', 'e'};
static const uint8_t alert[] = {0x15, 0, 2, 2, 40};
static const uint8_t canceled[] = {0x15, 0, 2, 1, 90, 0x15, 0, 2, 1, 0};
static const uint8_t half_a_message[] = {0x16, 0, 2, 24, 0, 0x17, 0, 1, 'd'};

#define TAIL(frames) frames, sizeof frames
static const struct tail tails[] = {
    {"client", "plain", "ticket", TAIL(ticket), 2},
    {"client", "plain", "key_updates", TAIL(key_update), 40},
    {"server", "plain", "key_updates", TAIL(key_update), 40},
    {"server", "plain", "no_data", TAIL(no_data), 40},
    {"server", "plain", "forged", TAIL(forged), 1},
    {"client", "plain", "alert", TAIL(alert), 1},
    {"server", "plain", "canceled", TAIL(canceled), 1},
    {"server", "plain", "half_a_message", TAIL(half_a_message), 1},
};

static size_t read_seed(const char *target, const char *name, uint8_t *out, size_t cap)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s/%s", directory, target, name);
    FILE *f = fopen(path, "rb");
    END_CHECK(f != NULL);
    const size_t len = fread(out, 1, cap, f);
    END_CHECK(len < cap && fclose(f) == 0);
    return len;
}

static void make_tails(void)
{
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        static uint8_t bytes[8192];
        const struct tail *t = &tails[i];
        size_t len = read_seed(t->target, t->seed, bytes, sizeof bytes);
        for (unsigned k = 0; k < t->times; k++) {
            END_CHECK(len + t->len <= sizeof bytes);
            memcpy(bytes + len, t->frames, t->len);
            len += t->len;
        }
        write_file(t->target, t->name, NULL, 0, span_of(bytes, len));
    }
}

/* The first frame of a seed is a ClientHello; puts an extension before all others and writes the
 * seed under another name, with early data behind the hello. */
static void make_early_data(void)
{
    enum {
        FRAME_AT = END_SETTINGS_LEN,
        MESSAGE_AT = FRAME_AT + 3,
        BODY_AT = MESSAGE_AT + MSG_HEADER_LEN,
        ADDED = 4
    };
    static const uint8_t early[] = {0x57, 0, 5, 'e', 'a', 'r', 'l', 'y'};
    static const size_t lengths_at[] = {FRAME_AT + 1, MESSAGE_AT + 2};
    static uint8_t in[8192];
    static uint8_t out[8192 + 64];
    const size_t len = read_seed("server", "psk", in, sizeof in);
    const size_t session = BODY_AT + 2 + MSG_RANDOM_LEN;
    const size_t suites = session + 1 + in[session];
    const size_t methods = suites + 2 + (size_t)(in[suites] << 8 | in[suites + 1]);
    const size_t block = methods + 1 + in[methods];
    const size_t hello_end = MESSAGE_AT + (size_t)(in[FRAME_AT + 1] << 8 | in[FRAME_AT + 2]);
    struct wr w = wr_of(out, sizeof out);
    wr_bytes(&w, span_of(in, block + 2));
    wr_u16(&w, EXT_CODE_early_data);
    wr_u16(&w, 0);
    wr_bytes(&w, span_of(in + block + 2, hello_end - block - 2));
    wr_bytes(&w, span_of(early, sizeof early));
    wr_bytes(&w, span_of(in + hello_end, len - hello_end));
    END_CHECK(!w.bad);
    for (size_t i = 0; i < 3; i++) {
        const size_t at = i < 2 ? lengths_at[i] : block;
        const size_t grown = (size_t)(out[at] << 8 | out[at + 1]) + ADDED;
        out[at] = (uint8_t)(grown >> 8);
        out[at + 1] = (uint8_t)grown;
    }
    write_file("server", "early_data", NULL, 0, span_of(out, w.len));
}

/* Early data that the server does not take: it must not open under the handshake's keys either,
 * which the trusting provider only knows of what is marked as forged. */
static void make_refused_early_data(void)
{
    static uint8_t bytes[8192];
    const size_t len = read_seed("server", "early", bytes, sizeof bytes);
    size_t at = END_SETTINGS_LEN;
    while (at + 3 < len && bytes[at] != REC_APPLICATION_DATA) {
        at += 3 + (size_t)(bytes[at + 1] << 8 | bytes[at + 2]);
    }
    END_CHECK(at + 3 < len);
    bytes[at] |= 0x40;
    bytes[0] |= END_REPLAYED >> 24;
    write_file("server", "early_refused", NULL, 0, span_of(bytes, len));
}

/* Settings and mutations for the pair; each mutation is kind, record, offset, value
 * (pair_fuzz.c). */
static void make_pairs(void)
{
    static const struct {
        const char *name;
        uint32_t settings;
        const char *mutations;
        size_t len;
    } pairs[] = {
        {"plain", 0, "", 0},
        {"mutual", END_REQUIRE, "", 0},
        {"retry", END_STATELESS | END_ALWAYS_RETRY, "", 0},
        {"psk", END_PSK, "", 0},
        {"all",
         END_REQUEST | END_COMPRESS | END_ALPN | END_RECORD_LIMIT | END_PADDING | END_EXTERNAL, "",
         0},
        {"tls12", END_TLS12 | END_ALPN, "", 0},
        {"tls12_field", END_TLS12 | END_ONE_GROUP, "", 0},
        {"tls12_transport", END_TLS12 | END_SHA384, "", 0},
        {"tls12_bent", END_TLS12 | END_REQUIRE, "\x00\x81\x30\x01", 4},
        {"resumed", END_SESSIONS | END_RESUMED | END_ALPN, "", 0},
        {"tls12_resumed", END_TLS12 | END_SESSIONS | END_RESUMED, "", 0},
        {"tls12_found", END_TLS12 | END_SESSIONS | END_STORE | END_RESUMED, "", 0},
        {"taken", END_SESSIONS | END_STORE | END_RESUMED | END_EARLY, "", 0},
        {"early", END_SESSIONS | END_RESUMED | END_EARLY, "", 0},
        {"early_psk_ke", END_SESSIONS | END_RESUMED | END_EARLY | END_PSK_KE, "", 0},
        {"early_retry", END_SESSIONS | END_RESUMED | END_EARLY | END_STATELESS | END_ALWAYS_RETRY,
         "", 0},
        {"early_refused", END_SESSIONS | END_RESUMED | END_EARLY | END_REPLAYED, "", 0},
        {"early_dropped", END_SESSIONS | END_RESUMED | END_EARLY, "\x02\x02\x00\x00", 4},
        {"early_twice", END_SESSIONS | END_RESUMED | END_EARLY, "\x03\x02\x00\x00", 4},
        {"flip", 0, "\x00\x80\x30\x01", 4},
        {"split", END_PSK, "\x06\x00\x10\x00\x06\x80\x10\x00", 8},
        {"acts", END_POST_AUTH, "\x09\x01\x00\x83\x09\x02\x00\x82\x09\x82\x00\x81", 12},
        {"drop", END_PSK, "\x02\x01\x00\x00", 4},
        {"later", 0, "\x04\x80\x00\x00\x03\x01\x00\x00\x07\x01\x00\x00", 12},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        uint8_t head[2 * END_SETTINGS_LEN];
        struct wr w = wr_of(head, sizeof head);
        wr_u32(&w, pairs[i].settings);
        wr_u32(&w, pairs[i].settings);
        write_file("pair", pairs[i].name, head, sizeof head,
                   span_of(pairs[i].mutations, pairs[i].len));
    }
}

/* A Certificate and a KeyUpdate in fragments: a limit, then length and bytes of each. */
static void make_inbox(void)
{
    static const uint8_t limit[] = {0x01, 0x00};
    static const uint8_t fragments[] = {3, 11, 0, 0, 4, 5, 1, 2, 3, 4, 7, 4, 0, 0, 1, 24, 2, 0, 0};
    write_file("inbox", "fragments", limit, sizeof limit, span_of(fragments, sizeof fragments));
}

/* --- Text and files --------------------------------------------------------------------------- */

struct text_seed {
    const char *target, *name, *text;
};

#define HEX32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
/* The private key 1 of secp256r1, as SEC 1 and as PKCS #8 write it. */
#define SEC1 "MDECAQEEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABoAoGCCqGSM49AwEH"
#define PKCS8                                                                                      \
    "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQ=="

static const struct text_seed text_seeds[] = {
    {"keylog", "lines",
     "# a comment\r\nCLIENT_RANDOM " HEX32 " " HEX32 "\nEXPORTER_SECRET " HEX32 " AABB\nodd\n"},
    {"address", "name", "www.example.com:443"},
    {"address", "ipv4", "192.0.2.1:0"},
    {"address", "ipv6", "[2001:db8::1]:443"},
    {"address", "bare", "fe80::1%eth0"},
    {"address", "any", "*:4433"},
    {"request", "get", "\005GET /json HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n"},
    {"request", "two", "\001HEAD / HTTP/1.0\nConnection: keep-alive\n\nOPTIONS * HTTP/1.1\n\n"},
    {"request", "post",
     "\003POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
     "GET / HTTP/1.1\r\nEarly-Data: 1\r\nAccept: application/json\r\n\r\n"},
    {"request", "chunked",
     "\007POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
    {"request", "long", "\002POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"},
    {"request", "other", "\002DELETE / HTTP/1.1\r\n\r\n"},
    {"request", "none", "\002GET / HTTP/3.0\r\n\r\n"},
    {"response", "length", "\005HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
    {"response", "chunked",
     "\003HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\n"
     "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n"},
    {"response", "to_the_end", "\007HTTP/1.0 200 OK\n\nhello"},
    {"config", "client",
     "\001\020TLS_AES_256_GCM_SHA384, aes-128-gcm\n\001X25519MLKEM768,x25519\n\002x25519\n"
     "\003ed25519,ecdsa_secp256r1_sha256\n\004rsa_pkcs1_sha256\n\005h2,http/1.1\n"
     "\006zlib,brotli,zstd\n\007psk_ke,psk_dhe_ke\n"},
    {"config", "psk", "\001\017identity-and-the-key-of-it-which-is-long-enough\n\0144\n"},
    {"config", "psk_server", "\000\017identity-and-the-key-of-it-which-is-long-enough\n"},
    {"config", "typing", "\001\001x2551\n\000TLS_AES_128_GCM_SHA265\n\003ed2551\n"},
    {"config", "tls12", "\001\0103\n\000ECDHE-ECDSA-AES128-GCM-SHA256\n\0113\n\0123\n\0151\n"},
};

static void make_texts(void)
{
    for (size_t i = 0; i < sizeof text_seeds / sizeof text_seeds[0]; i++) {
        const struct text_seed *t = &text_seeds[i];
        /* A role of 0 ends no text: the first byte is always written. */
        const size_t len = t->text[0] == '\0' ? 1 + strlen(t->text + 1) : strlen(t->text);
        write_file(t->target, t->name, NULL, 0, span_of(t->text, len));
    }
}

/* Lengths of chain and key, and both; the empty ones stand for good ones. */
static void write_identity(const char *name, hf_span chain, hf_span key, hf_span staple)
{
    static uint8_t bytes[8192];
    struct wr w = wr_of(bytes, sizeof bytes);
    wr_u16(&w, (uint16_t)chain.len);
    wr_u16(&w, (uint16_t)key.len);
    wr_bytes(&w, chain);
    wr_bytes(&w, key);
    wr_bytes(&w, staple);
    END_CHECK(!w.bad);
    write_file("identity", name, NULL, 0, span_of(bytes, w.len));
}

static void make_identities(void)
{
    static const char sec1[] =
        "-----BEGIN EC PRIVATE KEY-----\n" SEC1 "\n-----END EC PRIVATE KEY-----\n";
    static const char pkcs8[] =
        "-----BEGIN PRIVATE KEY-----\n" PKCS8 "\n-----END PRIVATE KEY-----\n";
    static const char locked[] = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
                                 "DEK-Info: AES-128-CBC,000102030405060708090A0B0C0D0E0F\n\n" SEC1
                                 "\n-----END EC PRIVATE KEY-----\n";
    const hf_span none = span_of(NULL, 0);
    write_identity("good", none, none, none);
    write_identity("der", trusting_certificate(), trusting_key(), none);
    write_identity("sec1", none, span_of(sec1, sizeof sec1 - 1), none);
    write_identity("pkcs8", none, span_of(pkcs8, sizeof pkcs8 - 1), none);
    write_identity("locked", none, span_of(locked, sizeof locked - 1), none);
    write_identity("response", none, none, span_of("\x00\x30\x03\x0a\x01\x03", 6));
    write_identity("scts", none, none, span_of("\x01\x00\x03\x00\x01s", 6));
}

static void make_compressed(void)
{
    const hf_span plain = trusting_certificate();
    for (uint8_t method = CERT_ZLIB; method <= CERT_ZSTD; method++) {
        uint8_t packed[1000];
        size_t len;
        char name[16];
        const uint8_t head[] = {method, (uint8_t)(plain.len >> 8), (uint8_t)plain.len};
        END_CHECK(cert_compress(method, plain, packed, sizeof packed, &len));
        (void)snprintf(name, sizeof name, "packed_%u", method);
        write_file("compress", name, head, sizeof head, span_of(packed, len));
        const uint8_t pack = method | 8;
        (void)snprintf(name, sizeof name, "plain_%u", method);
        write_file("compress", name, &pack, 1, plain);
    }
}

/* Calls of three bytes, behind a limit of four sessions and one of bytes. */
static void make_store_calls(void)
{
    static const uint8_t limits[] = {3, 0};
    static const uint8_t bytes[] = {3, 30};
    static const uint8_t calls[] = {0, 1, 0x15, 0, 2, 0x26, 0, 3, 0x37, 3, 1, 0xff, 0, 4, 0x19,
                                    0, 5, 0x2b, 4, 4, 0xfe, 4, 2, 1,    5, 3, 0,    6, 0, 200,
                                    3, 5, 0xfe, 0, 1, 0x15, 3, 9, 9,    0, 6, 0xf3, 7, 0, 0};
    write_file("session_store", "calls", limits, sizeof limits, span_of(calls, sizeof calls));
    write_file("session_store", "bytes", bytes, sizeof bytes, span_of(calls, sizeof calls));
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "seeds DIRECTORY\n");
        return 2;
    }
    directory = argv[1];
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        make(&settings[i]);
    }
    make_session_seed("exported", END_SESSIONS | END_ALPN);
    make_session_seed("exported_chain", END_SESSIONS | END_REQUIRE);
    make_session_seed("exported_id", END_SESSIONS | END_STORE | END_TLS12);
    make_tails();
    make_early_data();
    make_refused_early_data();
    make_pairs();
    make_inbox();
    make_texts();
    make_identities();
    make_compressed();
    make_store_calls();
    return 0;
}
