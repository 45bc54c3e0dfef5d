/* Judging of a mode, and the times of its steps. */
#include "demo_judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "report/facts.h"

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, FINISHED = 20 };

static void judge_both(const struct demo_mode *mode, const struct demo_run *run,
                       struct demo_verdict *out);
static void judge_proof(const struct demo_mode *mode, const struct demo_run *run,
                        struct demo_verdict *out);
static void judge_figures(const struct demo_mode *mode, const struct demo_figures *figures,
                          struct demo_verdict *out);
static void judge_replay(const struct demo_run *run, struct demo_verdict *out);
static void check(struct demo_verdict *v, bool ok, const char *what, ...) HF_PRINTF(3, 4);
static void measure(const struct exchange_result *result, struct demo_verdict *out);
static uint64_t first_answer_ns(const struct observer *o);
static uint64_t last_message_ns(const struct observer *o, hf_direction direction, uint8_t type);
static double micros(uint64_t from_ns, uint64_t to_ns);

void demo_judge(const struct demo_mode *mode, const struct demo_run *run, struct demo_verdict *out)
{
    *out = (struct demo_verdict){.ok = true,
                                 .round_trips = obs_round_trips(&run->shown.client.observer)};
    if (mode->resume == DEMO_REPLAYED) {
        judge_replay(run, out);
        return;
    }
    judge_both(mode, run, out);
    judge_proof(mode, run, out);
    judge_figures(mode, &run->figures, out);
    measure(&run->shown, out);
}

static void judge_both(const struct demo_mode *mode, const struct demo_run *run,
                       struct demo_verdict *out)
{
    const struct exchange_result *r = &run->shown;
    const hf_conn_info *client = &r->client.info, *server = &r->server.info;
    const uint16_t version = (uint16_t)(mode->version == 0 ? HF_TLS13 : mode->version);
    check(out, r->trouble.exit_code == 0 && r->client.has_info && r->server.has_info,
          "both ends are content");
    check(out, client->version == version && server->version == version, "%s",
          facts_version(version));
    const char *group = client->group == 0 ? "" : client->group_name;
    check(out, strcmp(group, mode->group) == 0 && client->post_quantum == mode->post_quantum,
          mode->group[0] == '\0' ? "no key exchange of its own%s" : "key exchange with %s",
          mode->group);
    check(out, out->round_trips == mode->round_trips && client->retried == mode->retried,
          "%u round trip%s", mode->round_trips, mode->round_trips == 1 ? "" : "s");
    check(out,
          r->client.has_info &&
              memcmp(r->client.exported, r->server.exported, EXCHANGE_EXPORT_LEN) == 0,
          "both ends hold the same keys");
    check(out, r->data_came_back, "data came back unchanged");
    if (mode->update_keys) {
        check(out, client->keys_sent == 1 && client->keys_received == 1,
              "new keys in both directions");
    }
}

/* How each end knows who the other is. */
static void judge_proof(const struct demo_mode *mode, const struct demo_run *run,
                        struct demo_verdict *out)
{
    const struct exchange_result *r = &run->shown;
    const hf_conn_info *client = &r->client.info, *server = &r->server.info;
    if (mode->resume != DEMO_FULL) {
        check(out, client->resumed && server->resumed && client->peer_chain_count == 0,
              "the session instead of certificates");
    } else if (mode->psk) {
        check(out, client->psk && server->psk && client->peer_chain_count == 0,
              "the shared key instead of certificates");
    } else {
        const struct obs_item *chain = obs_decision(&r->client.observer, HF_DECIDE_CERTIFICATE);
        check(out, !client->psk && chain != NULL && chain->u.choice.value == 1,
              "the server's certificate is believed");
    }
    if (mode->mutual) {
        check(out, server->client_certificate, "the client's certificate is believed");
    }
    if (mode->resume == DEMO_EARLY) {
        check(out, client->early_data && server->early_data && r->early_heard > 0,
              "early data was taken before the handshake's end");
    }
}

static void judge_figures(const struct demo_mode *mode, const struct demo_figures *figures,
                          struct demo_verdict *out)
{
    check(out, figures->has_trips && figures->data_trips == mode->data_trips,
          "first data after %u round trip%s", mode->data_trips, mode->data_trips == 1 ? "" : "s");
    check(out, figures->forward_secrecy == mode->forward_secrecy, "forward secrecy: %s",
          mode->forward_secrecy ? "yes" : "no");
    check(out, figures->certificate_seen == mode->certificate_seen, "certificate on the wire: %s",
          mode->certificate_seen ? "readable" : "not to be seen");
}

static void judge_replay(const struct demo_run *run, struct demo_verdict *out)
{
    const struct exchange_result *r = &run->shown;
    const hf_conn_info *server = &r->server.info;
    check(out, r->trouble.exit_code == 0 && run->first_accepted,
          "the first time, its data was taken");
    check(out, server->resumed, "the second time, the session is good");
    check(out, server->early_data_offered && !server->early_data && r->early_heard == 0,
          "its data is refused, unread");
    check(out, server->early_reason == HF_RESUME_REPLAYED, "the reason: %s",
          hf_resume_name(HF_RESUME_REPLAYED));
    check(out, r->server.connected_ns == 0, "no connection comes of it");
}

static void check(struct demo_verdict *v, bool ok, const char *what, ...)
{
    struct demo_check *c = &v->checks[v->count++];
    va_list args;
    va_start(args, what);
    (void)vsnprintf(c->what, sizeof c->what, what, args);
    va_end(args);
    c->ok = ok;
    v->ok = v->ok && ok;
}

/* Both ends read the same clock, so the steps of one can be set against those of the other. */
static void measure(const struct exchange_result *result, struct demo_verdict *out)
{
    const struct observer *client = &result->client.observer, *server = &result->server.observer;
    const struct obs_item *first = obs_message(client, HF_SENT, CLIENT_HELLO);
    const struct obs_item *answer = obs_message(client, HF_RECEIVED, SERVER_HELLO);
    out->step_us[0] = first == NULL ? 0 : micros(result->start_ns, first->at_ns);
    out->step_us[1] = micros(last_message_ns(server, HF_RECEIVED, CLIENT_HELLO),
                             last_message_ns(server, HF_SENT, FINISHED));
    out->step_us[2] = answer == NULL ? 0
                                     : micros(last_message_ns(client, HF_RECEIVED, SERVER_HELLO),
                                              last_message_ns(client, HF_SENT, FINISHED));
    out->step_us[3] = micros(first_answer_ns(server), result->server.connected_ns);
    out->total_us = micros(result->start_ns, result->server.connected_ns);
}

/* When the server saw the first message of the client's second flight. */
static uint64_t first_answer_ns(const struct observer *o)
{
    bool after_finished = false;
    for (size_t i = 0; i < o->count; i++) {
        const struct obs_item *item = &o->items[i];
        if (item->kind != HF_EV_MESSAGE) {
            continue;
        }
        if (after_finished && item->u.message.direction == HF_RECEIVED) {
            return item->at_ns;
        }
        after_finished = after_finished ||
                         (item->u.message.direction == HF_SENT && item->u.message.type == FINISHED);
    }
    return 0;
}

static uint64_t last_message_ns(const struct observer *o, hf_direction direction, uint8_t type)
{
    uint64_t at_ns = 0;
    for (size_t i = 0; i < o->count; i++) {
        const struct obs_item *item = &o->items[i];
        if (item->kind == HF_EV_MESSAGE && item->u.message.direction == direction &&
            item->u.message.type == type) {
            at_ns = item->at_ns;
        }
    }
    return at_ns;
}

static double micros(uint64_t from_ns, uint64_t to_ns)
{
    return from_ns == 0 || to_ns < from_ns ? 0 : (double)(to_ns - from_ns) / 1e3;
}
