#include "support/offer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct pair *offer_start(struct run *run, const hf_session *session, const char *name,
                         int64_t client_ms, int64_t server_ms)
{
    struct pair *p = pair_new(&(struct pair_options){.client = pair_freeze(run->client),
                                                     .server = pair_freeze(run->server),
                                                     .session = session,
                                                     .early_data = true,
                                                     .server_name = name});
    assert_non_null(p);
    hf_conn_set_time(p->client.conn, PKI_NOW * 1000 + client_ms);
    hf_conn_set_time(p->server.conn, PKI_NOW * 1000 + server_ms);
    return p;
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
