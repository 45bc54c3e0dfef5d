/* The built-in answers to operations, from the configuration alone. */
#include "hs/op.h"

#include <handfast/config.h>

#include "base/span.h"
#include "base/status.h"
#include "config/config.h"
#include "identity/identity.h"
#include "session/state.h"
#include "store/chain_cache.h"
#include "store/ticket.h"
#include "x509/x509.h"

static hf_status run_choose_identity(hf_op *op, const struct tracer *tr)
{
    const hf_config *config = op->config;
    uint16_t allowed[CONFIG_LIST_MAX];
    size_t allowed_count = 0;
    for (size_t i = 0; i < config->sigalgs.count; i++) {
        if (op->u.choose_identity.tls12 || op_scheme_signs_tls13(config->sigalgs.v[i])) {
            allowed[allowed_count++] = config->sigalgs.v[i];
        }
    }
    const bool is_client = config->role == HF_CLIENT;
    if (config->identities == NULL) {
        return is_client ? HF_OK : err_raise(&op->error, HF_E_NO_CERTIFICATE, NULL);
    }
    struct identity_want want = {
        .server_name = op->u.choose_identity.server_name,
        .strict_name = config->strict_sni,
        .schemes = op->u.choose_identity.schemes,
        .scheme_count = op->u.choose_identity.scheme_count,
        .cert_schemes = op->u.choose_identity.cert_schemes,
        .cert_scheme_count = op->u.choose_identity.cert_scheme_count,
        .allowed = allowed,
        .allowed_count = allowed_count,
        .key_transport = op->u.choose_identity.key_transport,
        .authorities = op->u.choose_identity.authorities,
        .authority_count = op->u.choose_identity.authority_count,
    };
    struct identity_choice choice = {0};
    hf_status s = identity_choose(config->identities, &want, tr, &op->error, &choice);
    if (s != HF_OK && is_client) {
        /* RFC 9846, 4.5.1.2: a client without a fitting certificate shows none. */
        op->error.code = HF_E_NONE;
        return HF_OK;
    }
    TRY(s);
    op->u.choose_identity.identity = choice.identity;
    op->u.choose_identity.scheme = choice.scheme;
    op->u.choose_identity.index = (uint32_t)choice.index;
    return HF_OK;
}

static hf_status run_sign(hf_op *op)
{
    const hf_private_key *key = hf_identity_key(op->u.sign.identity);
    if (key == NULL) {
        return err_raise(&op->error, HF_E_SIGN,
                         "the key lives elsewhere and nobody answered the sign operation");
    }
    size_t len = op->u.sign.capacity;
    if (!op->config->provider->sign(key, op->u.sign.scheme, op->u.sign.message,
                                    op->u.sign.signature, &len)) {
        return err_raise(&op->error, HF_E_SIGN, NULL);
    }
    op->u.sign.signature_len = len;
    return HF_OK;
}

/* Every path that was looked at, for those who watch. */
static void trace_path(void *ctx, const struct x5_told *told)
{
    const struct tracer *tr = ctx;
    TRACE(tr, HF_EV_CANDIDATE, candidate, .about = HF_DECIDE_CERTIFICATE,
          .value = (uint32_t)told->count, .name = told->verdict->subject,
          .accepted = told->verdict->accepted, .reason = told->verdict->detail);
}

/* A verdict that was remembered: no path was looked at. */
static void trace_remembered(const struct tracer *tr, const hf_verdict *verdict)
{
    char reason[sizeof verdict->detail + 32];
    struct text t;
    x5_text_init(&t, reason, sizeof reason);
    x5_text_words(&t, "believed before, ");
    x5_text_words(&t, verdict->detail);
    TRACE(tr, HF_EV_CANDIDATE, candidate, .about = HF_DECIDE_CERTIFICATE, .value = 0,
          .name = verdict->subject, .accepted = true, .reason = reason);
}

/* The verdict over a chain, a remembered one where there is one. */
static hf_status judge_chain(hf_chain_cache *cache, const struct x5_request *request,
                             const struct tracer *tr, hf_verdict *verdict)
{
    if (cache == NULL) {
        return x5_verify_chain(request, verdict);
    }
    uint8_t key[STORE_CHAIN_KEY_LEN];
    x5_request_digest(request, key);
    if (store_chain_find(cache, key, request->now_s, verdict)) {
        verdict->tried = 0;
        if (TRACE_ON(tr, HF_EV_CANDIDATE)) {
            trace_remembered(tr, verdict);
        }
        return HF_OK;
    }
    TRY(x5_verify_chain(request, verdict));
    store_chain_put(cache, key, verdict);
    return HF_OK;
}

/* A ciphertext of a wrong length too gets random bytes: Finished will not fit them. */
static hf_status run_decrypt(hf_op *op, const struct op_context *context)
{
    enum { PREMASTER_LEN = 48 };
    const hf_private_key *key = hf_identity_key(op->u.decrypt.identity);
    uint8_t *premaster = op->u.decrypt.premaster;
    if (key == NULL) {
        return err_raise(&op->error, HF_E_SIGN,
                         "the key lives elsewhere and nobody answered the decrypt operation");
    }
    if (op->config->provider->rsa_decrypt_premaster(key, op->u.decrypt.ciphertext, premaster)) {
        return HF_OK;
    }
    return context->random(context->random_ctx, premaster, PREMASTER_LEN)
               ? HF_OK
               : err_raise(&op->error, HF_E_RANDOM, NULL);
}

static hf_status run_verify_chain(hf_op *op, const struct tracer *tr)
{
    const hf_config *config = op->config;
    hf_verdict *verdict = &op->u.verify_chain.verdict;
    *verdict = (hf_verdict){.depth = -1};
    /* A server's HF_VERIFY_NONE means that it does not ask; what it asks for after the handshake it
     * verifies all the same. */
    if (config->verify == HF_VERIFY_NONE && op->u.verify_chain.peer == HF_SERVER) {
        verdict->accepted = true;
        return HF_OK;
    }
    hf_trust *trust = config->trust == NULL ? NULL : hf_trust_store_current(config->trust);
    if (trust == NULL) {
        return err_raise(&op->error, HF_E_CERTIFICATE_UNKNOWN_CA,
                         "no trust anchors are configured");
    }
    struct tracer watching = {.wanted = 0};
    if (tr != NULL) {
        watching = *tr;
    }
    struct x5_request request = {
        .trust = trust,
        .chain = op->u.verify_chain.chain,
        .count = op->u.verify_chain.count,
        .peer = op->u.verify_chain.peer,
        .name = op->u.verify_chain.name,
        .now_s = op->u.verify_chain.now_s,
        .max_depth = config->limits.chain_depth,
        .ocsp_response = op->u.verify_chain.ocsp_response,
        .staple_expected = config->request_status && op->u.verify_chain.peer == HF_SERVER,
        .key_transport = op->u.verify_chain.key_transport,
        .listen = TRACE_ON(&watching, HF_EV_CANDIDATE) ? trace_path : NULL,
        .listen_ctx = &watching,
    };
    hf_status s = judge_chain(config->chain_cache, &request, &watching, verdict);
    hf_trust_free(trust);
    return s == HF_OK ? HF_OK : err_raise(&op->error, HF_E_NO_MEMORY, NULL);
}

/* RFC 9846, 4.3.3: in TLS 1.2 an ECDSA scheme says nothing of the curve. */
static bool fits(hf_key_kind kind, uint16_t scheme, bool any_curve)
{
    const bool is_ecdsa = kind == HF_KEY_P256 || kind == HF_KEY_P384 || kind == HF_KEY_P521;
    return hf_key_kind_fits(kind, scheme) ||
           (any_curve && is_ecdsa && (scheme & 0xff) == 3 && scheme >> 8 >= 4 && scheme >> 8 <= 6);
}

static hf_status run_verify_signature(hf_op *op)
{
    const hf_provider *p = op->config->provider;
    op->u.verify_signature.valid = false;
    hf_public_key *key = p->public_key_import(op->u.verify_signature.spki);
    if (key == NULL) {
        return err_raise(&op->error, HF_E_CERTIFICATE_KEY, NULL);
    }
    hf_status s = HF_OK;
    if (fits(p->public_key_kind(key), op->u.verify_signature.scheme,
             op->u.verify_signature.tls12)) {
        op->u.verify_signature.valid =
            p->verify(key, op->u.verify_signature.scheme, op->u.verify_signature.message,
                      op->u.verify_signature.signature);
    } else {
        s = err_raise(&op->error, HF_E_CERTIFICATE_ALGORITHM,
                      "the scheme 0x%04x does not fit the certificate's key",
                      (unsigned)op->u.verify_signature.scheme);
    }
    p->public_key_free(key);
    return s;
}

/* Random bytes that whoever asked for secrets is shown on their way into a key share. */
struct shown_random {
    const struct op_context *context;
    const hf_group *group;
};

static bool draw_and_show(void *ctx, uint8_t *out, size_t len)
{
    const struct shown_random *shown = ctx;
    if (!shown->context->random(shown->context->random_ctx, out, len)) {
        return false;
    }
    TRACE(shown->context->tr, HF_EV_KEY_SHARE, key_share, .group = shown->group->id,
          .random = span_of(out, len));
    return true;
}

static hf_status run_key(hf_op *op, const struct op_context *context)
{
    struct shown_random shown = {context, NULL};
    const bool is_shown = TRACE_ON(context->tr, HF_EV_KEY_SHARE);
    const hf_random_fn random = is_shown ? draw_and_show : context->random;
    void *random_ctx = is_shown ? &shown : context->random_ctx;
    if (op->kind == HF_OP_KEY_GENERATE) {
        const hf_group *g = shown.group = op->u.key_generate.group;
        return g->generate(random, random_ctx, op->u.key_generate.priv, op->u.key_generate.share)
                   ? HF_OK
                   : err_raise(&op->error, HF_E_CRYPTO, "a key share of %s could not be generated",
                               g->name);
    }
    if (op->kind == HF_OP_KEY_ENCAP) {
        const hf_group *g = shown.group = op->u.key_encap.group;
        hf_span peer = op->u.key_encap.peer_share;
        return g->encap(random, random_ctx, peer.data, peer.len, op->u.key_encap.share,
                        op->u.key_encap.secret)
                   ? HF_OK
                   : err_raise(&op->error, HF_E_KEY_SHARE_INVALID, "the share of %s", g->name);
    }
    const hf_group *g = op->u.key_decap.group;
    hf_span peer = op->u.key_decap.peer_share;
    return g->decap(op->u.key_decap.priv, peer.data, peer.len, op->u.key_decap.secret)
               ? HF_OK
               : err_raise(&op->error, HF_E_KEY_SHARE_INVALID, "the share of %s", g->name);
}

/* A sealed ticket is never as short as a stored one's identity. */
_Static_assert((int)HF_STORE_ID_LEN < (int)HF_TICKET_OVERHEAD, "the length tells them apart");

/* Takes a session of TLS 1.3 out. One of TLS 1.2, whose identifier everybody can read on the wire,
 * stays where it is. */
static hf_resume_reason take_stored(hf_session_store *store, hf_op *op)
{
    const hf_span ticket = op->u.ticket_open.ticket;
    const int64_t now_ms = op->u.ticket_open.now_ms;
    uint8_t *const state = op->u.ticket_open.state;
    const size_t capacity = op->u.ticket_open.capacity;
    size_t *const len = &op->u.ticket_open.state_len;
    const hf_resume_reason reason =
        hf_session_store_find(store, ticket, now_ms, state, capacity, len);
    if (reason != HF_RESUME_NONE || op->u.ticket_open.keep) {
        return reason;
    }
    struct session_state found;
    const bool is_of_12 =
        session_state_read(span_of(state, *len), &found) && found.version != HF_TLS13;
    session_state_wipe(&found);
    if (is_of_12) {
        hf_wipe(state, *len);
        *len = 0;
        return HF_RESUME_VERSION_DIFFERS;
    }
    op->u.ticket_open.single_use = true;
    return hf_session_store_take(store, ticket, now_ms, state, capacity, len);
}

static void run_ticket_open(hf_op *op)
{
    hf_ticket_keys *keys = op->config->ticket_keys;
    hf_session_store *store = op->config->session_store;
    const hf_span ticket = op->u.ticket_open.ticket;
    const int64_t now_ms = op->u.ticket_open.now_ms;
    uint8_t *const state = op->u.ticket_open.state;
    const size_t capacity = op->u.ticket_open.capacity;
    size_t *const len = &op->u.ticket_open.state_len;
    *len = 0;
    op->u.ticket_open.single_use = op->u.ticket_open.renew = false;
    if (store != NULL && (keys == NULL || ticket.len == HF_STORE_ID_LEN)) {
        op->u.ticket_open.reason = take_stored(store, op);
    } else {
        op->u.ticket_open.reason =
            keys == NULL ? HF_RESUME_DISABLED
                         : hf_ticket_keys_open(keys, now_ms, ticket, state, capacity, len);
        op->u.ticket_open.renew = op->u.ticket_open.reason == HF_RESUME_NONE &&
                                  !hf_ticket_keys_seals(keys, now_ms, ticket);
    }
}

/* A ring that cannot seal now, or a store without memory, costs the tickets, not the handshake. */
static void run_ticket_seal(hf_op *op, const struct op_context *context)
{
    hf_ticket_keys *keys = op->config->ticket_keys;
    uint8_t *const ticket = op->u.ticket_seal.ticket;
    op->u.ticket_seal.ticket_len = 0;
    if (config_stores_sessions(op->config)) {
        const hf_span id = span_of(ticket, HF_STORE_ID_LEN);
        if (op->u.ticket_seal.capacity >= id.len &&
            context->random(context->random_ctx, ticket, id.len) &&
            hf_session_store_put(op->config->session_store, id, op->u.ticket_seal.state,
                                 op->u.ticket_seal.lifetime_s, op->u.ticket_seal.now_ms)) {
            op->u.ticket_seal.ticket_len = id.len;
        }
        return;
    }
    uint8_t nonce[HF_AEAD_NONCE_LEN];
    hf_buf out = {ticket, op->u.ticket_seal.capacity, 0};
    if (keys != NULL && context->random(context->random_ctx, nonce, sizeof nonce) &&
        store_ticket_seal(keys, op->u.ticket_seal.now_ms, op->u.ticket_seal.state, nonce, &out) ==
            HF_OK) {
        op->u.ticket_seal.ticket_len = out.pos;
    }
}

static void run_session_find(hf_op *op)
{
    hf_session_store *store = op->config->session_store;
    op->u.session_find.state_len = 0;
    op->u.session_find.reason =
        store == NULL
            ? HF_RESUME_DISABLED
            : hf_session_store_find(store, op->u.session_find.id, op->u.session_find.now_ms,
                                    op->u.session_find.state, op->u.session_find.capacity,
                                    &op->u.session_find.state_len);
}

static void run_session_put(hf_op *op)
{
    hf_session_store *store = op->config->session_store;
    op->u.session_put.kept =
        store != NULL &&
        hf_session_store_put(store, op->u.session_put.id, op->u.session_put.state,
                             op->u.session_put.lifetime_s, op->u.session_put.now_ms);
}

static void run_replay_check(hf_op *op)
{
    hf_replay_guard *guard = op->config->replay_guard;
    op->u.replay_check.reason = guard == NULL ? HF_RESUME_EARLY_DISABLED
                                              : hf_replay_guard_check(guard, op->u.replay_check.key,
                                                                      op->u.replay_check.now_ms,
                                                                      op->u.replay_check.window_ms);
}

void op_run(hf_op *op, const struct op_context *context)
{
    hf_status s = HF_OK;
    switch (op->kind) {
    case HF_OP_CHOOSE_IDENTITY:
        s = run_choose_identity(op, context->tr);
        break;
    case HF_OP_SIGN:
        s = run_sign(op);
        break;
    case HF_OP_VERIFY_CHAIN:
        s = run_verify_chain(op, context->tr);
        break;
    case HF_OP_VERIFY_SIGNATURE:
        s = run_verify_signature(op);
        break;
    case HF_OP_KEY_GENERATE:
    case HF_OP_KEY_ENCAP:
    case HF_OP_KEY_DECAP:
        s = run_key(op, context);
        break;
    case HF_OP_DECRYPT:
        s = run_decrypt(op, context);
        break;
    case HF_OP_TICKET_OPEN:
        run_ticket_open(op);
        break;
    case HF_OP_TICKET_SEAL:
        run_ticket_seal(op, context);
        break;
    case HF_OP_SESSION_FIND:
        run_session_find(op);
        break;
    case HF_OP_SESSION_PUT:
        run_session_put(op);
        break;
    case HF_OP_REPLAY_CHECK:
        run_replay_check(op);
        break;
    case HF_OP_CHOOSE_CONFIG: /* keep the present one */
    case HF_OP_NONE:
    case HF_OP_COUNT:
        break;
    }
    hf_op_finish(op, s);
}

void hf_op_run(hf_op *op)
{
    /* Perhaps on another thread: the connection is not touched. */
    const struct tracer silent = {.role = op->config->role};
    op_run(op, &(struct op_context){&silent, op->config->random, op->config->random_ctx});
}

void hf_op_finish(hf_op *op, hf_status status)
{
    op->status = status == HF_OK ? HF_OK : HF_FAILED;
    op->finished = true;
}

void op_discard(hf_op *op)
{
    if (op->kind == HF_OP_CHOOSE_IDENTITY) {
        hf_identity_free(op->u.choose_identity.identity);
        op->u.choose_identity.identity = NULL;
    }
    if (op->kind == HF_OP_CHOOSE_CONFIG) {
        hf_config_free(op->u.choose_config.config);
        op->u.choose_config.config = NULL;
    }
}

bool op_identity_is_sound(const hf_op *op)
{
    const uint16_t scheme = op->u.choose_identity.scheme;
    bool is_wanted = false;
    for (size_t i = 0; i < op->u.choose_identity.scheme_count; i++) {
        is_wanted = is_wanted || op->u.choose_identity.schemes[i] == scheme;
    }
    const bool may_sign = op->u.choose_identity.tls12 || op_scheme_signs_tls13(scheme);
    return is_wanted && may_sign &&
           hf_key_kind_fits(hf_identity_key_kind(op->u.choose_identity.identity), scheme);
}

bool op_scheme_signs_tls13(uint16_t scheme)
{
    /* The low byte of rsa_pkcs1_* is 01 and their hash byte is 02 to 06; all SHA-1 schemes have
     * the hash byte 02. */
    return scheme >> 8 != 0x02 && !((scheme & 0xff) == 0x01 && scheme >> 8 <= 0x06);
}

const char *hf_op_name(hf_op_kind kind)
{
    static const char *const names[HF_OP_COUNT] = {
        [HF_OP_NONE] = "none",
        [HF_OP_CHOOSE_CONFIG] = "choose_config",
        [HF_OP_CHOOSE_IDENTITY] = "choose_identity",
        [HF_OP_SIGN] = "sign",
        [HF_OP_VERIFY_CHAIN] = "verify_chain",
        [HF_OP_VERIFY_SIGNATURE] = "verify_signature",
        [HF_OP_KEY_GENERATE] = "key_generate",
        [HF_OP_KEY_ENCAP] = "key_encap",
        [HF_OP_KEY_DECAP] = "key_decap",
        [HF_OP_DECRYPT] = "decrypt",
        [HF_OP_TICKET_OPEN] = "ticket_open",
        [HF_OP_TICKET_SEAL] = "ticket_seal",
        [HF_OP_SESSION_FIND] = "session_find",
        [HF_OP_SESSION_PUT] = "session_put",
        [HF_OP_REPLAY_CHECK] = "replay_check",
    };
    return kind < HF_OP_COUNT ? names[kind] : "unknown";
}
