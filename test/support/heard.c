#include "support/heard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "wire/iana.h"
#include "wire/message.h"

bool heard_is_retry(const struct tape_message *m)
{
    return m->type == MSG_SERVER_HELLO &&
           memcmp(m->data + MSG_HEADER_LEN + 2, message_retry_random, MSG_RANDOM_LEN) == 0;
}

static uint8_t variant_of(const struct run *run, const struct heard *h)
{
    if (run_is_12(run->kind)) {
        return run->session == NULL ? 3 : 4;
    }
    if (run->client->psk_count > 0) {
        return 1;
    }
    const bool has_cookie = h->type == HEARD_RETRY || h->type == MSG_CLIENT_HELLO;
    return has_cookie && run->server->stateless_retry ? 2 : 0;
}

struct heard heard_describe(const struct stage *s, const struct tape_message *m)
{
    struct heard h = {
        .role = s->role,
        .type = heard_is_retry(m) ? HEARD_RETRY : m->type,
        .is_post = s->asked,
    };
    for (const struct tape_message *o = s->tape.message; o < m; o++) {
        if (o->from == m->from && o->type == m->type && heard_is_retry(o) == heard_is_retry(m)) {
            h.occurrence++;
        }
    }
    h.variant = variant_of(s->run, &h);
    return h;
}

bool heard_is_news(struct heard_list *list, const struct heard *h)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct heard *o = &list->item[i];
        if (o->role == h->role && o->type == h->type && o->occurrence == h->occurrence &&
            o->is_post == h->is_post && o->variant == h->variant) {
            return false;
        }
    }
    assert_true(list->count < HEARD_MAX);
    list->item[list->count++] = *h;
    return true;
}

const char *heard_name(const struct heard *h)
{
    static const char *const variants[] = {"", " with a pre-shared key", " with a cookie",
                                           " in TLS 1.2", " in TLS 1.2 with a session"};
    static char text[120];
    (void)snprintf(text, sizeof text, "%s%s to the %s%s%s", h->occurrence > 0 ? "2nd " : "",
                   h->type == HEARD_RETRY ? "HelloRetryRequest" : iana_handshake_title(h->type),
                   h->role == HF_CLIENT ? "client" : "server",
                   h->is_post ? " after the handshake" : "", variants[h->variant]);
    return text;
}

bool heard_go_to(struct stage *s, struct run *run, hf_role role, int n)
{
    stage_begin(s, run, role);
    for (int i = 0; i < n;) {
        const size_t before = s->next;
        assert_true(stage_step(s));
        i += s->next != before; /* else it was a ChangeCipherSpec */
    }
    stage_pump(s);
    if (stage_next(s) == NULL) {
        stage_end(s);
        return false;
    }
    stage_change_keys(s);
    return true;
}
