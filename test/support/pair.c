#include "support/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLUSH_CAP = 65536, ROUNDS_MAX = 100000 };

static void *must(void *p)
{
    if (p == NULL) {
        (void)fprintf(stderr, "pair: out of memory\n");
        abort();
    }
    return p;
}

static void must_ok(hf_status s, const hf_error *e)
{
    if (s != HF_OK) {
        (void)fprintf(stderr, "pair: %s: %s\n", hf_err_lookup(e->code)->name, e->detail);
        abort();
    }
}

/* --- Pipes ------------------------------------------------------------------------------------ */

void pipe_put(struct pair_pipe *pipe, const void *data, size_t len)
{
    if (pipe->cap - pipe->len < len) {
        pipe->cap = (pipe->len + len) * 2;
        pipe->data = must(realloc(pipe->data, pipe->cap));
    }
    if (len > 0) {
        memcpy(pipe->data + pipe->len, data, len);
    }
    pipe->len += len;
    pipe->total += len;
}

void pipe_drop(struct pair_pipe *pipe, size_t len)
{
    memmove(pipe->data, pipe->data + len, pipe->len - len);
    pipe->len -= len;
}

/* --- Made and ended --------------------------------------------------------------------------- */

struct pair *pair_new(const struct pair_options *options)
{
    struct pair *p = must(calloc(1, sizeof *p));
    p->chunk = options->chunk;
    p->on_op = options->on_op;
    p->ctx = options->ctx;
    hf_conn_params client = {.size = sizeof client,
                             .now_ms = PKI_NOW * 1000,
                             .server_name = options->server_name == NULL ? "server.example"
                                                                         : options->server_name,
                             .trace = options->client_trace,
                             .session = options->session,
                             .early_data = options->early_data};
    hf_conn_params server = {.size = sizeof server,
                             .now_ms = PKI_NOW * 1000,
                             .peer_address = options->peer_address,
                             .trace = options->server_trace};
    if (hf_conn_new(options->client, &client, &p->client.conn) != HF_OK ||
        hf_conn_new(options->server, &server, &p->server.conn) != HF_OK) {
        pair_free(p);
        return NULL;
    }
    return p;
}

static void end_clear(struct pair_end *end)
{
    hf_conn_free(end->conn);
    free(end->in.data);
    free(end->received);
}

void pair_free(struct pair *p)
{
    if (p == NULL) {
        return;
    }
    end_clear(&p->client);
    end_clear(&p->server);
    free(p);
}

hf_conn_info pair_info(const struct pair_end *end)
{
    hf_conn_info info;
    hf_conn_describe(end->conn, &info);
    return info;
}

struct pair_end *pair_other(struct pair *p, const struct pair_end *end)
{
    return end == &p->client ? &p->server : &p->client;
}

/* --- Pumped ----------------------------------------------------------------------------------- */

static void keep_data(struct pair_end *end, const hf_received *r)
{
    if (r->kind == HF_GOT_CLOSE) {
        end->got_close = true;
    }
    if ((r->kind != HF_GOT_DATA && r->kind != HF_GOT_EARLY_DATA) || r->len == 0) {
        return;
    }
    end->early_len += r->kind == HF_GOT_EARLY_DATA ? r->len : 0;
    if (end->received_cap - end->received_len < r->len) {
        end->received_cap = (end->received_len + r->len) * 2;
        end->received = must(realloc(end->received, end->received_cap));
    }
    memcpy(end->received + end->received_len, r->data, r->len);
    end->received_len += r->len;
}

/* What the end has to say goes to the other's pipe. */
static bool collect(struct pair *p, struct pair_end *end)
{
    static uint8_t room[FLUSH_CAP];
    struct pair_end *other = pair_other(p, end);
    bool moved = false;
    while (hf_conn_pending(end->conn) > 0) {
        hf_buf out = {room, sizeof room, 0};
        (void)hf_conn_flush(end->conn, &out);
        pipe_put(&other->in, room, out.pos);
        moved = true;
    }
    return moved;
}

static struct {
    uint8_t id[32], state[1024];
    size_t id_len, state_len;
} kept_session;

void pair_answer(hf_op *op)
{
    if (op->kind == HF_OP_SESSION_PUT) {
        const hf_span id = op->u.session_put.id;
        const hf_span session = op->u.session_put.state;
        memcpy(kept_session.id, id.data, id.len);
        memcpy(kept_session.state, session.data, session.len);
        kept_session.id_len = id.len;
        kept_session.state_len = session.len;
        op->u.session_put.kept = true;
        hf_op_finish(op, HF_OK);
    } else if (op->kind == HF_OP_SESSION_FIND) {
        const hf_span id = op->u.session_find.id;
        const bool is_found =
            kept_session.id_len == id.len && memcmp(kept_session.id, id.data, id.len) == 0;
        op->u.session_find.reason = is_found ? HF_RESUME_NONE : HF_RESUME_SESSION_UNKNOWN;
        op->u.session_find.state_len = is_found ? kept_session.state_len : 0;
        memcpy(op->u.session_find.state, kept_session.state, op->u.session_find.state_len);
        hf_op_finish(op, HF_OK);
    } else {
        hf_op_run(op);
    }
}

static bool answer_op(struct pair *p, struct pair_end *end)
{
    hf_op *op = hf_conn_op(end->conn);
    if (op == NULL) {
        return false;
    }
    if (p->on_op == NULL) {
        pair_answer(op);
        return true;
    }
    return p->on_op(p->ctx, op);
}

static bool feed(struct pair *p, struct pair_end *end)
{
    size_t give = p->chunk == 0 || p->chunk > end->in.len ? end->in.len : p->chunk;
    bool moved = false;
    while (end->in.len > 0) {
        hf_received r;
        hf_status s = hf_conn_recv(end->conn, end->in.data, give, &r);
        end->status = s;
        keep_data(end, &r);
        pipe_drop(&end->in, r.consumed);
        moved = moved || r.consumed > 0;
        if (s == HF_NEED_INPUT && give < end->in.len) {
            give++; /* a stream that trickles: the same start, one byte more */
            continue;
        }
        if (s != HF_OK) {
            break;
        }
        give = p->chunk == 0 || p->chunk > end->in.len ? end->in.len : p->chunk;
    }
    return moved;
}

bool pair_pump_end(struct pair *p, struct pair_end *end)
{
    bool moved = feed(p, end);
    if (hf_conn_op(end->conn) != NULL && answer_op(p, end)) {
        end->status = hf_conn_drive(end->conn);
        moved = true;
    }
    return collect(p, end) || moved;
}

void pair_settle(struct pair *p)
{
    for (int i = 0; i < ROUNDS_MAX; i++) {
        bool moved = pair_pump_end(p, &p->client);
        moved = pair_pump_end(p, &p->server) || moved;
        if (!moved) {
            return;
        }
    }
}

bool pair_handshake(struct pair *p)
{
    p->client.status = hf_conn_drive(p->client.conn);
    (void)collect(p, &p->client);
    pair_settle(p);
    return hf_conn_is_connected(p->client.conn) && hf_conn_is_connected(p->server.conn);
}

bool pair_send(struct pair *p, struct pair_end *from, const void *data, size_t len)
{
    struct pair_end *to = pair_other(p, from);
    uint8_t *room = must(malloc(len + len / 16 + FLUSH_CAP));
    hf_buf out = {room, len + len / 16 + FLUSH_CAP, 0};
    const size_t before = to->received_len;
    size_t taken;
    from->status = hf_conn_send(from->conn, (hf_span){data, len}, &out, &taken);
    pipe_put(&to->in, room, out.pos);
    free(room);
    pair_settle(p);
    return from->status == HF_OK && taken == len && to->received_len - before == len &&
           (len == 0 || memcmp(to->received + before, data, len) == 0);
}

/* --- Randomness and configurations ------------------------------------------------------------ */

bool pair_random(void *ctx, uint8_t *out, size_t len)
{
    struct pair_seed *seed = ctx;
    for (size_t i = 0; i < len; i++) {
        /* splitmix64 */
        uint64_t z = (seed->state += UINT64_C(0x9e3779b97f4a7c15));
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        out[i] = (uint8_t)(z ^ (z >> 31));
    }
    return true;
}

hf_identity *pair_identity(const struct pki *pki)
{
    hf_identity_source source = {.size = sizeof source,
                                 .chain = {(const uint8_t *)pki->chain_pem, strlen(pki->chain_pem)},
                                 .key = {(const uint8_t *)pki->key_pem, strlen(pki->key_pem)}};
    hf_identity *identity = NULL;
    hf_error e = {0};
    must_ok(hf_identity_load(&source, &e, &identity), &e);
    return identity;
}

hf_trust_store *pair_trust(const struct pki *pki)
{
    hf_error e = {0};
    hf_trust *trust = must(hf_trust_new());
    must_ok(hf_trust_add(trust, (hf_span){(const uint8_t *)pki->ca_pem, strlen(pki->ca_pem)}, &e),
            &e);
    hf_trust_store *store = must(hf_trust_store_new(trust));
    hf_trust_free(trust);
    return store;
}

static void set_trust(hf_config *config, const struct pki *pki)
{
    hf_trust_store *store = pair_trust(pki);
    must_ok(hf_config_set_trust(config, store), hf_config_error(config));
    hf_trust_store_free(store);
}

static void set_identity(hf_config *config, const struct pki *pki)
{
    hf_identity *identity = pair_identity(pki);
    hf_identity_store *store = must(hf_identity_store_new(&identity, 1));
    must_ok(hf_config_set_identities(config, store), hf_config_error(config));
    hf_identity_store_free(store);
    hf_identity_free(identity);
}

hf_config *pair_client_config(const struct pki *pki)
{
    hf_config *config = must(hf_config_new(HF_CLIENT, NULL));
    set_trust(config, pki);
    return config;
}

hf_config *pair_server_config(const struct pki *pki)
{
    hf_config *config = must(hf_config_new(HF_SERVER, NULL));
    set_identity(config, pki);
    return config;
}

void pair_make_mutual(hf_config *client, hf_config *server, const struct pki *client_pki)
{
    set_identity(client, client_pki);
    set_trust(server, client_pki);
    must_ok(hf_config_set_verify(server, HF_VERIFY_REQUIRE), hf_config_error(server));
}

const hf_config *pair_freeze(hf_config *config)
{
    must_ok(hf_config_freeze(config), hf_config_error(config));
    return config;
}
