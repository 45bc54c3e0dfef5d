#include "support/rfc8448.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/mem.h"
#include "base/span.h"
#include "hs/op.h"
#include "identity/identity_int.h"

/* --- The text --------------------------------------------------------------------------------- */

struct row {
    int section;
    hf_role actor;
    const char *step, *item, *hex;
};

static const struct row rows[] = {
#define X(section, actor, step, item, hex) {section, HF_##actor, step, item, hex},
#include "vector/rfc8448.inc"
#undef X
};

enum { ROWS = sizeof rows / sizeof rows[0], BYTES_MAX = 40000 };

static unsigned nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* A row's bytes, decoded with all others at the first call. */
static hf_span row_bytes(size_t i)
{
    static uint8_t bytes[BYTES_MAX];
    static hf_span decoded[ROWS];
    static bool is_done;
    for (size_t k = 0, at = 0; !is_done && k < ROWS; k++) {
        const char *hex = rows[k].hex;
        const size_t len = strlen(hex) / 2;
        assert_true(len <= sizeof bytes - at);
        for (size_t b = 0; b < len; b++) {
            bytes[at + b] = (uint8_t)(nibble(hex[2 * b]) << 4 | nibble(hex[2 * b + 1]));
        }
        decoded[k] = span_of(bytes + at, len);
        at += len;
    }
    is_done = true;
    return decoded[i];
}

hf_span rfc8448(int section, hf_role actor, const char *step, const char *item, size_t nth)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        if (row->section == section && row->actor == actor && strcmp(row->step, step) == 0 &&
            strcmp(row->item, item) == 0 && nth-- == 0) {
            return row_bytes(i);
        }
    }
    fail_msg("RFC 8448, %d has no such value: %s, %s", section, step, item);
    return span_of(NULL, 0);
}

hf_span rfc8448_record(int section, hf_role actor, const char *kind, size_t nth)
{
    char step[64];
    (void)snprintf(step, sizeof step, "send %s record", kind);
    return rfc8448(section, actor, step, "complete record", nth);
}

hf_span rfc8448_message(int section, hf_role actor, const char *name, size_t nth)
{
    char step[64];
    const char *article = strchr("AEIOU", name[0]) != NULL ? "an" : "a";
    (void)snprintf(step, sizeof step, "construct %s %s handshake message", article, name);
    return rfc8448(section, actor, step, name, nth);
}

/* --- The text's key schedule ------------------------------------------------------------------ */

/* The item of the step that row i belongs to; the rows of a step stand together. */
static hf_span item_beside(size_t i, const char *item)
{
    size_t first = i;
    while (first > 0 && rows[first - 1].section == rows[i].section &&
           rows[first - 1].step == rows[i].step) {
        first--;
    }
    for (size_t k = first; k < ROWS && strcmp(rows[k].step, rows[i].step) == 0; k++) {
        if (strcmp(rows[k].item, item) == 0) {
            return row_bytes(k);
        }
    }
    return span_of(NULL, 0);
}

size_t rfc8448_steps(int section, struct rfc8448_step out[RFC8448_STEPS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const char *item = rows[i].item;
        if (rows[i].section != section) {
            continue;
        }
        assert_true(n < RFC8448_STEPS_MAX);
        if (strcmp(item, "secret") == 0) {
            out[n++] = (struct rfc8448_step){rows[i].step, "Extract", item_beside(i, "IKM"),
                                             item_beside(i, "salt"), row_bytes(i)};
        } else if (strcmp(item, "expanded") == 0) {
            out[n++] = (struct rfc8448_step){rows[i].step, "Expand-Label", item_beside(i, "PRK"),
                                             item_beside(i, "hash"), row_bytes(i)};
        } else if (strcmp(item, "key expanded") == 0 || strcmp(item, "iv expanded") == 0) {
            out[n++] = (struct rfc8448_step){rows[i].step, "Expand-Label", item_beside(i, "PRK"),
                                             span_of(NULL, 0), row_bytes(i)};
        }
    }
    return n;
}

/* --- Watching --------------------------------------------------------------------------------- */

static size_t keep(uint8_t to[REPLAY_KEY_BYTES], hf_span from)
{
    assert_true(from.len <= REPLAY_KEY_BYTES);
    if (from.len > 0) {
        memcpy(to, from.data, from.len);
    }
    return from.len;
}

static void on_event(void *ctx, const hf_event *event)
{
    struct replay *r = ctx;
    if (event->kind == HF_EV_KEY_STEP) {
        assert_true(r->step_count < RFC8448_STEPS_MAX);
        struct replay_key_step *s = &r->step[r->step_count++];
        s->kind = event->u.key_step.step;
        s->in_len = keep(s->in, event->u.key_step.in);
        s->context_len = keep(s->context, event->u.key_step.salt_or_context);
        s->out_len = keep(s->out, event->u.key_step.out);
    }
    if (event->kind == HF_EV_SECRET) {
        assert_true(r->secret_count < REPLAY_SECRETS);
        struct replay_secret *s = &r->secret[r->secret_count++];
        (void)snprintf(s->label, sizeof s->label, "%s", event->u.secret.label);
        assert_int_equal(event->u.secret.client_random.len, sizeof s->client_random);
        memcpy(s->client_random, event->u.secret.client_random.data, sizeof s->client_random);
        s->len = keep(s->bytes, event->u.secret.secret);
    }
}

static bool is_zero(hf_span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] != 0) {
            return false;
        }
    }
    return true;
}

/* The text writes a salt of zeros as "0 (all zero octets)", which stands here as nothing. */
static bool same_step(const struct replay_key_step *ours, const struct rfc8448_step *theirs)
{
    const hf_span context = span_of(ours->context, ours->context_len);
    return strcmp(ours->kind, theirs->kind) == 0 &&
           span_eq(span_of(ours->in, ours->in_len), theirs->in) &&
           span_eq(span_of(ours->out, ours->out_len), theirs->out) &&
           (span_eq(context, theirs->context) || (theirs->context.len == 0 && is_zero(context)));
}

static bool is_excepted(const char *name, const char *const *but)
{
    for (; *but != NULL; but++) {
        if (strncmp(name, *but, strlen(*but)) == 0) {
            return true;
        }
    }
    return false;
}

void replay_check_keys(const struct replay *r, const char *const *but)
{
    struct rfc8448_step theirs[RFC8448_STEPS_MAX];
    bool is_used[RFC8448_STEPS_MAX] = {false};
    const size_t count = rfc8448_steps(r->section, theirs);
    if (r->trace.wanted == 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_found = false;
        for (size_t k = 0; k < r->step_count; k++) { /* with a key, some are done again */
            const bool is_same = same_step(&r->step[k], &theirs[i]);
            is_used[k] = is_used[k] || is_same;
            is_found = is_found || is_same;
        }
        if (!is_found && !is_excepted(theirs[i].name, but)) {
            fail_msg("RFC 8448, %d: not computed: %s", r->section, theirs[i].name);
        }
    }
    size_t unshown = 0;
    for (size_t k = 0; k < r->step_count; k++) {
        if (!is_used[k] && ++unshown > r->unshown) {
            fail_msg("RFC 8448, %d: step %zu of ours, %s, is not in the text", r->section, k,
                     r->step[k].kind);
        }
    }
}

void replay_check_log(const struct replay *r)
{
    enum { EARLY = 2 };
    static const char *const all[][2] = {
        {"CLIENT_EARLY_TRAFFIC_SECRET", "derive secret 'tls13 c e traffic'"},
        {"EARLY_EXPORTER_SECRET", "derive secret 'tls13 e exp master'"},
        {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "derive secret 'tls13 c hs traffic'"},
        {"SERVER_HANDSHAKE_TRAFFIC_SECRET", "derive secret 'tls13 s hs traffic'"},
        {"CLIENT_TRAFFIC_SECRET_0", "derive secret 'tls13 c ap traffic'"},
        {"SERVER_TRAFFIC_SECRET_0", "derive secret 'tls13 s ap traffic'"},
        {"EXPORTER_SECRET", "derive secret 'tls13 exp master'"},
    };
    enum { COUNT = sizeof all / sizeof all[0], RANDOM_AT = MSG_HEADER_LEN + 2 };
    if (r->trace.wanted == 0) {
        return;
    }
    const hf_span hello = rfc8448_message(r->section, HF_CLIENT, "ClientHello", 0);
    const bool is_early = r->session != NULL || r->ticket_state.len > 0;
    const size_t first = is_early ? 0 : EARLY;
    assert_int_equal(r->secret_count, COUNT - first);
    for (size_t i = first; i < COUNT; i++) {
        const hf_role teller = i < EARLY ? HF_CLIENT : HF_SERVER;
        const hf_span expected = rfc8448(r->section, teller, all[i][1], "expanded", 0);
        size_t k = 0;
        while (k < r->secret_count && strcmp(r->secret[k].label, all[i][0]) != 0) {
            k++;
        }
        assert_true(k < r->secret_count && (is_early || k == i - first));
        assert_memory_equal(r->secret[k].client_random, hello.data + RANDOM_AT, 32);
        assert_int_equal(r->secret[k].len, expected.len);
        assert_memory_equal(r->secret[k].bytes, expected.data, expected.len);
    }
}

/* --- Randomness and operations ---------------------------------------------------------------- */

/* The recorded draws as one stream, as the engine draws ahead; what it draws beyond them it does
 * not use. */
static bool random_from_trace(void *ctx, uint8_t *out, size_t len)
{
    struct replay *r = ctx;
    memset(out, 0, len);
    for (size_t at = 0; at < len && r->draw_next < r->draw_count; r->draw_next++) {
        hf_span draw = r->draw[r->draw_next];
        if (draw.len > len - at) {
            return false;
        }
        memcpy(out + at, draw.data, draw.len);
        at += draw.len;
    }
    return true;
}

void replay_draw(struct replay *r, hf_span bytes)
{
    assert_true(r->draw_count < REPLAY_DRAWS);
    r->draw[r->draw_count++] = bytes;
}

/* The recorded end's certificate, out of its Certificate message: context<0..2^8-1>,
 * list<0..2^24-1>. */
static hf_span recorded_certificate(int section, hf_role actor)
{
    struct certificate message;
    struct certificate_entry entry;
    hf_error error = {0};
    hf_span raw = rfc8448_message(section, actor, "Certificate", 0);
    hf_span body = span_of(raw.data + MSG_HEADER_LEN, raw.len - MSG_HEADER_LEN);
    assert_int_equal(certificate_parse(body, &error, &message), HF_OK);
    struct rd list = rd_of(message.list);
    assert_int_equal(certificate_next(&list, &error, &entry), HF_OK);
    assert_true(rd_done(&list));
    return entry.data;
}

static struct certificate_verify recorded_proof(int section, hf_role actor)
{
    struct certificate_verify proof;
    hf_error error = {0};
    hf_span raw = rfc8448_message(section, actor, "CertificateVerify", 0);
    hf_span body = span_of(raw.data + MSG_HEADER_LEN, raw.len - MSG_HEADER_LEN);
    assert_int_equal(certificate_verify_parse(body, &error, &proof), HF_OK);
    return proof;
}

/* Verifies with libcrypto alone: the recorded RSA keys have 1024 bits, which our provider
 * refuses. */
static bool is_signed(EVP_PKEY *key, uint16_t scheme, hf_span message, hf_span signature)
{
    enum { ECDSA_SECP256R1_SHA256 = 0x0403, RSA_PSS_RSAE_SHA256 = 0x0804 };
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL;
    assert_non_null(md);
    assert_true(scheme == ECDSA_SECP256R1_SHA256 || scheme == RSA_PSS_RSAE_SHA256);
    bool ok = key != NULL && EVP_DigestVerifyInit(md, &ctx, EVP_sha256(), NULL, key) == 1;
    if (ok && scheme == RSA_PSS_RSAE_SHA256) {
        ok = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    }
    ok = ok && EVP_DigestVerify(md, signature.data, signature.len, message.data, message.len) == 1;
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    return ok;
}

static EVP_PKEY *key_of_certificate(hf_span certificate)
{
    const unsigned char *at = certificate.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)certificate.len);
    EVP_PKEY *key = x509 == NULL ? NULL : X509_get_pubkey(x509);
    X509_free(x509);
    return key;
}

static EVP_PKEY *key_of_spki(hf_span spki)
{
    const unsigned char *at = spki.data;
    return d2i_PUBKEY(NULL, &at, (long)spki.len);
}

/* The provider's sign and free: the "private key" is the replay. */
static bool sign_as_recorded(const hf_private_key *key, uint16_t scheme, hf_span message,
                             uint8_t *sig, size_t *sig_len)
{
    const struct replay *r = (const struct replay *)(const void *)key;
    const struct certificate_verify proof = recorded_proof(r->section, r->role);
    assert_int_equal(scheme, proof.algorithm);
    assert_true(is_signed(key_of_certificate(recorded_certificate(r->section, r->role)), scheme,
                          message, proof.signature));
    assert_true(proof.signature.len <= *sig_len);
    memcpy(sig, proof.signature.data, proof.signature.len);
    *sig_len = proof.signature.len;
    return true;
}

static void free_nothing(hf_private_key *key)
{
    (void)key;
}

/* Built by hand: hf_identity_load rightly refuses an RSA key of 1024 bits. */
static hf_identity *recorded_identity(struct replay *r)
{
    hf_error error = {0};
    hf_identity *identity = mem_alloc(sizeof *identity);
    assert_non_null(identity);
    ref_init(&identity->ref);
    identity->provider = &r->provider;
    identity->key = (hf_private_key *)(void *)r;
    assert_int_equal(x5_bundle_load(recorded_certificate(r->section, r->role), X5_BUNDLE_ALL,
                                    &error, &identity->chain),
                     HF_OK);
    /* The recorded keys are RSA, but for the client's of section 6. */
    identity->kind =
        recorded_proof(r->section, r->role).algorithm == 0x0403 ? HF_KEY_P256 : HF_KEY_RSA;
    return identity;
}

static void answer_verify_chain(const struct replay *r, hf_op *op)
{
    const hf_role peer = r->role == HF_CLIENT ? HF_SERVER : HF_CLIENT;
    const hf_span expected = recorded_certificate(r->section, peer);
    assert_int_equal(op->u.verify_chain.count, 1);
    assert_int_equal(op->u.verify_chain.chain[0].len, expected.len);
    assert_memory_equal(op->u.verify_chain.chain[0].data, expected.data, expected.len);
    op->u.verify_chain.verdict.accepted = true;
}

static void answer(struct replay *r, hf_op *op)
{
    if (r->on_op != NULL) {
        r->on_op(r, op);
    }
    switch (op->kind) {
    case HF_OP_CHOOSE_IDENTITY:
        op->u.choose_identity.identity = recorded_identity(r);
        op->u.choose_identity.scheme = recorded_proof(r->section, r->role).algorithm;
        break;
    case HF_OP_VERIFY_CHAIN:
        answer_verify_chain(r, op);
        break;
    case HF_OP_VERIFY_SIGNATURE:
        op->u.verify_signature.valid =
            is_signed(key_of_spki(op->u.verify_signature.spki), op->u.verify_signature.scheme,
                      op->u.verify_signature.message, op->u.verify_signature.signature);
        break;
    case HF_OP_TICKET_OPEN:
        assert_true(r->ticket_state.len > 0 && r->ticket_state.len <= op->u.ticket_open.capacity);
        memcpy(op->u.ticket_open.state, r->ticket_state.data, r->ticket_state.len);
        op->u.ticket_open.state_len = r->ticket_state.len;
        op->u.ticket_open.single_use = true;
        break;
    default:
        /* As an operation of the connection's own, with its random bytes. */
        op_run(op, &(struct op_context){&r->conn->tr, hs_pool_random, r->conn->hs});
        return;
    }
    hf_op_finish(op, HF_OK);
}

/* --- The connection --------------------------------------------------------------------------- */

hf_config *replay_config(struct replay *r, hf_role role)
{
    const unsigned outside = HF_OP_BIT(HF_OP_CHOOSE_IDENTITY) | HF_OP_BIT(HF_OP_VERIFY_CHAIN) |
                             HF_OP_BIT(HF_OP_VERIFY_SIGNATURE);
    memset(r, 0, sizeof *r);
    r->provider = *hf_provider_default();
    r->provider.sign = sign_as_recorded;
    r->provider.private_key_free = free_nothing;
    hf_config *config = hf_config_new(role, &r->provider);
    assert_non_null(config);
    assert_int_equal(hf_config_set_random(config, random_from_trace, r), HF_OK);
    assert_int_equal(hf_config_external_ops(config, outside), HF_OK);
    assert_int_equal(hf_config_set_grease(config, false), HF_OK);
    /* All ends of the traces announce the largest limit. */
    assert_int_equal(hf_config_set_record_size_limit(config, 16385), HF_OK);
    return config;
}

void replay_open(struct replay *r, int section, const hf_config *config, bool watch)
{
    r->section = section;
    r->role = config->role;
    r->trace = (hf_trace){.event = on_event, .ctx = r};
    r->trace.wanted = watch ? HF_EV_BIT(HF_EV_KEY_STEP) | HF_EV_BIT(HF_EV_SECRET) : 0;
    const hf_conn_params params = {.size = sizeof params,
                                   .now_ms = r->now_ms,
                                   .server_name = r->role == HF_CLIENT ? "server" : NULL,
                                   .session = r->session,
                                   .early_data = r->session != NULL,
                                   .trace = &r->trace};
    assert_int_equal(hf_conn_new(config, &params, &r->conn), HF_OK);
}

void replay_close(struct replay *r)
{
    hf_conn_free(r->conn);
    r->conn = NULL;
}

static void collect(struct replay *r)
{
    hf_buf room = {r->out, sizeof r->out, r->out_len};
    assert_int_equal(hf_conn_flush(r->conn, &room), HF_OK);
    r->out_len = room.pos;
}

static void must_go_on(const struct replay *r, hf_status status)
{
    if (status == HF_FAILED) {
        const hf_error *e = hf_conn_error(r->conn);
        fail_msg("RFC 8448, %d: %s in %s: %s", r->section, hf_err_lookup(e->code)->name, e->state,
                 e->detail);
    }
    assert_true(status == HF_OK || status == HF_NEED_INPUT);
}

void replay_drive(struct replay *r)
{
    enum { OPS_MAX = 16 };
    hf_status status = hf_conn_drive(r->conn);
    for (int i = 0; status == HF_NEED_OP && i < OPS_MAX; i++) {
        answer(r, hf_conn_op(r->conn));
        status = hf_conn_drive(r->conn);
    }
    must_go_on(r, status);
    collect(r);
}

void replay_feed(struct replay *r, hf_span record)
{
    uint8_t copy[1024];
    hf_received got;
    assert_true(record.len <= sizeof copy);
    memcpy(copy, record.data, record.len);
    hf_status status = hf_conn_recv(r->conn, copy, record.len, &got);
    assert_true(status == HF_FAILED || got.consumed == record.len);
    if (status == HF_NEED_OP) {
        replay_drive(r);
    } else {
        must_go_on(r, status);
        collect(r);
    }
    if (got.kind == HF_GOT_DATA || got.kind == HF_GOT_EARLY_DATA) {
        assert_true(got.len <= sizeof r->data - r->data_len);
        memcpy(r->data + r->data_len, got.data, got.len);
        r->data_len += got.len;
    }
    r->got_close = r->got_close || got.kind == HF_GOT_CLOSE;
}

void replay_expect(struct replay *r, hf_span record)
{
    assert_true(r->out_len >= record.len);
    assert_memory_equal(r->out, record.data, record.len);
    memmove(r->out, r->out + record.len, r->out_len - record.len);
    r->out_len -= record.len;
}

void replay_send(struct replay *r, hf_span data, hf_span record)
{
    hf_buf room = {r->out, sizeof r->out, r->out_len};
    size_t taken;
    assert_int_equal(hf_conn_send(r->conn, data, &room, &taken), HF_OK);
    assert_int_equal(taken, data.len);
    r->out_len = room.pos;
    replay_expect(r, record);
}

void replay_expect_end(struct replay *r)
{
    collect(r);
    assert_int_equal(r->out_len, 0);
    assert_int_equal(r->draw_next, r->draw_count);
}
