/* No key protects more records than its AEAD allows (RFC 9846, 5.5), not even where a KeyUpdate
 * cannot be sent: before the handshake is complete, and inside an answer to a late
 * CertificateRequest (RFC 9846, 4.7.2). The AEAD is the default one with a limit of a few records.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/pair.h"

enum { LIMIT = 8, MANY = 40 };

static struct pki *pki;
static hf_aead short_lived;
static hf_provider provider;

static int make(void **state)
{
    (void)state;
    pki = pki_simple(PKI_P256, "server.example");
    provider = *hf_provider_default();
    short_lived = *provider.aes128gcm;
    short_lived.confidentiality_limit = LIMIT;
    provider.aes128gcm = &short_lived;
    return 0;
}

static int end(void **state)
{
    (void)state;
    pki_free(pki);
    return 0;
}

static void set(hf_status status)
{
    assert_int_equal(status, HF_OK);
}

/* pair_client_config and pair_server_config over the provider with the limit. */
static hf_config *short_config(hf_role role)
{
    hf_config *config = hf_config_new(role, &provider);
    hf_identity *identity = pair_identity(pki);
    hf_identity_store *identities = hf_identity_store_new(&identity, 1);
    hf_trust_store *trust = pair_trust(pki);
    assert_non_null(config);
    set(hf_config_set_identities(config, identities));
    set(hf_config_set_trust(config, trust));
    hf_trust_store_free(trust);
    hf_identity_store_free(identities);
    hf_identity_free(identity);
    return config;
}

static bool leave_signing(void *ctx, hf_op *op)
{
    const bool *is_held = ctx;
    if (*is_held && op->kind == HF_OP_SIGN) {
        return false;
    }
    hf_op_run(op);
    return true;
}

/* Sends until it is refused; returns how many went. */
static size_t send_many(struct pair *p, struct pair_end *from)
{
    size_t n = 0;
    while (n < MANY && pair_send(p, from, "d", 1)) {
        n++;
    }
    return n;
}

static void updated_by_itself(void **state)
{
    (void)state;
    hf_config *client = short_config(HF_CLIENT);
    hf_config *server = short_config(HF_SERVER);
    struct pair *p = pair_new(
        &(struct pair_options){.client = pair_freeze(client), .server = pair_freeze(server)});
    hf_conn_info info;
    assert_true(pair_handshake(p));
    assert_int_equal(send_many(p, &p->client), MANY);
    hf_conn_describe(p->client.conn, &info);
    assert_true(info.keys_sent >= MANY / LIMIT - 1);
    pair_free(p);
    hf_config_free(client);
    hf_config_free(server);
}

static void inside_a_late_answer(void **state)
{
    (void)state;
    bool is_held = false;
    hf_config *client = short_config(HF_CLIENT);
    hf_config *server = short_config(HF_SERVER);
    set(hf_config_set_post_handshake_auth(client, true));
    set(hf_config_external_ops(client, HF_OP_BIT(HF_OP_SIGN)));
    struct pair *p = pair_new(&(struct pair_options){.client = pair_freeze(client),
                                                     .server = pair_freeze(server),
                                                     .on_op = leave_signing,
                                                     .ctx = &is_held});
    assert_true(pair_handshake(p));
    is_held = true;
    set(hf_conn_request_certificate(p->server.conn));
    pair_settle(p);
    assert_non_null(hf_conn_op(p->client.conn));
    assert_true(send_many(p, &p->client) <= LIMIT);
    assert_int_equal(hf_conn_error(p->client.conn)->code, HF_E_AEAD_LIMIT);
    pair_free(p);
    hf_config_free(client);
    hf_config_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updated_by_itself),
        cmocka_unit_test(inside_a_late_answer),
    };
    return cmocka_run_group_tests(tests, make, end);
}
