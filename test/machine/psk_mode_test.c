/* psk_key_exchange_modes: what each end allows, and what comes of it (RFC 9846, 4.3.9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "support/edit.h"
#include "support/heard.h"
#include "support/run.h"
#include "wire/ext.h"

static struct run run;
static struct edit e;

/* Sessions between ends that allow these modes. */
static void make(const char *client_modes, const char *server_modes)
{
    run_make(&run, RUN_TICKETS);
    run_set(hf_config_set_psk_modes(run.client, client_modes));
    run_set(hf_config_set_psk_modes(run.server, server_modes));
}

static hf_session *first_session(void)
{
    struct pair *p = pair_new(&(struct pair_options){.client = pair_freeze(run.client),
                                                     .server = pair_freeze(run.server)});
    assert_non_null(p);
    run_must_finish(&run, p);
    hf_session *session = hf_conn_take_session(p->client.conn);
    pair_free(p);
    return session;
}

/* --- Which mode it is ------------------------------------------------------------------------- */

struct told {
    bool no_forward_secrecy;
};

static void listen(void *ctx, const hf_event *event)
{
    struct told *told = ctx;
    if (event->kind == HF_EV_DECISION && event->u.decision.about == HF_DECIDE_GROUP) {
        told->no_forward_secrecy = event->u.decision.value == 0 &&
                                   strstr(event->u.decision.reason, "no forward secrecy") != NULL;
    }
}

/* A session resumed between ends that allow these modes now. */
static void resumes(const char *client_modes, const char *server_modes, bool is_psk_ke)
{
    struct told client = {false};
    struct told server = {false};
    const hf_trace client_trace = {
        .wanted = HF_EV_BIT(HF_EV_DECISION), .event = listen, .ctx = &client};
    const hf_trace server_trace = {
        .wanted = HF_EV_BIT(HF_EV_DECISION), .event = listen, .ctx = &server};
    make(client_modes, server_modes);
    hf_session *session = first_session();
    assert_non_null(session);
    struct pair *p = pair_new(&(struct pair_options){.client = run.client,
                                                     .server = run.server,
                                                     .session = session,
                                                     .early_data = true,
                                                     .client_trace = &client_trace,
                                                     .server_trace = &server_trace});
    assert_non_null(p);
    static uint8_t room[4096];
    hf_buf out = {room, sizeof room, 0};
    size_t taken = 0;
    assert_int_not_equal(hf_conn_drive(p->client.conn), HF_FAILED);
    run_set(
        hf_conn_send_early(p->client.conn, (hf_span){(const uint8_t *)"early", 5}, &out, &taken));
    pipe_put(&p->server.in, room, out.pos);
    run_must_finish(&run, p);
    assert_true(pair_info(&p->client).resumed && pair_info(&p->server).resumed);
    assert_true(pair_info(&p->client).early_data);
    assert_int_equal(p->server.early_len, 5);
    assert_int_equal(pair_info(&p->client).group, is_psk_ke ? 0 : 0x1d);
    assert_int_equal(pair_info(&p->server).group, is_psk_ke ? 0 : 0x1d);
    assert_int_equal(client.no_forward_secrecy, is_psk_ke);
    assert_int_equal(server.no_forward_secrecy, is_psk_ke);
    assert_true(pair_send(p, &p->client, "to the server", 13));
    assert_true(pair_send(p, &p->server, "to the client", 13));
    pair_free(p);
    hf_session_free(session);
    run_clear(&run);
}

static void the_server_prefers(void **state)
{
    (void)state;
    resumes("psk_dhe_ke", "psk_dhe_ke", false);
    resumes("psk_ke", "psk_dhe_ke,psk_ke", true);
    resumes("psk_ke,psk_dhe_ke", "psk_dhe_ke,psk_ke", false);
    resumes("psk_dhe_ke,psk_ke", "psk_ke,psk_dhe_ke", true);
    resumes("psk_dhe_ke,psk_ke", "psk_ke", true);
    resumes("psk_dhe_ke,psk_ke", "psk_dhe_ke", false);
    run_make(&run, RUN_FULL); /* for RUN_TEST */
}

/* --- Refused ---------------------------------------------------------------------------------- */

static void without_a_common_mode(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"psk_ke", "psk_dhe_ke"}, {"psk_dhe_ke", "psk_ke"}};
    make("psk_dhe_ke", "psk_dhe_ke");
    hf_session *session = first_session();
    run_clear(&run);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make(rows[i][0], rows[i][1]);
        struct pair *p = pair_new(&(struct pair_options){.client = pair_freeze(run.client),
                                                         .server = pair_freeze(run.server),
                                                         .session = session});
        run_must_finish(&run, p);
        assert_false(pair_info(&p->client).resumed);
        assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_MODE);
        assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_DECLINED);
        assert_null(hf_conn_take_session(p->client.conn)); /* it could not be used */
        pair_free(p);
        run_clear(&run);
    }
    hf_session_free(session);
    run_make(&run, RUN_PSK);
    run_set(hf_config_set_psk_modes(run.client, "psk_ke"));
    run_set(hf_config_set_identities(run.server, NULL));
    struct pair *p = run_start(&run, NULL);
    assert_false(pair_handshake(p));
    assert_int_equal(hf_conn_error(p->server.conn)->code, HF_E_PSK_UNKNOWN);
    assert_string_equal(hf_conn_error(p->server.conn)->detail, hf_resume_text(HF_RESUME_MODE));
    pair_free(p);
}

/* --- Hellos without a key exchange ------------------------------------------------------------ */

static void drop_exchange(void)
{
    edit_drop(&e, EXT_CODE_supported_groups);
    edit_drop(&e, EXT_CODE_key_share);
}

/* The server's answer to a hello of RUN_PSK_KE that was changed. */
static hf_err answer(void (*change)(void))
{
    struct stage s;
    assert_true(heard_go_to(&s, &run, HF_SERVER, 0));
    const struct tape_message *m = stage_next(&s);
    edit_open(&e, (hf_span){m->data, m->len});
    change();
    (void)stage_record(&s, REC_HANDSHAKE, edit_close(&e));
    const hf_err code = hf_conn_error(s.target->conn)->code;
    stage_end(&s);
    return code;
}

static void a_hello_without_groups(void **state)
{
    (void)state;
    /* The key is known, so that only its binder, which the change spoilt, stands in the way. */
    run_make(&run, RUN_PSK_KE);
    assert_int_equal(answer(drop_exchange), HF_E_PSK_BINDER);
    run_clear(&run);
    /* It is not known, and a certificate needs a key exchange. */
    run_make(&run, RUN_PSK_KE);
    hf_config_free(run.server);
    run.server = pair_server_config(run_server_pki());
    run_set(hf_config_set_psk_modes(run.server, "psk_ke"));
    assert_int_equal(answer(drop_exchange), HF_E_MISSING_EXTENSION);
}

/* RFC 9846, 4.3.2: a cookie may be asked for all the same. */
static void after_a_retry(void **state)
{
    (void)state;
    static const uint8_t key[32] = {3};
    run_make(&run, RUN_PSK_KE);
    run_set(hf_config_set_stateless_retry(run.server, (hf_span){key, sizeof key}, true));
    struct pair *p = run_start(&run, NULL);
    run_must_finish(&run, p);
    assert_true(pair_info(&p->client).retried && pair_info(&p->client).psk);
    assert_int_equal(pair_info(&p->client).group, 0);
    pair_free(p);
    run_clear(&run);
    /* Without a share in the hello none is asked for. */
    run_make(&run, RUN_PSK_KE);
    run_set(hf_config_set_psk_modes(run.client, "psk_ke,psk_dhe_ke"));
    run_set(hf_config_set_psk_modes(run.server, "psk_ke,psk_dhe_ke"));
    run_set(hf_config_set_key_shares(run.client, ""));
    p = run_start(&run, NULL);
    run_must_finish(&run, p);
    assert_false(pair_info(&p->client).retried);
    assert_true(pair_info(&p->client).psk);
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(the_server_prefers),
        RUN_TEST(without_a_common_mode),
        RUN_TEST(a_hello_without_groups),
        RUN_TEST(after_a_retry),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}
