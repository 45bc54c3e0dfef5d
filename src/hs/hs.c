/* Life and death of a handshake, and what all machines do alike: messages out, keys in, secrets
 * logged. */
#include "hs/hs.h"

#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/op.h"
#include "wire/iana.h"
#include "wire/wr.h"

enum {
    ARENA_SERVER = 1536, /* lists; share and secret, then signature */
    ARENA_CLIENT = 640,  /* signatures, lists; more where the key shares are larger */
    SHARED_SECRET = 64,  /* of the groups with large shares */
    INBOX_FLIGHT = 1280,
    VERBATIM_MIN = 2048, /* the messages of a common handshake with short chains */
    ARENA_ALIGN = 64,
    STRUCT_ALIGN = _Alignof(struct hs),
    ARENA_BESIDE = 192 * 1024, /* further chunks, beside a message and a decompressed one */
    POOL_LEN = HS_POOL_LEN,
    POOL_SERVER = 96 /* a hybrid share takes 64, ServerHello.random 32 */
};

static size_t padded(size_t n)
{
    return (n + 63) / 64 * 64;
}

/* The first chunk holds what a common handshake of this configuration needs, so that it
 * allocates once. */
static size_t arena_size(const hf_config *config)
{
    if (config->role == HF_SERVER) {
        return ARENA_SERVER;
    }
    /* What the key exchange took is given back before anything else is needed. */
    size_t n = SHARED_SECRET;
    for (size_t i = 0; i < config->key_shares.count; i++) {
        const hf_group *g = hf_provider_group(config->provider, config->key_shares.v[i]);
        n += padded(g->private_size) + padded(g->client_share_len);
    }
    return n < ARENA_CLIENT ? ARENA_CLIENT : n;
}

struct hs *hs_new(const struct hs_args *args)
{
    size_t arena = arena_size(args->config);
    /* Where the aligned arena can begin is the allocator's luck, which may not cost a chunk. */
    size_t size = sizeof(struct hs) + ARENA_ALIGN - STRUCT_ALIGN + arena;
    struct hs *hs = mem_alloc_partly(size, sizeof *hs);
    if (hs == NULL) {
        return NULL;
    }
    hs->pool_at = POOL_LEN;
    arena_init(&hs->arena, (uint8_t *)(hs + 1), size - sizeof *hs,
               ARENA_BESIDE + (size_t)args->config->limits.handshake_message +
                   args->config->limits.decompressed);
    hs->config = hf_config_ref(args->config);
    hs->sink = args->sink;
    hs->owner = args->owner;
    hs->error = args->error;
    hs->tr = args->tr;
    hs->in = args->in;
    hs->in->spare = hs->inbox_spare;
    hs->result = args->result;
    hs->now_ms = args->now_ms;
    hs->op.user = args->user;
    hs->op.internal = hs;
    hs->write_level = HF_LEVEL_PLAIN;
    if (args->config->role == HF_CLIENT) {
        /* So that a server's flight of common size finds the room that its ServerHello took. */
        hs->in->first_cap = INBOX_FLIGHT;
        hs->state = HS_CLI_START;
        hs->c.server_name = args->server_name;
        hs->c.sni = args->sni;
        hs->c.session = args->session == NULL ? NULL : hf_session_ref(args->session);
        hs->c.early = args->early_data;
    } else {
        hs->state = HS_SRV_READ_CLIENT_HELLO;
        hs->s.peer_address = args->peer_address;
        hs->s.psk_index = -1;
    }
    return hs;
}

static void free_own_share(struct hs_server *s)
{
    if (s->own.priv != NULL) {
        s->own.group->clear(s->own.priv);
    }
}

static void free_shares(struct hs_client *c)
{
    for (size_t i = 0; i < c->share_count; i++) {
        if (c->shares[i].priv != NULL) {
            c->shares[i].group->clear(c->shares[i].priv);
        }
    }
}

void hs_free(struct hs *hs)
{
    if (hs == NULL) {
        return;
    }
    op_discard(&hs->op);
    if (hs->in->buf == hs->inbox_spare) {
        inbox_clear(hs->in);
    }
    hs->in->spare = NULL;
    hs->in->first_cap = 0;
    if (hs->config->role == HF_CLIENT) {
        free_shares(&hs->c);
        hf_session_free(hs->c.session);
        hf_session_free(hs->c.session12);
    } else {
        free_own_share(&hs->s);
    }
    mem_free(hs->verbatim.data, hs->verbatim.cap);
    hf_identity_free(hs->identity);
    arena_clear(&hs->arena);
    hf_config_free((hf_config *)(uintptr_t)hs->config);
    mem_free(hs, sizeof *hs); /* the arena behind it is wiped already */
}

void hs_result_forget_secrets(struct hs_result *r)
{
    secret_wipe(&r->client_app);
    secret_wipe(&r->server_app);
    secret_wipe(&r->exporter);
    for (size_t i = 0; r->resumption != NULL && i < r->resumption->session_count; i++) {
        hf_session_free(r->resumption->session[i]);
    }
    if (r->resumption != NULL) {
        mem_free(r->resumption->stored_id, MSG_SESSION_ID_MAX);
    }
    mem_free(r->resumption, sizeof *r->resumption);
    mem_free(r->post_transcript, sizeof *r->post_transcript);
    mem_free(r->master, sizeof *r->master);
    r->master = NULL;
    r->resumption = NULL;
    r->post_transcript = NULL;
}

void hs_result_clear(struct hs_result *r)
{
    if (r->server_name != NULL) {
        mem_free(r->server_name, strlen(r->server_name) + 1);
    }
    if (r->chain != NULL) {
        mem_free(r->chain, r->chain->block_size);
    }
    hs_result_forget_secrets(r);
    hf_wipe(r, sizeof *r);
}

static void keep_raw(struct hs_verbatim *v, hf_span raw)
{
    if (!v->on || v->short_of_memory) {
        return;
    }
    if (v->cap - v->len < raw.len) {
        const size_t twice = 2 * (v->len + raw.len);
        const size_t cap = twice < VERBATIM_MIN ? VERBATIM_MIN : twice;
        uint8_t *grown = mem_alloc(cap);
        if (grown == NULL) {
            v->short_of_memory = true;
            return;
        }
        if (v->len > 0) {
            memcpy(grown, v->data, v->len);
        }
        mem_free(v->data, v->cap);
        v->data = grown;
        v->cap = cap;
    }
    memcpy(v->data + v->len, raw.data, raw.len);
    v->len += raw.len;
}

void hs_keep_verbatim(struct hs *hs)
{
    hs->verbatim.on = true;
}

void hs_forget_verbatim(struct hs *hs)
{
    mem_free(hs->verbatim.data, hs->verbatim.cap);
    hs->verbatim = (struct hs_verbatim){.on = false};
}

hf_status hs_take_verbatim(struct hs *hs, hf_span *out)
{
    hs->verbatim.on = false;
    if (hs->verbatim.short_of_memory) {
        return hs_no_memory(hs);
    }
    *out = span_of(hs->verbatim.data, hs->verbatim.len);
    return HF_OK;
}

hf_status hs_begin(struct hs *hs, enum message_type type, size_t hint, struct wr *w)
{
    uint8_t *room = hs->sink->reserve(hs->owner, hs->write_level, MSG_HEADER_LEN + hint);
    if (room == NULL) {
        return hs_no_memory(hs);
    }
    *w = wr_of(room, MSG_HEADER_LEN + hint);
    wr_u8(w, (uint8_t)type);
    wr_u24(w, 0);
    return HF_OK;
}

hf_status hs_end(struct hs *hs, struct wr *w)
{
    wr_close(w, MSG_HEADER_LEN, 3);
    if (w->bad) {
        return err_raise(hs->error, HF_E_INTERNAL, "%s does not fit its room of %zu bytes",
                         iana_handshake_title(w->buf[0]), w->cap);
    }
    hf_span raw = span_of(w->buf, w->len);
    if (hs->transcript.hash != NULL) {
        transcript_add(&hs->transcript, raw);
    }
    keep_raw(&hs->verbatim, raw);
    TRACE(hs->tr, HF_EV_MESSAGE, message, .direction = HF_SENT, .level = hs->write_level,
          .type = raw.data[0], .name = iana_handshake_title(raw.data[0]), .bytes = raw,
          .offset = hs->result->sent_total);
    hs->result->sent_total += raw.len;
    return hs->sink->commit(hs->owner, raw.len);
}

void hs_release_message(struct hs *hs)
{
    if (hs->held) {
        hs->held = false;
        inbox_drop(hs->in, &hs->msg);
    }
    inbox_trim(hs->in);
}

void hs_expect(struct hs *hs, size_t bytes)
{
    (void)hs->sink->reserve(hs->owner, hs->write_level, bytes);
}

void hs_hash_received(struct hs *hs)
{
    transcript_add(&hs->transcript, hs->msg.raw);
    keep_raw(&hs->verbatim, hs->msg.raw);
}

/* The keys of a direction are about to change. */
static hf_status change_level(struct hs *hs, hf_direction direction, hf_level level)
{
    if (direction == HF_SENT) {
        hs->write_level = level;
        return HF_OK;
    }
    /* RFC 9846, 5.1: messages must not span key changes. */
    size_t held = hs->held ? hs->msg.raw.len : 0;
    if (hs->in->start + held != hs->in->len) {
        return err_raise(hs->error, HF_E_KEY_CHANGE_MID_MESSAGE, "%zu bytes stand behind %s",
                         hs->in->len - hs->in->start - held, iana_handshake_title(hs->msg.type));
    }
    hs->read_level = level;
    return HF_OK;
}

hf_status hs_install_keys(struct hs *hs, hf_direction direction, const uint8_t *key,
                          const uint8_t *iv)
{
    TRY(change_level(hs, direction, HF_LEVEL_APPLICATION));
    return hs->sink->install_keys(hs->owner, direction, HF_LEVEL_APPLICATION, &hs->result->suite,
                                  key, iv);
}

hf_status hs_install(struct hs *hs, hf_direction direction, hf_level level,
                     const struct secret *secret)
{
    TRY(change_level(hs, direction, level));
    return hs->sink->install(hs->owner, direction, level, &hs->result->suite, secret);
}

void hs_log_secret(struct hs *hs, const char *label, const struct secret *secret)
{
    TRACE(hs->tr, HF_EV_SECRET, secret, .label = label,
          .client_random = span_of(hs->client_random, MSG_RANDOM_LEN),
          .secret = secret_span(secret));
}

struct hs_resumption *hs_need_resumption(struct hs *hs)
{
    if (hs->result->resumption == NULL) {
        hs->result->resumption = mem_alloc(sizeof(struct hs_resumption));
    }
    return hs->result->resumption;
}

void hs_keep_session(struct hs_resumption *r, hf_session *session)
{
    if (r->session_count == HS_SESSIONS_MAX) {
        hf_session_free(hs_take_session(r));
    }
    r->session[r->session_count++] = session;
}

hf_session *hs_take_session(struct hs_resumption *r)
{
    if (r == NULL || r->session_count == 0) {
        return NULL;
    }
    hf_session *const oldest = r->session[0];
    r->session_count--;
    for (size_t i = 0; i < r->session_count; i++) {
        r->session[i] = r->session[i + 1];
    }
    return oldest;
}

void *hs_alloc(struct hs *hs, size_t n)
{
    return arena_alloc(&hs->arena, n);
}

hf_status hs_no_memory(struct hs *hs)
{
    return err_raise(hs->error, HF_E_NO_MEMORY, NULL);
}

bool hs_pool_random(void *ctx, uint8_t *out, size_t n)
{
    struct hs *hs = ctx;
    const hf_config *config = hs->config;
    while (n > 0) {
        if (hs->pool_at == POOL_LEN) {
            size_t fresh = config->role == HF_SERVER ? POOL_SERVER : POOL_LEN;
            if (!config->random(config->random_ctx, hs->pool + POOL_LEN - fresh, fresh)) {
                return false;
            }
            hs->pool_at = (uint16_t)(POOL_LEN - fresh);
        }
        size_t left = (size_t)(POOL_LEN - hs->pool_at);
        size_t take = n < left ? n : left;
        memcpy(out, hs->pool + hs->pool_at, take);
        hf_wipe(hs->pool + hs->pool_at, take);
        hs->pool_at = (uint16_t)(hs->pool_at + take);
        out += take;
        n -= take;
    }
    return true;
}

hf_status hs_random(struct hs *hs, uint8_t *out, size_t n)
{
    return hs_pool_random(hs, out, n) ? HF_OK : err_raise(hs->error, HF_E_RANDOM, NULL);
}
