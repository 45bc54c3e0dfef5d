/* TLS 1.2: what the server's certificate is for. Its keyUsage fits what its key does in the suite
 * (RFC 5246, 7.4.2), and the curve of its key is one that the client offers (RFC 8422, 5.3).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/edit.h"
#include "support/pair.h"

enum { RECORD_HEADER_LEN = 5 };

/* A root with leaves whose key is one. */
static struct pki_cert *root;

static int make_root(void **state)
{
    (void)state;
    root = pki_make(&(struct pki_spec){.common_name = "Root", .ca = true});
    return 0;
}

static int free_root(void **state)
{
    (void)state;
    pki_cert_free(root);
    return 0;
}

static struct pki_cert *make_leaf(enum pki_kind kind, const char *usage,
                                  const struct pki_cert *key_of)
{
    return pki_make(&(struct pki_spec){.kind = kind,
                                       .issuer = root,
                                       .common_name = "server.example",
                                       .names = "server.example",
                                       .key_usage = usage,
                                       .key_of = key_of});
}

static struct pki describe(const struct pki_cert *leaf)
{
    return (struct pki){.ca_pem = root->pem,
                        .chain_pem = leaf->pem,
                        .key_pem = leaf->key_pem,
                        .chain = {leaf->der}};
}

/* Configurations of TLS 1.2 with these suites on both ends. */
static void configure(const struct pki_cert *leaf, const char *suites, hf_config **client,
                      hf_config **server)
{
    const struct pki pki = describe(leaf);
    *client = pair_client_config(&pki);
    *server = pair_server_config(&pki);
    assert_int_equal(hf_config_set_versions(*client, HF_TLS12, HF_TLS12), HF_OK);
    if (suites != NULL) {
        assert_int_equal(hf_config_set_ciphers(*client, suites), HF_OK);
        assert_int_equal(hf_config_set_ciphers(*server, suites), HF_OK);
    }
}

/* --- keyUsage --------------------------------------------------------------------------------- */

#define TRANSPORT "TLS_RSA_WITH_AES_128_GCM_SHA256"
#define EPHEMERAL "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"

/* A server takes the suites for which its key may be used. */
static void a_server_keeps_to_its_key_usage(void **state)
{
    (void)state;
    static const struct {
        const char *usage, *suites;
        uint16_t suite; /* 0: none */
        hf_err code;    /* of the server */
    } cases[] = {
        {"critical,keyEncipherment", TRANSPORT, 0x009c, HF_E_NONE},
        {"critical,keyEncipherment", EPHEMERAL "," TRANSPORT, 0x009c, HF_E_NONE},
        {"critical,keyEncipherment", EPHEMERAL, 0, HF_E_NO_COMMON_SIGNATURE},
        {"critical,digitalSignature", TRANSPORT "," EPHEMERAL, 0xc02f, HF_E_NONE},
        {"critical,digitalSignature", TRANSPORT, 0, HF_E_NO_COMMON_SUITE},
        {"critical,digitalSignature,keyEncipherment", TRANSPORT "," EPHEMERAL, 0x009c, HF_E_NONE},
        {"", TRANSPORT, 0x009c, HF_E_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pki_cert *leaf = make_leaf(PKI_RSA_2048, cases[i].usage, NULL);
        hf_config *client;
        hf_config *server;
        configure(leaf, cases[i].suites, &client, &server);
        struct pair *p = pair_new(
            &(struct pair_options){.client = pair_freeze(client), .server = pair_freeze(server)});
        assert_int_equal(pair_handshake(p), cases[i].suite != 0);
        const hf_error *error = hf_conn_error(p->server.conn);
        assert_int_equal(error == NULL ? HF_E_NONE : error->code, cases[i].code);
        if (cases[i].suite != 0) {
            assert_int_equal(pair_info(&p->client).cipher_suite, cases[i].suite);
        }
        pair_free(p);
        hf_config_free(client);
        hf_config_free(server);
        pki_cert_free(leaf);
    }
}

/* The client's verifier is shown another certificate of the same key. */
static bool show_other(void *ctx, hf_op *op)
{
    const hf_span *other = ctx;
    if (op->kind == HF_OP_VERIFY_CHAIN) {
        assert_true(op->u.verify_chain.key_transport);
        op->u.verify_chain.chain = other;
        op->u.verify_chain.count = 1;
    }
    hf_op_run(op);
    return true;
}

static void a_client_looks_for_key_encipherment(void **state)
{
    (void)state;
    static const struct {
        const char *usage;
        hf_err code;
    } cases[] = {{"critical,digitalSignature", HF_E_CERTIFICATE_PURPOSE},
                 {"critical,keyEncipherment", HF_E_NONE}};
    struct pki_cert *leaf = make_leaf(PKI_RSA_2048, "critical,keyEncipherment", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pki_cert *other = make_leaf(PKI_RSA_2048, cases[i].usage, leaf);
        hf_config *client;
        hf_config *server;
        configure(leaf, TRANSPORT, &client, &server);
        assert_int_equal(hf_config_external_ops(client, HF_OP_BIT(HF_OP_VERIFY_CHAIN)), HF_OK);
        struct pair *p = pair_new(&(struct pair_options){.client = pair_freeze(client),
                                                         .server = pair_freeze(server),
                                                         .on_op = show_other,
                                                         .ctx = &other->der});
        assert_int_equal(pair_handshake(p), cases[i].code == HF_E_NONE);
        const hf_error *error = hf_conn_error(p->client.conn);
        assert_int_equal(error == NULL ? HF_E_NONE : error->code, cases[i].code);
        if (cases[i].code != HF_E_NONE) {
            assert_int_equal(error->rule, HF_RULE_KEY_TRANSPORT);
        }
        pair_free(p);
        hf_config_free(client);
        hf_config_free(server);
        pki_cert_free(other);
    }
    pki_cert_free(leaf);
}

/* --- The curve of the key --------------------------------------------------------------------- */

/* Puts another list of groups into the ClientHello that is on its way. */
static void change_groups(struct pair *p, const char *groups, size_t len)
{
    static struct edit e;
    uint8_t header[RECORD_HEADER_LEN];
    struct pair_pipe *pipe = &p->server.in;
    p->client.status = hf_conn_drive(p->client.conn);
    (void)pair_pump_end(p, &p->client);
    assert_true(pipe->len > sizeof header);
    memcpy(header, pipe->data, sizeof header);
    edit_open(&e, span_of(pipe->data + sizeof header, pipe->len - sizeof header));
    edit_set(&e, EXT_CODE_supported_groups, groups, len);
    const hf_span hello = edit_close(&e);
    header[3] = (uint8_t)(hello.len >> 8);
    header[4] = (uint8_t)hello.len;
    pipe_drop(pipe, pipe->len);
    pipe_put(pipe, header, sizeof header);
    pipe_put(pipe, hello.data, hello.len);
}

static void the_curve_of_the_key_was_offered(void **state)
{
    (void)state;
    static const struct {
        enum pki_kind kind;
        const char *groups;
        hf_err code;
    } cases[] = {{PKI_P384, "x25519,secp384r1", HF_E_NONE},
                 {PKI_P384, "x25519,secp256r1", HF_E_CERTIFICATE_CURVE},
                 {PKI_P256, "x25519", HF_E_CERTIFICATE_CURVE},
                 {PKI_P521, "x25519,secp256r1", HF_E_CERTIFICATE_CURVE},
                 {PKI_ED25519, "secp256r1,x25519", HF_E_NONE},
                 {PKI_RSA_2048, "x25519", HF_E_NONE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pki_cert *leaf = make_leaf(cases[i].kind, "critical,digitalSignature", NULL);
        hf_config *client;
        hf_config *server;
        configure(leaf, NULL, &client, &server);
        assert_int_equal(hf_config_set_groups(client, cases[i].groups), HF_OK);
        struct pair *p = pair_new(
            &(struct pair_options){.client = pair_freeze(client), .server = pair_freeze(server)});
        if (cases[i].code != HF_E_NONE) {
            /* The server believes that all are. */
            static const char all[] = "\0\x08\0\x1d\0\x17\0\x18\0\x19";
            change_groups(p, all, sizeof all - 1);
        }
        assert_int_equal(pair_handshake(p), cases[i].code == HF_E_NONE);
        const hf_error *error = hf_conn_error(p->client.conn);
        assert_int_equal(error == NULL ? HF_E_NONE : error->code, cases[i].code);
        pair_free(p);
        hf_config_free(client);
        hf_config_free(server);
        pki_cert_free(leaf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_keeps_to_its_key_usage),
        cmocka_unit_test(a_client_looks_for_key_encipherment),
        cmocka_unit_test(the_curve_of_the_key_was_offered),
    };
    return cmocka_run_group_tests_name("usage12", tests, make_root, free_root);
}
