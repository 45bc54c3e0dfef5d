/* The shim: what BoringSSL's protocol test runner runs in place of a TLS program. See README.md. */
#include "shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int connect_once(const struct bogo_all_flags *all, struct bogo_shared *shared,
                        bool is_resume);
static int exchange(struct bogo_conn *c);
static int shake_hands(struct bogo_conn *c);
static int write_first(struct bogo_conn *c);
static bool writes_first(const struct bogo_flags *f);
static int begin_write(struct bogo_conn *c, size_t len);
static int write_traffic_secrets(struct bogo_conn *c);
static int write_sizes(struct bogo_conn *c);
static int write_export(struct bogo_conn *c);
static int echo(struct bogo_conn *c);
static int answer_data(struct bogo_conn *c, const hf_received *got);
static int finish(struct bogo_conn *c);
static int send_all(struct bogo_conn *c, const uint8_t *data, size_t len);
static int failed(const struct bogo_conn *c);
static bool is_up(const struct bogo_conn *c);
static void write_early(struct bogo_conn *c);

static const char handshaker[] =
    "-is-handshaker-supported"; /* which no shim but the runner's has */

int main(int argc, char **argv)
{
    static struct bogo_all_flags flags;
    if (getenv("HF_BOGO_LIST") != NULL && !(argc == 2 && strcmp(argv[1], handshaker) == 0)) {
        return BOGO_EXIT_UNIMPLEMENTED; /* the runner shall only name its tests */
    }
    int code = bogo_flags_read(argc, argv, &flags);
    if (code != 0) {
        return code;
    }
    if (flags.initial.is_handshaker_supported) {
        puts("No");
        return 0;
    }
    struct bogo_shared shared = {.now_ms = (int64_t)time(NULL) * 1000};
    shared.keys = hf_ticket_keys_new(NULL);
    shared.guard = hf_strike_register_new(&(hf_strike_params){.size = sizeof(hf_strike_params),
                                                              .bytes = 1 << 16,
                                                              .started_ms = shared.now_ms,
                                                              .nothing_before = true});
    shared.store = hf_session_store_new(NULL);
    if (shared.keys == NULL || shared.store == NULL || shared.guard == NULL ||
        hf_ticket_keys_rotate(shared.keys, HF_TICKET_LIFETIME_MAX_S, HF_TICKET_LIFETIME_MAX_S,
                              shared.now_ms) != HF_OK) {
        code = 1;
    }
    for (int i = 0; code == 0 && i <= flags.initial.resume_count; i++) {
        code = connect_once(&flags, &shared, i > 0);
    }
    hf_session_free(shared.session);
    hf_replay_guard_free(shared.guard);
    hf_session_store_free(shared.store);
    hf_ticket_keys_free(shared.keys);
    return code;
}

/* All stay in a list, so that nobody takes them for lost. */
hf_span bogo_file(const char *path)
{
    static struct kept {
        struct kept *next;
        uint8_t bytes[1 << 20];
    } * all;
    FILE *file = path == NULL ? NULL : fopen(path, "rb");
    struct kept *kept = file == NULL ? NULL : malloc(sizeof *kept);
    size_t len = 0;
    if (kept != NULL) {
        len = fread(kept->bytes, 1, sizeof kept->bytes, file);
        kept->next = all;
        all = kept;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kept == NULL ? (hf_span){NULL, 0} : (hf_span){kept->bytes, len};
}

static int connect_once(const struct bogo_all_flags *all, struct bogo_shared *shared,
                        bool is_resume)
{
    static struct bogo_conn room;
    struct bogo_conn *c = &room;
    *c = (struct bogo_conn){.flags = is_resume ? &all->resume : &all->initial,
                            .retry = &all->retry,
                            .shared = shared,
                            .is_resume = is_resume,
                            .fd = -1};
    const struct bogo_flags *f = c->flags;
    const bool must_offer = is_resume && !f->server && !f->no_ticket;
    hf_session *offer = must_offer ? shared->session : NULL;
    if (must_offer && offer == NULL) {
        fprintf(stderr, "no session to offer\n");
        return 1;
    }
    shared->session = f->server ? shared->session : NULL;
    const hf_trace trace = {
        .wanted = HF_EV_BIT(HF_EV_MESSAGE) | HF_EV_BIT(HF_EV_ALERT) | HF_EV_BIT(HF_EV_RECORD) |
                  HF_EV_BIT(HF_EV_SECRET),
        .event = bogo_watch,
        .ctx = c,
    };
    hf_session_info session = {0};
    if (offer != NULL) {
        hf_session_describe(offer, &session);
    }
    const hf_conn_params params = {
        .size = sizeof params,
        .now_ms = shared->now_ms,
        .server_name = f->server ? NULL : f->host_name,
        .trace = f->expect_msg_callback == NULL && !f->export_traffic_secrets ? NULL : &trace,
        .user = c,
        .session = offer,
        .early_data = !f->server && f->enable_early_data && session.max_early_data > 0,
    };
    int code = bogo_policy(c);
    if (code == 0 && hf_conn_new(c->config, &params, &c->tls) != HF_OK) {
        fprintf(stderr, "no connection: server name or session is not fit\n");
        code = 1;
    }
    hf_session_free(offer);
    code = code != 0 ? code : bogo_link_open(c);
    code = code != 0 ? code : exchange(c);
    bogo_link_close(c);
    hf_conn_free(c->tls);
    shared->now_ms += (int64_t)f->resumption_delay_s * 1000;
    bogo_policy_free(c);
    return code;
}

/* One connection from the first byte to the last. */
static int exchange(struct bogo_conn *c)
{
    int code = shake_hands(c);
    if (code != 0) {
        return code;
    }
    if (c->flags->handshake_never_done) {
        fprintf(stderr, "the handshake was completed\n");
        return 1;
    }
    if (c->is_resume && !c->flags->server && c->flags->expect_reject_early_data) {
        c->flags = c->retry;
        c->early_len = 0;
    }
    code = c->flags->implicit_handshake ? 0 : bogo_expect(c);
    if (code == 0 && (c->flags->no_op_extra_handshake || c->flags->handshake_twice) &&
        bogo_link_drive(c) == HF_FAILED) {
        return failed(c);
    }
    code = code != 0 ? code : write_export(c);
    if (code == 0 && c->flags->send_alert) {
        (void)hf_conn_abort(c->tls, (hf_alert)30);
        bogo_link_flush(c);
        return 0;
    }
    code = code != 0 ? code : write_first(c);
    if (code == 0 && !c->flags->shim_shuts_down && !c->flags->write_different_record_sizes) {
        code = echo(c);
    }
    code = code != 0 ? code : finish(c);
    return code != 0 ? code : bogo_expect_end(c);
}

/* Until data can be sent: for a server that took early data, before the client is done. */
static int shake_hands(struct bogo_conn *c)
{
    const struct bogo_flags *f = c->flags;
    hf_status s = bogo_link_drive(c);
    if (s == HF_FAILED) {
        return failed(c);
    }
    hf_conn_info info;
    hf_conn_describe(c->tls, &info);
    if (!f->server && info.early_data_offered && writes_first(f)) {
        write_early(c);
    }
    hf_received got;
    while (!is_up(c)) {
        s = bogo_link_next(c, &got);
        if (s != HF_OK) {
            return failed(c);
        }
        if (got.kind == HF_GOT_EARLY_DATA && answer_data(c, &got) != 0) {
            return 1;
        }
    }
    return 0;
}

/* As much of the first write as the session allows; the rest follows the handshake. */
static void write_early(struct bogo_conn *c)
{
    const struct bogo_flags *f = c->flags;
    const size_t len = strlen(f->shim_initial_write);
    const size_t total = len * (size_t)f->repeat_shim_initial_write;
    hf_status s = HF_OK;
    while (s == HF_OK && c->early_len < total) {
        uint8_t room[BOGO_BUFFER];
        hf_buf out = {room, sizeof room, 0};
        const size_t at = c->early_len % len;
        size_t taken = 0;
        s = hf_conn_send_early(
            c->tls, (hf_span){(const uint8_t *)f->shim_initial_write + at, len - at}, &out, &taken);
        if (f->read_with_unfinished_write) {
            bogo_link_begin(c, room, out.pos);
        } else {
            bogo_link_write(c, room, out.pos);
        }
        c->early_len += taken;
    }
}

static bool is_up(const struct bogo_conn *c)
{
    hf_conn_info info;
    hf_conn_describe(c->tls, &info);
    return hf_conn_is_connected(c->tls) ||
           (c->flags->server && info.early_data && hf_conn_can_send(c->tls));
}

static int write_export(struct bogo_conn *c)
{
    const struct bogo_flags *f = c->flags;
    uint8_t out[1024];
    if (f->export_len <= 0) {
        return 0;
    }
    const char *context = f->export_context == NULL ? "" : f->export_context;
    const hf_span span = {f->use_export_context ? (const uint8_t *)context : NULL,
                          f->use_export_context ? strlen(context) : 0};
    if ((size_t)f->export_len > sizeof out ||
        hf_conn_export(c->tls, false, f->export_label == NULL ? "" : f->export_label, span, out,
                       (size_t)f->export_len) != HF_OK) {
        fprintf(stderr, "no keying material\n");
        return 1;
    }
    return send_all(c, out, (size_t)f->export_len);
}

static int write_first(struct bogo_conn *c)
{
    const struct bogo_flags *f = c->flags;
    if (f->write_different_record_sizes) {
        return write_sizes(c);
    }
    const size_t len = strlen(f->shim_initial_write);
    const size_t total = writes_first(f) ? len * (size_t)f->repeat_shim_initial_write : 0;
    int code = f->export_traffic_secrets ? write_traffic_secrets(c) : 0;
    if (code == 0 && f->read_with_unfinished_write && c->early_len == 0) {
        return begin_write(c, len);
    }
    for (size_t sent = c->early_len; code == 0 && sent < total;) {
        const size_t at = sent % len;
        code = send_all(c, (const uint8_t *)f->shim_initial_write + at, len - at);
        sent += len - at;
    }
    return code;
}

static bool writes_first(const struct bogo_flags *f)
{
    return f->shim_writes_first || f->read_with_unfinished_write;
}

/* The first byte of a record goes out; the rest when something else has to. */
static int begin_write(struct bogo_conn *c, size_t len)
{
    uint8_t room[BOGO_BUFFER];
    hf_buf out = {room, sizeof room, 0};
    size_t taken = 0;
    const hf_span data = {(const uint8_t *)c->flags->shim_initial_write, len};
    const hf_status s = hf_conn_send(c->tls, data, &out, &taken);
    bogo_link_begin(c, room, out.pos);
    return s == HF_OK ? 0 : failed(c);
}

/* Their length in two bytes, the least first; those of the peer and of this end. */
static int write_traffic_secrets(struct bogo_conn *c)
{
    const uint8_t len[2] = {(uint8_t)c->traffic_secret_len, 0};
    int code = send_all(c, len, sizeof len);
    for (size_t i = 0; code == 0 && i < 2; i++) {
        const size_t sender = (i == 0) == c->flags->server ? HF_CLIENT : HF_SERVER;
        code = send_all(c, c->traffic_secret[sender], c->traffic_secret_len);
    }
    return code;
}

static int write_sizes(struct bogo_conn *c)
{
    static const size_t sizes[] = {0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769};
    static uint8_t data[32769];
    memset(data, 0x42, sizeof data);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const int code = send_all(c, data, sizes[i]);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

/* Sends back what comes with every bit turned, until the peer ends. */
static int echo(struct bogo_conn *c)
{
    for (;;) {
        if (c->flags->key_update_before_read && hf_conn_is_connected(c->tls)) {
            if (hf_conn_update_keys(c->tls, false) != HF_OK) {
                return failed(c);
            }
            bogo_link_flush(c);
        }
        hf_received got;
        do {
            const hf_status s = bogo_link_next(c, &got);
            if (s == HF_CLOSED) {
                return 0;
            }
            if (s != HF_OK) {
                /* A stream that ends is the end of data here; failed() would say more. */
                return hf_conn_error(c->tls)->code == HF_E_TRUNCATED ? 0 : failed(c);
            }
        } while (got.kind == HF_GOT_NOTHING);
        if (got.kind == HF_GOT_CLOSE) {
            return 0;
        }
        const int code = answer_data(c, &got);
        if (code != 0) {
            return code;
        }
    }
}

static int answer_data(struct bogo_conn *c, const hf_received *got)
{
    uint8_t probe[1];
    if (c->flags->use_exporter_between_reads &&
        hf_conn_export(c->tls, false, "EXPORTER-probe", (hf_span){NULL, 0}, probe, 1) != HF_OK) {
        fprintf(stderr, "no keying material\n");
        return 1;
    }
    if (c->flags->key_update && hf_conn_is_connected(c->tls)) {
        if (hf_conn_update_keys(c->tls, false) != HF_OK) {
            return failed(c);
        }
        bogo_link_flush(c);
    }
    for (size_t i = 0; i < got->len; i++) {
        got->data[i] ^= 0xff;
    }
    return got->len == 0 ? 0 : send_all(c, got->data, got->len);
}

/* Takes the sessions, and closes if it is to be looked at. */
static int finish(struct bogo_conn *c)
{
    const struct bogo_flags *f = c->flags;
    if (!f->server) {
        for (hf_session *s; (s = hf_conn_take_session(c->tls)) != NULL;) {
            hf_session_free(c->shared->session);
            c->shared->session = s;
        }
        const int code = bogo_expect_session(c, c->shared->session);
        if (code != 0) {
            return code;
        }
    }
    if (!f->check_close_notify) {
        return 0;
    }
    if (hf_conn_error(c->tls)->code == HF_E_TRUNCATED) {
        fprintf(stderr, "no close_notify came\n");
        return 1;
    }
    (void)hf_conn_close(c->tls);
    bogo_link_flush(c);
    hf_received got;
    hf_status s = HF_OK;
    while (f->shim_shuts_down && s == HF_OK) {
        s = bogo_link_next(c, &got);
        if (s == HF_OK && (got.kind == HF_GOT_DATA || got.kind == HF_GOT_CLOSE)) {
            break;
        }
    }
    return s == HF_OK || s == HF_CLOSED ? 0 : failed(c);
}

static int send_all(struct bogo_conn *c, const uint8_t *data, size_t len)
{
    uint8_t room[BOGO_BUFFER];
    do {
        hf_buf out = {room, sizeof room, 0};
        size_t taken = 0;
        const hf_status s = hf_conn_send(c->tls, (hf_span){data, len}, &out, &taken);
        bogo_link_write(c, room, out.pos);
        if (s != HF_OK && s != HF_NEED_SPACE) {
            return failed(c);
        }
        data += taken;
        len -= taken;
    } while (len > 0);
    return 0;
}

/* The error in a form that test/bogo/config.json can map: ":NAME:", or the alert's name. */
static int failed(const struct bogo_conn *c)
{
    const hf_error *error = hf_conn_error(c->tls);
    const char *alert = hf_alert_name(error->alert);
    if (error->code == HF_E_ALERT_RECEIVED) {
        fprintf(stderr, ":ALERT_%s:\n", alert == NULL ? "unknown" : alert);
    } else {
        fprintf(stderr, ":%s: %s (%s, tells %s)\n", hf_err_lookup(error->code)->name, error->detail,
                error->state == NULL ? "connected" : error->state,
                alert == NULL ? "nothing" : alert);
    }
    return 1;
}
