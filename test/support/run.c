#include "support/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "session/session.h"
#include "support/run_kinds.h"

struct run_pkis run_pkis;

/* --- Certificates ----------------------------------------------------------------------------- */

static void make_short(struct pki *pki, enum pki_kind kind, const char *name)
{
    *pki = (struct pki){.ca = pki_make(&(struct pki_spec){.common_name = "Root", .ca = true})};
    pki->leaf = pki_make(&(struct pki_spec){.kind = kind, .issuer = pki->ca, .names = name});
    pki->ca_pem = pki->ca->pem;
    pki->chain_pem = pki->leaf->pem;
    pki->key_pem = pki->leaf->key_pem;
    pki->chain[0] = pki->leaf->der;
}

static void free_short(struct pki *pki)
{
    pki_cert_free(pki->leaf);
    pki_cert_free(pki->ca);
}

int run_setup(void **state)
{
    (void)state;
    make_short(&run_pkis.server, PKI_ED25519, "server.example");
    make_short(&run_pkis.client, PKI_ED25519, "client.example");
    make_short(&run_pkis.rsa, PKI_RSA_2048, "server.example");
    run_pkis.two = pki_simple_by(PKI_ED25519, PKI_ED25519, "server.example");
    return 0;
}

int run_teardown(void **state)
{
    (void)state;
    free_short(&run_pkis.server);
    free_short(&run_pkis.client);
    free_short(&run_pkis.rsa);
    pki_free(run_pkis.two);
    return 0;
}

const struct pki *run_server_pki(void)
{
    return &run_pkis.server;
}

const struct pki *run_client_pki(void)
{
    return &run_pkis.client;
}

/* --- Life ------------------------------------------------------------------------------------- */

const char *run_name(enum run_kind kind)
{
    return run_kinds[kind].name;
}

bool run_is_12(enum run_kind kind)
{
    return kind >= RUN_12_FULL && kind < RUN_KIND_COUNT;
}

bool run_is_post(enum run_kind kind)
{
    return run_kinds[kind].is_post;
}

void run_make(struct run *run, enum run_kind kind)
{
    *run = (struct run){.kind = kind};
    const bool is_rsa = kind >= RUN_12_ECDHE_RSA && kind <= RUN_12_RSA_MUTUAL;
    const struct pki *pki = kind == RUN_DEFAULTS ? run_pkis.two
                            : is_rsa             ? &run_pkis.rsa
                                                 : &run_pkis.server;
    run->client = pair_client_config(pki);
    run->server = pair_server_config(pki);
    kind_set(run->client, hf_config_set_random(run->client, pair_random, &run->client_seed));
    kind_set(run->server, hf_config_set_random(run->server, pair_random, &run->server_seed));
    if (kind != RUN_DEFAULTS) {
        kind_set(run->client, hf_config_set_versions(run->client, HF_TLS13, HF_TLS13));
        kind_set(run->server, hf_config_set_versions(run->server, HF_TLS13, HF_TLS13));
    }
    run_kinds[kind].make(run);
}

void run_clear(struct run *run)
{
    hf_config_free(run->client);
    hf_config_free(run->server);
    hf_session_free(run->session);
    hf_session_store_free(run->store);
    *run = (struct run){.kind = RUN_KIND_COUNT};
}

int run_drop(void **state)
{
    run_clear(*state);
    return 0;
}

void run_set(hf_status status)
{
    assert_int_equal(status, HF_OK);
}

/* Where every run of the kind begins. */
static void rewind_run(struct run *run)
{
    run->client_seed = (struct pair_seed){1};
    run->server_seed = (struct pair_seed){2};
    if (run->store != NULL && run->session != NULL) {
        hf_session_store_clear(run->store);
        (void)hf_session_store_put(run->store, session_ticket(run->session),
                                   (hf_span){run->stored, run->stored_len}, 7200, PKI_NOW * 1000);
    }
}

/* Only a cookie needs it. */
static hf_span address_of(const struct run *run)
{
    const bool is_needed = run->server->stateless_retry;
    return (hf_span){(const uint8_t *)"192.0.2.7", is_needed ? 9 : 0};
}

struct pair *run_start(struct run *run, const struct pair_options *extra)
{
    struct pair_options options = extra == NULL ? (struct pair_options){.chunk = 0} : *extra;
    rewind_run(run);
    options.client = pair_freeze(run->client);
    options.server = pair_freeze(run->server);
    options.peer_address = address_of(run);
    options.session = run->session;
    options.early_data = run->early_data;
    return pair_new(&options);
}

hf_conn *run_start_end(struct run *run, hf_role role, const hf_trace *trace)
{
    const bool is_client = role == HF_CLIENT;
    hf_conn_params params = {.size = sizeof params, .now_ms = PKI_NOW * 1000, .trace = trace};
    if (is_client) {
        params.server_name = "server.example";
        params.session = run->session;
        params.early_data = run->early_data;
    } else {
        params.peer_address = address_of(run);
    }
    hf_conn *conn = NULL;
    rewind_run(run);
    const hf_config *config = pair_freeze(is_client ? run->client : run->server);
    return hf_conn_new(config, &params, &conn) == HF_OK ? conn : NULL;
}

bool run_finish(struct run *run, struct pair *p)
{
    if (!pair_handshake(p)) {
        return false;
    }
    if (!run_kinds[run->kind].is_post) {
        return true;
    }
    if (hf_conn_request_certificate(p->server.conn) != HF_OK) {
        return false;
    }
    pair_settle(p);
    hf_conn_info info;
    hf_conn_describe(p->server.conn, &info);
    return info.connected && !info.post_auth_pending && hf_conn_is_connected(p->client.conn);
}

void run_must_finish(struct run *run, struct pair *p)
{
    if (!run_finish(run, p)) {
        fail_msg("%s: %s", run_name(run->kind), run_describe(p));
    }
}

const char *run_describe(const struct pair *p)
{
    static char text[700];
    const hf_error *c = hf_conn_error(p->client.conn);
    const hf_error *s = hf_conn_error(p->server.conn);
    (void)snprintf(text, sizeof text, "client %s %s (%s); server %s %s (%s)",
                   hf_conn_state(p->client.conn),
                   c->code == HF_E_NONE ? "ok" : hf_err_lookup(c->code)->name, c->detail,
                   hf_conn_state(p->server.conn),
                   s->code == HF_E_NONE ? "ok" : hf_err_lookup(s->code)->name, s->detail);
    return text;
}
