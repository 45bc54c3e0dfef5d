/* Handshakes whose configurations share the chains that were believed: when one is believed again,
 * and when it is judged anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn/conn.h"
#include "support/pair.h"

static struct pki *server_pki, *client_pki, *other_pki;
static hf_chain_cache *cache;

static int setup(void **state)
{
    (void)state;
    server_pki = pki_simple(PKI_P256, "server.example,also.example");
    client_pki = pki_simple(PKI_ED25519, "client.example");
    other_pki = pki_simple(PKI_P256, "server.example");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_free(server_pki);
    pki_free(client_pki);
    pki_free(other_pki);
    return 0;
}

static int new_cache(void **state)
{
    (void)state;
    cache = hf_chain_cache_new(0);
    return cache == NULL;
}

static int drop_cache(void **state)
{
    (void)state;
    hf_chain_cache_free(cache);
    return 0;
}

struct setting {
    bool is_mutual;
    hf_version version;
    const struct pki *trusted; /* by the client; NULL: the server's */
    const char *name;
    int64_t later_s;
};

/* What the client was told of paths, each "name: reason". */
struct told {
    char text[600];
    int count;
};

static void on_event(void *ctx, const hf_event *event)
{
    struct told *told = ctx;
    if (event->kind == HF_EV_CANDIDATE && event->u.candidate.about == HF_DECIDE_CERTIFICATE) {
        told->count++;
        (void)snprintf(told->text, sizeof told->text, "%s: %s", event->u.candidate.name,
                       event->u.candidate.reason);
    }
}

/* One connection under configurations of its own. Returns the client's error. */
static hf_err handshake(const struct setting *s, struct told *told)
{
    hf_config *client = pair_client_config(server_pki);
    hf_config *server = pair_server_config(server_pki);
    if (s->is_mutual) {
        pair_make_mutual(client, server, client_pki);
    }
    if (s->trusted != NULL) {
        hf_trust_store *store = pair_trust(s->trusted);
        assert_int_equal(hf_config_set_trust(client, store), HF_OK);
        hf_trust_store_free(store);
    }
    assert_int_equal(hf_config_set_chain_cache(client, cache), HF_OK);
    assert_int_equal(hf_config_set_chain_cache(server, cache), HF_OK);
    assert_int_equal(hf_config_set_versions(client, s->version, s->version), HF_OK);
    struct told ignored;
    told = told == NULL ? &ignored : told;
    *told = (struct told){.count = 0};
    const hf_trace trace = {HF_EV_BIT(HF_EV_CANDIDATE), on_event, told, NULL};
    struct pair *p = pair_new(&(struct pair_options){.client = pair_freeze(client),
                                                     .server = pair_freeze(server),
                                                     .client_trace = &trace,
                                                     .server_name = s->name});
    assert_non_null(p);
    hf_conn_set_time(p->client.conn, (PKI_NOW + s->later_s) * 1000);
    const bool connected = pair_handshake(p);
    const hf_err code = hf_conn_error(p->client.conn)->code;
    assert_int_equal(connected, code == HF_E_NONE);
    pair_free(p);
    hf_config_free(client);
    hf_config_free(server);
    return code;
}

static hf_chain_cache_counts counts(void)
{
    hf_chain_cache_counts now;
    hf_chain_cache_count(cache, &now);
    return now;
}

static void test_believed_again(void **state)
{
    (void)state;
    static const hf_version versions[] = {HF_TLS13, HF_TLS12};
    for (size_t i = 0; i < 2; i++) {
        hf_chain_cache_clear(cache);
        const struct setting s = {.is_mutual = true, .version = versions[i]};
        const uint64_t hits = counts().hits;
        struct told told;
        assert_int_equal(handshake(&s, &told), HF_E_NONE);
        assert_int_equal(counts().hits, hits);
        assert_int_equal(counts().held, 2); /* the server's chain and the client's */
        assert_int_equal(told.count, 1);
        assert_non_null(strstr(told.text, "trusted through "));
        assert_null(strstr(told.text, "before"));

        assert_int_equal(handshake(&s, &told), HF_E_NONE);
        assert_int_equal(counts().hits, hits + 2);
        assert_int_equal(told.count, 1);
        assert_non_null(strstr(told.text, ": believed before, trusted through "));
    }
}

/* Whatever the verdict depends on makes it another question. */
static void test_judged_anew(void **state)
{
    (void)state;
    const struct setting usual = {.version = HF_TLS13};
    assert_int_equal(handshake(&usual, NULL), HF_E_NONE);
    const struct {
        struct setting s;
        hf_err code;
    } rows[] = {
        {{.version = HF_TLS13, .name = "also.example"}, HF_E_NONE},
        {{.version = HF_TLS13, .name = "third.example"}, HF_E_CERTIFICATE_NAME},
        {{.version = HF_TLS13, .trusted = other_pki}, HF_E_CERTIFICATE_UNKNOWN_CA},
        {{.version = HF_TLS13, .later_s = PKI_NOT_AFTER + PKI_DAY - PKI_NOW},
         HF_E_CERTIFICATE_EXPIRED},
        {{.version = HF_TLS13, .later_s = PKI_NOT_BEFORE - PKI_DAY - PKI_NOW},
         HF_E_CERTIFICATE_NOT_YET_VALID},
    };
    const uint64_t hits = counts().hits;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(handshake(&rows[i].s, NULL), rows[i].code);
        assert_int_equal(counts().hits, hits);
    }
    /* The same version of TLS is not part of the question. */
    const struct setting old = {.version = HF_TLS12};
    assert_int_equal(handshake(&old, NULL), HF_E_NONE);
    assert_int_equal(counts().hits, hits + 1);
}

static void test_refusals_are_not_kept(void **state)
{
    (void)state;
    const struct setting s = {.version = HF_TLS13, .name = "third.example"};
    for (int i = 0; i < 3; i++) {
        struct told told;
        assert_int_equal(handshake(&s, &told), HF_E_CERTIFICATE_NAME);
        assert_int_equal(told.count, 1);
        assert_non_null(strstr(told.text, "third.example"));
    }
    assert_int_equal(counts().held, 0);
    assert_int_equal(counts().hits, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_believed_again, new_cache, drop_cache),
        cmocka_unit_test_setup_teardown(test_judged_anew, new_cache, drop_cache),
        cmocka_unit_test_setup_teardown(test_refusals_are_not_kept, new_cache, drop_cache),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
