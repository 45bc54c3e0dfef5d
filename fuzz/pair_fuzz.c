/* Our client and our server with a path between them that the fuzzer bends, under real
 * cryptography. Whatever happens on the path, either both ends agree on every parameter and key, or
 * the one that does not agree has failed cleanly; and application data arrives unchanged from its
 * beginning, or not at all.
 *
 * Input: settings of the client and of the server (4 bytes each, support/end.h), then mutations of
 * 4 bytes:
 *
 *     kind, record (bit 7: of the server; 0..127: which), offset, value
 *
 * Each is applied to its record when that is on its way; those for actions happen before it.
 * Without any mutation of bytes, ends with the same settings must connect.
 */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/span.h"
#include "conn/conn.h"
#include "support/end.h"

enum {
    SETTINGS_LEN = 4,
    MUTATION_LEN = 4,
    MUTATIONS_MAX = 32,
    RECORDS_MAX = 128,
    RECORD_ROOM = 40000
};

enum kind {
    FLIP,     /* the byte at offset is XORed with value */
    FLIP_END, /* the same, counted from the end */
    DROP,     /* the record does not arrive */
    TWICE,    /* it arrives twice */
    LATER,    /* it arrives behind the next one */
    TRUNCATE, /* the stream ends at offset */
    SPLIT,    /* a record in the clear becomes two */
    INJECT,   /* a change_cipher_spec, alert or data record before it */
    ACT,      /* the other end does something: value is an end_action */
    ACT_SELF, /* this end does */
    KIND_COUNT
};

struct mutation {
    enum kind kind;
    bool of_server;
    uint8_t record, offset, value;
};

struct path {
    struct end *from, *to;
    bool of_server;
    bool is_cut;
    size_t count;  /* records so far */
    uint8_t *held; /* a record that comes later */
    size_t held_len;
    const struct mutation *mutations;
    size_t mutation_count;
};

/* --- The path --------------------------------------------------------------------------------- */

static void deliver(struct path *p, const uint8_t *record, size_t len)
{
    if (!p->is_cut) {
        (void)end_feed(p->to, record, len);
    }
}

static void split(struct path *p, const uint8_t *record, size_t len, size_t offset)
{
    uint8_t second[RECORD_ROOM];
    uint8_t first[RECORD_ROOM];
    const size_t fragment = len - REC_HEADER_LEN;
    const bool is_plain = record[0] == REC_HANDSHAKE && fragment >= 2;
    if (!is_plain) {
        deliver(p, record, len);
        return;
    }
    const size_t one = 1 + offset % (fragment - 1);
    memcpy(first, record, REC_HEADER_LEN + one);
    first[3] = (uint8_t)(one >> 8);
    first[4] = (uint8_t)one;
    memcpy(second, record, REC_HEADER_LEN);
    second[3] = (uint8_t)((fragment - one) >> 8);
    second[4] = (uint8_t)(fragment - one);
    memcpy(second + REC_HEADER_LEN, record + REC_HEADER_LEN + one, fragment - one);
    deliver(p, first, REC_HEADER_LEN + one);
    deliver(p, second, REC_HEADER_LEN + fragment - one);
}

static void inject(struct path *p, uint8_t value)
{
    static const uint8_t records[][8] = {
        {REC_CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1},
        {REC_ALERT, 3, 3, 0, 2, 1, HF_ALERT_user_canceled},
        {REC_ALERT, 3, 3, 0, 2, 1, HF_ALERT_close_notify},
        {REC_APPLICATION_DATA, 3, 3, 0, 3, 1, 2, 3},
        {REC_HANDSHAKE, 3, 3, 0, 0},
        {REC_HANDSHAKE, 3, 3, 0, 1, 20},
    };
    const uint8_t *r = records[value % (sizeof records / sizeof records[0])];
    deliver(p, r, REC_HEADER_LEN + (size_t)r[4]);
}

static void bend(struct path *p, const struct mutation *m, uint8_t *record, size_t *len)
{
    switch (m->kind) {
    case FLIP:
        record[m->offset % *len] ^= m->value;
        break;
    case FLIP_END:
        record[*len - 1 - m->offset % *len] ^= m->value;
        break;
    case DROP:
        *len = 0;
        break;
    case TWICE:
        deliver(p, record, *len);
        break;
    case LATER:
        if (p->held == NULL) {
            p->held = malloc(*len);
            END_CHECK(p->held != NULL);
            memcpy(p->held, record, *len);
            p->held_len = *len;
            *len = 0;
        }
        break;
    case TRUNCATE:
        deliver(p, record, m->offset % *len);
        (void)hf_conn_recv_eof(p->to->conn);
        p->is_cut = true;
        break;
    case SPLIT:
        split(p, record, *len, m->offset);
        *len = 0;
        break;
    case INJECT:
        inject(p, m->value);
        break;
    case ACT:
        end_act(p->to, m->value);
        break;
    case ACT_SELF:
        end_act(p->from, m->value);
        break;
    case KIND_COUNT:
        break;
    }
}

static void pass_record(struct path *p, const uint8_t *original, size_t len)
{
    static uint8_t record[RECORD_ROOM];
    uint8_t *later = p->held;
    const size_t later_len = p->held_len;
    p->held = NULL;
    memcpy(record, original, len);
    for (size_t i = 0; i < p->mutation_count && len > 0; i++) {
        const struct mutation *m = &p->mutations[i];
        if (m->of_server == p->of_server && m->record == p->count) {
            bend(p, m, record, &len);
        }
    }
    p->count++;
    if (len > 0) {
        deliver(p, record, len);
    }
    if (later != NULL) {
        deliver(p, later, later_len);
        free(later);
    }
}

/* All that waits, record by record. */
static void pass_all(struct path *p)
{
    size_t len;
    uint8_t *out = end_take_out(p->from, &len);
    for (size_t at = 0; at < len;) {
        const size_t n = REC_HEADER_LEN + (size_t)(out[at + 3] << 8 | out[at + 4]);
        END_CHECK(n <= len - at && n <= RECORD_ROOM);
        pass_record(p, out + at, n);
        at += n;
    }
    free(out);
}

static void settle(struct path *up, struct path *down)
{
    while ((up->from->out_len > 0 || down->from->out_len > 0) &&
           up->count + down->count < RECORDS_MAX) {
        pass_all(up);
        pass_all(down);
    }
}

/* --- What must hold --------------------------------------------------------------------------- */

static bool same_text(hf_span a, hf_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* What exporters come from. */
static hf_span secret_of(const struct hs_result *r)
{
    return secret_span(r->master != NULL ? &r->master->secret : &r->exporter);
}

static hf_span early_secret_of(const struct hs_result *r)
{
    return r->resumption == NULL ? span_of(NULL, 0) : secret_span(&r->resumption->early_exporter);
}

static void check_agreement(const struct end *client, const struct end *server)
{
    const struct hs_result *c = &client->conn->result;
    const struct hs_result *s = &server->conn->result;
    END_CHECK(c->version == s->version && c->suite.id == s->suite.id && c->group == s->group);
    END_CHECK(c->server_scheme == s->server_scheme);
    END_CHECK(c->retried == s->retried && c->psk == s->psk);
    END_CHECK(c->resumed == s->resumed && c->early_data == s->early_data);
    END_CHECK(same_text(c->alpn, s->alpn));
    /* An end that has failed has forgotten its secrets. */
    if (!client->conn->failed && !server->conn->failed) {
        END_CHECK(same_text(secret_of(c), secret_of(s)) && secret_of(c).len > 0);
        END_CHECK(!c->psk || same_text(early_secret_of(c), early_secret_of(s)));
        /* EndOfEarlyData has come, so all that was sent before it has. */
        END_CHECK(!s->early_data || server->early_len == client->early_sent);
    }
    /* After the handshake a client's proof may be on its way, or lost. */
    const bool is_late = (client->settings & END_POST_AUTH) != 0;
    /* And what a session says of it only the server knows. */
    if (s->resumed) {
        return;
    }
    END_CHECK(!s->client_certificate || c->client_certificate);
    END_CHECK(is_late || (c->client_certificate == s->client_certificate &&
                          c->client_scheme == s->client_scheme));
}

static void check_data(const struct end *from, const struct end *to)
{
    END_CHECK(to->data_len <= from->sent);
    for (size_t i = 0; i < to->data_len; i++) {
        END_CHECK(to->data[i] == (uint8_t)i);
    }
}

/* Early data comes from its beginning, unchanged, or not at all. */
static void check_early_data(const struct end *client, const struct end *server)
{
    END_CHECK(server->early_len <= client->early_sent && client->early_len == 0);
    for (size_t i = 0; i < server->early_len; i++) {
        END_CHECK(server->early[i] == (uint8_t)(255 - i));
    }
}

static void check(const struct end *client, const struct end *server)
{
    /* Who connects last has the word that both have seen the whole handshake: in a whole one of TLS
     * 1.2 the client, else the server. */
    const struct hs_result *told = &server->conn->result;
    const bool is_client_last = told->version == HF_TLS12 && !told->resumed;
    const struct end *last = is_client_last ? client : server;
    const struct end *first = is_client_last ? server : client;
    END_CHECK(!last->conn->connected || first->conn->connected);
    if (last->conn->connected) {
        check_agreement(client, server);
    }
    check_data(client, server);
    check_data(server, client);
    check_early_data(client, server);
}

/* Nothing in the settings keeps them apart. */
static bool must_connect(uint32_t client, uint32_t server)
{
    const uint32_t troubled = END_REFUSE | END_SMALL | END_NO_IDENTITY | END_ABSURD;
    return client == server && (client & troubled) == 0;
}

/* --- The target ------------------------------------------------------------------------------- */

static size_t read_mutations(const uint8_t *data, size_t size, struct mutation out[MUTATIONS_MAX])
{
    size_t n = 0;
    for (size_t at = 0; at + MUTATION_LEN <= size && n < MUTATIONS_MAX; at += MUTATION_LEN) {
        out[n++] = (struct mutation){.kind = data[at] % KIND_COUNT,
                                     .of_server = data[at + 1] >> 7 != 0,
                                     .record = data[at + 1] & 0x7f,
                                     .offset = data[at + 2],
                                     .value = data[at + 3]};
    }
    return n;
}

static uint32_t read_settings(const uint8_t *data)
{
    struct rd r = rd_of(span_of(data, SETTINGS_LEN));
    return (rd_u32(&r) | END_REAL) & ~(uint32_t)END_RAW;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mutation mutations[MUTATIONS_MAX];
    struct end client;
    struct end server;
    if (size < 2 * SETTINGS_LEN) {
        return 0;
    }
    const uint32_t client_settings = read_settings(data);
    const uint32_t server_settings = read_settings(data + SETTINGS_LEN);
    const size_t count =
        read_mutations(data + 2 * SETTINGS_LEN, size - 2 * SETTINGS_LEN, mutations);
    end_open(&client, HF_CLIENT, client_settings);
    end_open(&server, HF_SERVER, server_settings);
    struct path up = {
        .from = &client, .to = &server, .mutations = mutations, .mutation_count = count};
    struct path down = {.from = &server,
                        .to = &client,
                        .of_server = true,
                        .mutations = mutations,
                        .mutation_count = count};
    settle(&up, &down);
    check(&client, &server);
    END_CHECK(count > 0 || !must_connect(client_settings, server_settings) ||
              server.conn->connected);
    end_act(&client, END_DO_SEND);
    end_act(&server, END_DO_SEND);
    end_act(&client, END_DO_CLOSE);
    settle(&up, &down);
    check(&client, &server);
    free(up.held);
    free(down.held);
    end_close(&client);
    end_close(&server);
    return 0;
}
