#include "support/edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "wire/message.h"
#include "wire/rd.h"
#include "wire/wr.h"

static void keep(struct edit_bytes *b, hf_span s)
{
    assert_true(s.len <= EDIT_FIELD_MAX);
    b->len = s.len;
    if (s.len > 0) {
        memcpy(b->data, s.data, s.len);
    }
}

static void open_extensions(struct edit *e, hf_span block)
{
    struct rd r = rd_of(block);
    while (rd_left(&r) > 0) {
        const uint16_t code = rd_u16(&r);
        const hf_span body = rd_vec16(&r, 0, 0xffff);
        edit_append(e, code, body.data, body.len);
    }
    assert_true(rd_done(&r));
}

static void open_client_hello(struct edit *e, struct rd *r)
{
    keep(&e->session_id, rd_vec8(r, 0, 32));
    keep(&e->suites, rd_vec16(r, 0, 0xffff));
    keep(&e->compression, rd_vec8(r, 0, 0xff));
}

static void open_server_hello(struct edit *e, struct rd *r)
{
    keep(&e->session_id, rd_vec8(r, 0, 32));
    keep(&e->suites, rd_bytes(r, 2));
    keep(&e->compression, rd_bytes(r, 1));
}

void edit_open(struct edit *e, hf_span message)
{
    struct rd r = rd_of(message);
    e->type = rd_u8(&r);
    (void)rd_u24(&r);
    e->count = e->heap_len = 0;
    e->no_extensions = false;
    e->context.len = 0;
    const bool is_hello = e->type == MSG_CLIENT_HELLO || e->type == MSG_SERVER_HELLO;
    if (is_hello) {
        e->legacy_version = rd_u16(&r);
        memcpy(e->random, rd_bytes(&r, sizeof e->random).data, sizeof e->random);
    }
    if (e->type == MSG_CLIENT_HELLO) {
        open_client_hello(e, &r);
    } else if (e->type == MSG_SERVER_HELLO) {
        open_server_hello(e, &r);
    } else if (e->type == MSG_CERTIFICATE_REQUEST) {
        keep(&e->context, rd_vec8(&r, 0, 0xff));
    }
    const hf_span block = rd_vec16(&r, 0, 0xffff);
    assert_true(rd_done(&r));
    open_extensions(e, block);
}

static hf_span bytes_of(const struct edit_bytes *b)
{
    return span_of(b->data, b->len);
}

static void close_head(const struct edit *e, struct wr *w)
{
    const bool is_client = e->type == MSG_CLIENT_HELLO;
    if (is_client || e->type == MSG_SERVER_HELLO) {
        wr_u16(w, e->legacy_version);
        wr_bytes(w, span_of(e->random, sizeof e->random));
        wr_vec(w, bytes_of(&e->session_id), 1);
    }
    if (is_client) {
        wr_vec(w, bytes_of(&e->suites), 2);
        wr_vec(w, bytes_of(&e->compression), 1);
    } else if (e->type == MSG_SERVER_HELLO) {
        wr_bytes(w, bytes_of(&e->suites));
        wr_bytes(w, bytes_of(&e->compression));
    } else if (e->type == MSG_CERTIFICATE_REQUEST) {
        wr_vec(w, bytes_of(&e->context), 1);
    }
}

hf_span edit_close(struct edit *e)
{
    struct wr w = wr_of(e->out, sizeof e->out);
    wr_u8(&w, e->type);
    const size_t body = wr_open(&w, 3);
    close_head(e, &w);
    if (!e->no_extensions) {
        const size_t block = wr_open(&w, 2);
        for (size_t i = 0; i < e->count; i++) {
            wr_u16(&w, e->ext[i].code);
            wr_vec(&w, span_of(e->heap + e->ext[i].at, e->ext[i].len), 2);
        }
        wr_close(&w, block, 2);
    }
    wr_close(&w, body, 3);
    assert_false(w.bad);
    return span_of(e->out, w.len);
}

static size_t place_of(const struct edit *e, uint16_t code)
{
    size_t i = 0;
    while (i < e->count && e->ext[i].code != code) {
        i++;
    }
    return i;
}

hf_span edit_find(const struct edit *e, uint16_t code)
{
    const size_t i = place_of(e, code);
    assert_true(i < e->count);
    return span_of(e->heap + e->ext[i].at, e->ext[i].len);
}

static struct edit_extension put(struct edit *e, uint16_t code, const void *body, size_t len)
{
    assert_true(e->heap_len + len <= sizeof e->heap);
    const struct edit_extension ext = {code, len, e->heap_len};
    if (len > 0) {
        memcpy(e->heap + e->heap_len, body, len);
    }
    e->heap_len += len;
    return ext;
}

void edit_append(struct edit *e, uint16_t code, const void *body, size_t len)
{
    assert_true(e->count < EDIT_EXTENSIONS_MAX);
    e->ext[e->count] = put(e, code, body, len);
    e->count++;
}

void edit_set(struct edit *e, uint16_t code, const void *body, size_t len)
{
    const size_t i = place_of(e, code);
    if (i < e->count) {
        e->ext[i] = put(e, code, body, len);
        return;
    }
    edit_append(e, code, body, len);
    const size_t last = e->count - 1;
    if (last > 0 && e->ext[last - 1].code == EXT_CODE_pre_shared_key) {
        const struct edit_extension psk = e->ext[last - 1];
        e->ext[last - 1] = e->ext[last];
        e->ext[last] = psk;
    }
}

void edit_drop(struct edit *e, uint16_t code)
{
    const size_t i = place_of(e, code);
    assert_true(i < e->count);
    e->count--;
    memmove(&e->ext[i], &e->ext[i + 1], (e->count - i) * sizeof e->ext[0]);
}
