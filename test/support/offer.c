#include "support/offer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct pair *at(struct pair *p, int64_t client_ms, int64_t server_ms);

struct pair *offer_start(struct run *run, const hf_session *session, const char *name,
                         int64_t client_ms, int64_t server_ms)
{
    struct pair *p = pair_new(&(struct pair_options){.client = pair_freeze(run->client),
                                                     .server = pair_freeze(run->server),
                                                     .session = session,
                                                     .early_data = true,
                                                     .server_name = name});
    return at(p, client_ms, server_ms);
}

void offer_make(struct run *run, enum run_kind kind, const hf_session *session)
{
    run_clear(run);
    run_make(run, kind);
    hf_session_free(run->session);
    run->session = session == NULL ? NULL : hf_session_ref(session);
}

struct pair *offer_later(struct run *run, int64_t client_ms, int64_t server_ms)
{
    return at(run_start(run, NULL), client_ms, server_ms);
}

static struct pair *at(struct pair *p, int64_t client_ms, int64_t server_ms)
{
    assert_non_null(p);
    hf_conn_set_time(p->client.conn, PKI_NOW * 1000 + client_ms);
    hf_conn_set_time(p->server.conn, PKI_NOW * 1000 + server_ms);
    return p;
}

void offer_must_be_refused(struct run *run, struct pair *p, hf_resume_reason client,
                           hf_resume_reason server)
{
    run_must_finish(run, p);
    const hf_conn_info at_client = pair_info(&p->client), at_server = pair_info(&p->server);
    assert_false(at_client.resumed || at_server.resumed);
    assert_int_equal(at_client.resume_reason, client);
    assert_int_equal(at_server.resume_reason, server);
    assert_int_equal(at_client.peer_chain_count, 1);
    pair_free(p);
}

hf_session *offer_take_session(struct pair *p)
{
    if (!pair_handshake(p)) {
        fail_msg("%s", run_describe(p));
    }
    hf_session *session = hf_conn_take_session(p->client.conn);
    assert_non_null(session);
    pair_free(p);
    return session;
}

hf_session *offer_first_session(struct run *run)
{
    return offer_take_session(offer_start(run, NULL, NULL, 0, 0));
}

hf_resume_reason offer_finish(struct pair *p, bool is_resumed)
{
    if (!pair_handshake(p)) {
        fail_msg("%s", run_describe(p));
    }
    const hf_conn_info client = pair_info(&p->client);
    assert_int_equal(client.resumed, is_resumed);
    assert_int_equal(pair_info(&p->server).resumed, is_resumed);
    assert_true(pair_send(p, &p->client, "data", 4));
    pair_free(p);
    return client.resume_reason;
}

hf_session *offer_changed(const hf_session *session, size_t at, uint8_t mask)
{
    uint8_t bytes[OFFER_EXPORT_MOST];
    hf_buf out = {bytes, sizeof bytes, 0};
    assert_int_equal(hf_session_export(session, &out), HF_OK);
    bytes[at == OFFER_LAST_BYTE ? out.pos - 1 : at] ^= mask;
    hf_session *changed = hf_session_import((hf_span){bytes, out.pos});
    assert_non_null(changed);
    return changed;
}

size_t offer_early(struct pair *p, const void *data, size_t len)
{
    const size_t room_len = len + len / 8 + 1024; /* the hello too, and a head for each record */
    uint8_t *room = malloc(room_len);
    assert_non_null(room);
    hf_buf out = {room, room_len, 0};
    size_t taken = 0;
    assert_int_not_equal(hf_conn_drive(p->client.conn), HF_FAILED);
    const hf_status s = hf_conn_send_early(p->client.conn, (hf_span){data, len}, &out, &taken);
    assert_int_equal(s, taken == len ? HF_OK : HF_NEED_INPUT);
    pipe_put(&p->server.in, room, out.pos);
    free(room);
    return taken;
}
