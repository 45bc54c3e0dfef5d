/* The built-in answers to operations, good and bad, and what becomes of an answer (RFC 9846 where
 * cited). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "hs/op.h"
#include "support/bare.h"
#include "support/pair.h"
#include "wire/iana.h"
#include "x509/x509.h"

static struct pki *pki;

static int make_pki(void **state)
{
    (void)state;
    pki = pki_simple(PKI_P256, "server.example");
    return 0;
}

static int free_pki(void **state)
{
    (void)state;
    pki_free(pki);
    return 0;
}

static hf_err run(hf_op *op, hf_op_kind kind, const hf_config *config)
{
    op->kind = kind;
    op->config = config;
    op->finished = false;
    op->error = (hf_error){0};
    hf_op_run(op);
    assert_true(op->finished);
    assert_int_equal(op->status == HF_OK, op->error.code == HF_E_NONE);
    return op->error.code;
}

static bool no_random(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx, (void)out, (void)len;
    return false;
}

/* --- Names and schemes --------------------------------------------------------------------------
 */

static void names(void **state)
{
    (void)state;
    for (int kind = 0; kind < HF_OP_COUNT; kind++) {
        const char *name = hf_op_name((hf_op_kind)kind);
        assert_non_null(name);
        for (int other = 0; other < kind; other++) {
            assert_string_not_equal(name, hf_op_name((hf_op_kind)other));
        }
    }
    assert_string_equal(hf_op_name(HF_OP_COUNT), "unknown");
}

/* RFC 9846, 4.3.3: in certificates only. */
static void schemes_of_certificate_verify(void **state)
{
    (void)state;
    static const uint16_t never[] = {IANA_SCHEME_rsa_pkcs1_sha256, IANA_SCHEME_rsa_pkcs1_sha384,
                                     IANA_SCHEME_rsa_pkcs1_sha512, IANA_SCHEME_rsa_pkcs1_sha1,
                                     IANA_SCHEME_ecdsa_sha1};
    static const uint16_t good[] = {IANA_SCHEME_ecdsa_secp256r1_sha256,
                                    IANA_SCHEME_ecdsa_secp384r1_sha384,
                                    IANA_SCHEME_ecdsa_secp521r1_sha512,
                                    IANA_SCHEME_rsa_pss_rsae_sha256,
                                    IANA_SCHEME_rsa_pss_rsae_sha512,
                                    IANA_SCHEME_rsa_pss_pss_sha256,
                                    IANA_SCHEME_ed25519,
                                    IANA_SCHEME_ed448};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        assert_false(op_scheme_signs_tls13(never[i]));
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(op_scheme_signs_tls13(good[i]));
    }
}

/* --- Choosing an identity -----------------------------------------------------------------------
 */

static void choose_identity(void **state)
{
    (void)state;
    static const uint16_t wanted[] = {IANA_SCHEME_ed25519, IANA_SCHEME_ecdsa_secp256r1_sha256};
    hf_config *config = pair_server_config(pki);
    hf_op op = {0};
    assert_int_equal(hf_config_freeze(config), HF_OK);
    op.u.choose_identity.server_name = span_str("server.example");
    op.u.choose_identity.schemes = wanted;
    op.u.choose_identity.scheme_count = 2;
    assert_int_equal(run(&op, HF_OP_CHOOSE_IDENTITY, config), HF_E_NONE);
    assert_non_null(op.u.choose_identity.identity);
    assert_int_equal(op.u.choose_identity.scheme, IANA_SCHEME_ecdsa_secp256r1_sha256);
    op_discard(&op); /* as when the connection ends before it takes the answer */
    assert_null(op.u.choose_identity.identity);
    op.u.choose_identity.scheme_count = 1;
    assert_int_equal(run(&op, HF_OP_CHOOSE_IDENTITY, config), HF_E_NO_COMMON_SIGNATURE);
    assert_null(op.u.choose_identity.identity);
    hf_config_free(config);
}

/* RFC 9846, 4.5.1.2: a client without a fitting certificate shows none; a server must have one. */
static void no_identity(void **state)
{
    (void)state;
    static const uint16_t wanted[] = {IANA_SCHEME_ed25519};
    hf_config *server = bare_config(HF_SERVER);
    hf_config *client = bare_config(HF_CLIENT);
    hf_config *misfit = bare_config(HF_CLIENT);
    hf_identity *identity = pair_identity(pki);
    hf_identity_store *store = hf_identity_store_new(&identity, 1);
    hf_op op = {0};
    assert_int_equal(hf_config_set_identities(misfit, store), HF_OK);
    assert_int_equal(run(&op, HF_OP_CHOOSE_IDENTITY, server), HF_E_NO_CERTIFICATE);
    assert_int_equal(run(&op, HF_OP_CHOOSE_IDENTITY, client), HF_E_NONE);
    assert_null(op.u.choose_identity.identity);
    op.u.choose_identity.schemes = wanted;
    op.u.choose_identity.scheme_count = 1;
    assert_int_equal(run(&op, HF_OP_CHOOSE_IDENTITY, misfit), HF_E_NONE);
    assert_null(op.u.choose_identity.identity);
    hf_identity_store_free(store);
    hf_identity_free(identity);
    hf_config_free(server);
    hf_config_free(client);
    hf_config_free(misfit);
}

/* --- Signing, verifying -------------------------------------------------------------------------
 */

static void sign_and_verify(void **state)
{
    (void)state;
    hf_config *config = bare_config(HF_CLIENT);
    hf_identity *identity = pair_identity(pki);
    uint8_t signature[HF_SIGNATURE_MAX_LEN];
    hf_op op = {0};
    op.u.sign.identity = identity;
    op.u.sign.scheme = IANA_SCHEME_ecdsa_secp256r1_sha256;
    op.u.sign.message = span_str("message");
    op.u.sign.signature = signature;
    op.u.sign.capacity = sizeof signature;
    assert_int_equal(run(&op, HF_OP_SIGN, config), HF_E_NONE);
    const size_t len = op.u.sign.signature_len;
    assert_true(len > 0 && len <= sizeof signature);

    hf_op check = {0};
    assert_true(x5_subject_public_key_info(pki->leaf->der, &check.u.verify_signature.spki));
    check.u.verify_signature.scheme = IANA_SCHEME_ecdsa_secp256r1_sha256;
    check.u.verify_signature.message = span_str("message");
    check.u.verify_signature.signature = span_of(signature, len);
    assert_int_equal(run(&check, HF_OP_VERIFY_SIGNATURE, config), HF_E_NONE);
    assert_true(check.u.verify_signature.valid);
    check.u.verify_signature.message = span_str("messagf");
    assert_int_equal(run(&check, HF_OP_VERIFY_SIGNATURE, config), HF_E_NONE);
    assert_false(check.u.verify_signature.valid);
    /* A scheme of another key: ECDSA's curve is part of it. */
    check.u.verify_signature.scheme = IANA_SCHEME_ecdsa_secp384r1_sha384;
    assert_int_equal(run(&check, HF_OP_VERIFY_SIGNATURE, config), HF_E_CERTIFICATE_ALGORITHM);
    assert_false(check.u.verify_signature.valid);
    check.u.verify_signature.spki = span_str("no key");
    assert_int_equal(run(&check, HF_OP_VERIFY_SIGNATURE, config), HF_E_CERTIFICATE_KEY);

    op.u.sign.scheme = IANA_SCHEME_ed25519;
    assert_int_equal(run(&op, HF_OP_SIGN, config), HF_E_SIGN);
    hf_identity_free(identity);
    hf_config_free(config);
}

static void key_lives_elsewhere(void **state)
{
    (void)state;
    hf_config *config = bare_config(HF_CLIENT);
    const hf_identity_source source = {.size = sizeof source, .chain = span_str(pki->chain_pem)};
    hf_identity *identity = NULL;
    hf_error error = {0};
    uint8_t signature[8];
    hf_op op = {0};
    assert_int_equal(hf_identity_load(&source, &error, &identity), HF_OK);
    op.u.sign.identity = identity;
    op.u.sign.signature = signature;
    op.u.sign.capacity = sizeof signature;
    assert_int_equal(run(&op, HF_OP_SIGN, config), HF_E_SIGN);
    hf_identity_free(identity);
    hf_config_free(config);
}

static void verify_chain(void **state)
{
    (void)state;
    hf_config *config = pair_client_config(pki);
    hf_config *nobody = bare_config(HF_CLIENT);
    hf_op op = {0};
    op.u.verify_chain.chain = pki->chain;
    op.u.verify_chain.count = 2;
    op.u.verify_chain.name = "server.example";
    op.u.verify_chain.peer = HF_SERVER;
    op.u.verify_chain.now_s = PKI_NOW;
    assert_int_equal(run(&op, HF_OP_VERIFY_CHAIN, config), HF_E_NONE);
    assert_true(op.u.verify_chain.verdict.accepted);
    op.u.verify_chain.name = "other.example";
    assert_int_equal(run(&op, HF_OP_VERIFY_CHAIN, config), HF_E_NONE);
    assert_false(op.u.verify_chain.verdict.accepted);
    assert_int_equal(op.u.verify_chain.verdict.code, HF_E_CERTIFICATE_NAME);
    /* Who verifies nothing accepts all, and says nothing else. */
    assert_int_equal(run(&op, HF_OP_VERIFY_CHAIN, nobody), HF_E_NONE);
    assert_true(op.u.verify_chain.verdict.accepted);
    /* But a server that does not ask judges what comes after the handshake all the same. */
    op.u.verify_chain.peer = HF_CLIENT;
    assert_int_equal(run(&op, HF_OP_VERIFY_CHAIN, nobody), HF_E_CERTIFICATE_UNKNOWN_CA);
    assert_false(op.u.verify_chain.verdict.accepted);
    hf_config_free(config);
    hf_config_free(nobody);
}

/* --- Key exchange
 * --------------------------------------------------------------------------------- */

static void exchange(const hf_config *config, const hf_group *group)
{
    _Alignas(64) static uint8_t priv[8192];
    static uint8_t client_share[HF_GROUP_MAX_SHARE_LEN];
    static uint8_t server_share[HF_GROUP_MAX_SHARE_LEN];
    uint8_t one[HF_GROUP_MAX_SECRET_LEN];
    uint8_t other[HF_GROUP_MAX_SECRET_LEN];
    hf_op op = {0};
    assert_true(group->private_size <= sizeof priv);
    op.u.key_generate.group = group;
    op.u.key_generate.priv = priv;
    op.u.key_generate.share = client_share;
    assert_int_equal(run(&op, HF_OP_KEY_GENERATE, config), HF_E_NONE);
    op.u.key_encap.group = group;
    op.u.key_encap.peer_share = span_of(client_share, group->client_share_len);
    op.u.key_encap.share = server_share;
    op.u.key_encap.secret = one;
    assert_int_equal(run(&op, HF_OP_KEY_ENCAP, config), HF_E_NONE);
    op.u.key_encap.peer_share.len--;
    assert_int_equal(run(&op, HF_OP_KEY_ENCAP, config), HF_E_KEY_SHARE_INVALID);
    op.u.key_decap.group = group;
    op.u.key_decap.priv = priv;
    op.u.key_decap.peer_share = span_of(server_share, group->server_share_len);
    op.u.key_decap.secret = other;
    op.u.key_decap.peer_share.len--;
    assert_int_equal(run(&op, HF_OP_KEY_DECAP, config), HF_E_KEY_SHARE_INVALID);
    group->clear(priv);
}

static void key_exchange(void **state)
{
    (void)state;
    hf_config *config = bare_config(HF_CLIENT);
    for (const hf_group *const *g = config->provider->groups; *g != NULL; g++) {
        exchange(config, *g);
    }
    hf_config_free(config);
}

static void same_secret(void **state)
{
    (void)state;
    _Alignas(64) uint8_t priv[64];
    uint8_t client_share[32];
    uint8_t server_share[32];
    uint8_t one[32];
    uint8_t other[32];
    hf_config *config = bare_config(HF_CLIENT);
    const hf_group *x25519 = hf_provider_group(config->provider, IANA_GROUP_x25519);
    hf_op op = {0};
    op.u.key_generate.group = x25519;
    op.u.key_generate.priv = priv;
    op.u.key_generate.share = client_share;
    assert_int_equal(run(&op, HF_OP_KEY_GENERATE, config), HF_E_NONE);
    op.u.key_encap.group = x25519;
    op.u.key_encap.peer_share = span_of(client_share, 32);
    op.u.key_encap.share = server_share;
    op.u.key_encap.secret = one;
    assert_int_equal(run(&op, HF_OP_KEY_ENCAP, config), HF_E_NONE);
    op.u.key_decap.group = x25519;
    op.u.key_decap.priv = priv;
    op.u.key_decap.peer_share = span_of(server_share, 32);
    op.u.key_decap.secret = other;
    assert_int_equal(run(&op, HF_OP_KEY_DECAP, config), HF_E_NONE);
    assert_memory_equal(one, other, sizeof one);
    hf_config_free(config);
}

static void no_randomness(void **state)
{
    (void)state;
    _Alignas(64) uint8_t priv[64];
    uint8_t share[32];
    hf_config *config = bare_config(HF_CLIENT);
    hf_op op = {0};
    assert_int_equal(hf_config_set_random(config, no_random, NULL), HF_OK);
    op.u.key_generate.group = hf_provider_group(config->provider, IANA_GROUP_x25519);
    op.u.key_generate.priv = priv;
    op.u.key_generate.share = share;
    assert_int_equal(run(&op, HF_OP_KEY_GENERATE, config), HF_E_CRYPTO);
    assert_int_equal(op.status, HF_FAILED);
    hf_config_free(config);
}

/* --- What nobody answers otherwise
 * ---------------------------------------------------------------- */

static void tickets_and_configs(void **state)
{
    (void)state;
    hf_config *config = bare_config(HF_SERVER);
    hf_op op = {0};
    op.u.ticket_open.state_len = 7;
    assert_int_equal(run(&op, HF_OP_TICKET_OPEN, config), HF_E_NONE);
    assert_int_equal(op.u.ticket_open.state_len, 0);
    assert_int_equal(op.u.ticket_open.reason, HF_RESUME_DISABLED);
    op = (hf_op){0};
    op.u.ticket_seal.ticket_len = 7;
    assert_int_equal(run(&op, HF_OP_TICKET_SEAL, config), HF_E_NONE);
    assert_int_equal(op.u.ticket_seal.ticket_len, 0);
    op = (hf_op){0};
    op.u.session_find.state_len = 7;
    assert_int_equal(run(&op, HF_OP_SESSION_FIND, config), HF_E_NONE);
    assert_int_equal(op.u.session_find.state_len, 0);
    assert_int_equal(op.u.session_find.reason, HF_RESUME_DISABLED);
    op = (hf_op){0};
    op.u.session_put.kept = true;
    assert_int_equal(run(&op, HF_OP_SESSION_PUT, config), HF_E_NONE);
    assert_false(op.u.session_put.kept);
    op = (hf_op){0};
    assert_int_equal(run(&op, HF_OP_REPLAY_CHECK, config), HF_E_NONE);
    assert_int_equal(op.u.replay_check.reason, HF_RESUME_EARLY_DISABLED);
    op = (hf_op){0};
    assert_int_equal(run(&op, HF_OP_CHOOSE_CONFIG, config), HF_E_NONE);
    assert_null(op.u.choose_config.config);
    hf_config_free(config);
}

/* By identifier, of TLS 1.2: found as often as it is asked for. */
static void sessions_in_a_store(void **state)
{
    (void)state;
    static const uint8_t id[32] = {7};
    uint8_t found[64];
    hf_config *config = bare_config(HF_SERVER);
    hf_session_store *store = hf_session_store_new(NULL);
    assert_int_equal(hf_config_set_session_store(config, store), HF_OK);
    hf_op op = {0};
    op.u.session_put.id = span_of(id, sizeof id);
    op.u.session_put.state = span_of("the state", 9);
    op.u.session_put.lifetime_s = 10;
    op.u.session_put.now_ms = 1000;
    assert_int_equal(run(&op, HF_OP_SESSION_PUT, config), HF_E_NONE);
    assert_true(op.u.session_put.kept);
    for (int i = 0; i < 3; i++) {
        op = (hf_op){0};
        op.u.session_find.id = span_of(id, i < 2 ? sizeof id : sizeof id - 1);
        op.u.session_find.now_ms = 1000;
        op.u.session_find.state = found;
        op.u.session_find.capacity = sizeof found;
        assert_int_equal(run(&op, HF_OP_SESSION_FIND, config), HF_E_NONE);
        assert_int_equal(op.u.session_find.reason,
                         i < 2 ? HF_RESUME_NONE : HF_RESUME_SESSION_UNKNOWN);
        assert_int_equal(op.u.session_find.state_len, i < 2 ? 9 : 0);
    }
    hf_session_store_free(store);
    hf_config_free(config);
}

/* A store without room for the identity, or without randomness for it, issues nothing. */
static void a_ticket_that_cannot_be_issued(void **state)
{
    (void)state;
    uint8_t ticket[HF_STORE_ID_LEN];
    for (int i = 0; i < 3; i++) {
        hf_config *config = bare_config(HF_SERVER);
        hf_session_store *store = hf_session_store_new(NULL);
        assert_int_equal(hf_config_set_session_store(config, store), HF_OK);
        if (i == 1) {
            assert_int_equal(hf_config_set_random(config, no_random, NULL), HF_OK);
        }
        hf_op op = {0};
        op.u.ticket_seal.state = span_of("the state", 9);
        op.u.ticket_seal.lifetime_s = 10;
        op.u.ticket_seal.ticket = ticket;
        op.u.ticket_seal.capacity = i == 0 ? sizeof ticket - 1 : sizeof ticket;
        assert_int_equal(run(&op, HF_OP_TICKET_SEAL, config), HF_E_NONE);
        assert_int_equal(op.u.ticket_seal.ticket_len, i < 2 ? 0 : HF_STORE_ID_LEN);
        hf_session_store_free(store);
        hf_config_free(config);
    }
}

/* --- Asked and answered
 * --------------------------------------------------------------------------- */

/* Asks for an identity, which this configuration leaves to the caller. */
static void ask(struct bare *b)
{
    b->hs->state = HS_S13_CHOOSE_IDENTITY;
    assert_int_equal(hs_ask(b->hs, HF_OP_CHOOSE_IDENTITY, HS_S13_CHOOSE_IDENTITY_WAIT), HF_OK);
    assert_int_equal(b->hs->state, HS_S13_CHOOSE_IDENTITY_WAIT);
    assert_false(b->hs->op.finished);
    assert_int_equal(hs_drive(b->hs), HF_NEED_OP);
    assert_int_equal(hs_drive(b->hs), HF_NEED_OP); /* asked once, however often one looks */
}

static void refused(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    ask(&b);
    hf_op_finish(&b.hs->op, HF_FAILED);
    assert_int_equal(hs_answer(b.hs), HF_FAILED);
    assert_int_equal(b.hs->op.kind, HF_OP_NONE);
    assert_int_equal(b.error.alert, HF_ALERT_internal_error);
    assert_int_equal(bare_error(&b), HF_E_OP_REFUSED);
    bare_close(&b);
}

/* An error of the caller's choice comes with the alert that belongs to it. */
static void refused_with_a_reason(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    ask(&b);
    b.hs->op.error.code = HF_E_UNRECOGNIZED_NAME;
    b.hs->op.error.alert = HF_ALERT_close_notify; /* not to be believed */
    hf_op_finish(&b.hs->op, HF_NEED_INPUT);       /* whatever is not HF_OK */
    assert_int_equal(b.hs->op.status, HF_FAILED);
    assert_int_equal(hs_answer(b.hs), HF_FAILED);
    assert_int_equal(b.error.alert, HF_ALERT_unrecognized_name);
    assert_int_equal(bare_error(&b), HF_E_UNRECOGNIZED_NAME);
    bare_close(&b);
}

static void ended_while_open(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    ask(&b);
    b.hs->op.u.choose_identity.identity = pair_identity(pki); /* answered, never taken */
    hf_op_finish(&b.hs->op, HF_OK);
    bare_close(&b); /* the leak checkers see whether it is freed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(schemes_of_certificate_verify),
        cmocka_unit_test(choose_identity),
        cmocka_unit_test(no_identity),
        cmocka_unit_test(sign_and_verify),
        cmocka_unit_test(key_lives_elsewhere),
        cmocka_unit_test(verify_chain),
        cmocka_unit_test(key_exchange),
        cmocka_unit_test(same_secret),
        cmocka_unit_test(no_randomness),
        cmocka_unit_test(tickets_and_configs),
        cmocka_unit_test(sessions_in_a_store),
        cmocka_unit_test(a_ticket_that_cannot_be_issued),
        cmocka_unit_test(refused),
        cmocka_unit_test(refused_with_a_reason),
        cmocka_unit_test(ended_while_open),
    };
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
