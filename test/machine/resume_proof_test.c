/* Sessions of TLS 1.3 whose proof no longer holds: whom an end trusts has changed, or the
 * certificate behind it ends (RFC 9846, 4.7.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "conn/conn.h"
#include "record/record.h"
#include "support/offer.h"
#include "wire/message.h"

static struct run run;

static void make(void)
{
    run_clear(&run);
    run_make(&run, RUN_TICKETS);
}

/* One connection of the run that offers this session. */
static struct pair *start(const hf_session *session, int64_t later_ms)
{
    return offer_start(&run, session, NULL, later_ms, later_ms);
}

/* An authority of this kind of test, which has nothing to do with the others. */
static void trust_another_one_too(hf_config *config, const struct pki *usual)
{
    struct pki_cert *other = pki_make(&(struct pki_spec){.common_name = "Other", .ca = true});
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    run_set(hf_trust_add(trust, usual->ca->der, &error));
    run_set(hf_trust_add(trust, other->der, &error));
    hf_trust_store *store = hf_trust_store_new(trust);
    run_set(hf_config_set_trust(config, store));
    hf_trust_store_free(store);
    hf_trust_free(trust);
    pki_cert_free(other);
}

/* Whom a client trusts has changed: what was proved under the earlier rules is proved anew. */
static void the_client_trusts_others_now(void **state)
{
    (void)state;
    make();
    hf_session *session = offer_first_session(&run);
    make();
    assert_int_equal(offer_finish(start(session, 500), true), HF_RESUME_NONE); /* the same again */
    make();
    trust_another_one_too(run.client, run_server_pki());
    assert_int_equal(offer_finish(start(session, 500), false), HF_RESUME_TRUST_DIFFERS);
    hf_session_free(session);
}

/* Two servers with one ring of keys and different rules for clients: a session of the one is no
 * way around the rules of the other. */
static void a_client_is_not_known_where_others_are_trusted(void **state)
{
    (void)state;
    make();
    pair_make_mutual(run.client, run.server, run_client_pki());
    hf_session *session = offer_first_session(&run);
    make();
    pair_make_mutual(run.client, run.server, run_client_pki());
    trust_another_one_too(run.server, run_client_pki());
    struct pair *p = start(session, 500);
    assert_true(pair_handshake(p));
    assert_false(pair_info(&p->server).resumed);
    assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_TRUST_DIFFERS);
    assert_true(pair_info(&p->server).client_certificate); /* by a full handshake */
    pair_free(p);
    /* Where nobody is asked, nobody is known by a proof either. */
    make();
    trust_another_one_too(run.server, run_client_pki());
    p = start(session, 500);
    assert_true(pair_handshake(p));
    assert_false(pair_info(&p->server).client_certificate);
    pair_free(p);
    hf_session_free(session);
}

/* A leaf that ends after an hour, for both ends. */
static struct pki ends_in_an_hour(const struct pki *usual, const char *name)
{
    struct pki pki = *usual;
    pki.leaf = pki_make(&(struct pki_spec){
        .kind = PKI_ED25519, .issuer = usual->ca, .names = name, .not_after_s = PKI_NOW + 3600});
    pki.chain_pem = pki.leaf->pem;
    pki.key_pem = pki.leaf->key_pem;
    pki.chain[0] = pki.leaf->der;
    return pki;
}

static void use_identity(hf_config *config, const struct pki *pki)
{
    hf_identity *identity = pair_identity(pki);
    hf_identity_store *store = hf_identity_store_new(&identity, 1);
    run_set(hf_config_set_identities(config, store));
    hf_identity_store_free(store);
    hf_identity_free(identity);
}

static uint32_t lifetime_of(const hf_session *session)
{
    hf_session_info info;
    hf_session_describe(session, &info);
    return info.lifetime_s;
}

/* RFC 9846, 4.7.1: no session outlives the certificate that stands behind it, however often it is
 * renewed. */
static void a_session_ends_with_its_certificate(void **state)
{
    (void)state;
    struct pki server = ends_in_an_hour(run_server_pki(), "server.example");
    make();
    use_identity(run.server, &server);
    hf_session *session = offer_first_session(&run);
    assert_int_equal(lifetime_of(session), 3600);
    hf_session *renewed = offer_take_session(start(session, 1800000));
    assert_int_equal(lifetime_of(renewed), 1800);
    hf_session_free(session);
    hf_session_free(renewed);
    pki_cert_free(server.leaf);
    /* That of a client, by what the server says. */
    struct pki client = ends_in_an_hour(run_client_pki(), "client.example");
    make();
    pair_make_mutual(run.client, run.server, &client);
    session = offer_first_session(&run);
    assert_int_equal(lifetime_of(session), 3600);
    struct pair *p = start(session, 1800000);
    assert_true(pair_handshake(p));
    assert_true(pair_info(&p->server).resumed);
    renewed = hf_conn_take_session(p->client.conn);
    assert_non_null(renewed);
    assert_int_equal(lifetime_of(renewed), 1800);
    pair_free(p);
    hf_session_free(session);
    hf_session_free(renewed);
    pki_cert_free(client.leaf);
}

/* Seven days after a proof it is given again, however often the session was renewed. */
static void renewing_does_not_go_on_for_ever(void **state)
{
    (void)state;
    enum { DAY_MS = 86400000 };
    make();
    hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
    run_set(hf_ticket_keys_rotate(keys, 86400, 604800, PKI_NOW * 1000));
    run_set(hf_config_set_ticket_keys(run.server, keys));
    run_set(hf_config_set_tickets(run.server, 2, 604800));
    hf_ticket_keys_free(keys);
    hf_session *session = offer_first_session(&run);
    assert_int_equal(lifetime_of(session), 604800);
    for (int day = 1; day < 7; day++) {
        struct pair *p = start(session, (int64_t)day * DAY_MS);
        hf_session_free(session);
        assert_true(pair_handshake(p));
        assert_true(pair_info(&p->client).resumed);
        session = hf_conn_take_session(p->client.conn);
        assert_non_null(session);
        assert_int_equal(lifetime_of(session), 604800 - day * 86400);
        pair_free(p);
    }
    assert_int_equal(offer_finish(start(session, INT64_C(7) * DAY_MS), false), HF_RESUME_EXPIRED);
    hf_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(the_client_trusts_others_now),
        RUN_TEST(a_client_is_not_known_where_others_are_trusted),
        RUN_TEST(a_session_ends_with_its_certificate),
        RUN_TEST(renewing_does_not_go_on_for_ever),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}
