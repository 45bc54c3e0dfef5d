/* Certificates, keys and configurations of the demo. */
#include "demo_world.h"

#include <string.h>
#include <time.h>

#include "pki/throwaway.h"
#include "report/failure.h"
#include "setup.h"

enum {
    STORED_MAX = 1024,
    GUARD_BYTES = 65536,
    TICKET_PERIOD_S = 3600,
    TICKET_LIFETIME_S = 7200,
    EARLY_MAX = 4096,
    EARLY_WINDOW_MS = 10000
};

const char demo_server_name[] = "localhost";

static bool make_memory(struct demo_world *out);
static int load(struct pki *pki, enum pki_use use, const char *const *names, size_t count,
                hf_identity_store **out, struct trouble *trouble);
static bool set_up_both(const struct demo_mode *mode, hf_config *config);
static bool set_up_client(const struct demo_mode *mode, const struct demo_world *world,
                          hf_config *c);
static bool set_up_server(const struct demo_mode *mode, const struct demo_world *world,
                          hf_config *s);
static bool set_up_sessions(const struct demo_mode *mode, const struct demo_world *world,
                            hf_config *s);
static bool add_psk(hf_config *config);

int demo_world_make(bool with_rsa, struct demo_world *out, struct trouble *trouble)
{
    static const char *const server_names[] = {demo_server_name, "127.0.0.1"};
    static const char *const client_names[] = {"client.demo.example"};
    *out = (struct demo_world){0};
    struct pki *pki = pki_new(trouble);
    hf_trust *trust = pki == NULL ? NULL : hf_trust_new();
    hf_error error = {0};
    if (trust == NULL || hf_trust_add(trust, pki_authority_pem(pki), &error) != HF_OK ||
        (out->trust = hf_trust_store_new(trust)) == NULL || !make_memory(out)) {
        (void)(error.code != HF_E_NONE
                   ? failure_of_setting(&error, "the throw-away authority", trouble)
                   : setup_no_memory(trouble));
    } else if (load(pki, PKI_SERVER, server_names, 2, &out->server, trouble) == 0 &&
               load(pki, PKI_CLIENT, client_names, 1, &out->client, trouble) == 0 && with_rsa) {
        (void)load(pki, PKI_SERVER_RSA, server_names, 2, &out->rsa, trouble);
    }
    hf_trust_free(trust);
    pki_free(pki);
    if (trouble->exit_code != 0) {
        demo_world_free(out);
    }
    return trouble->exit_code;
}

/* What a server keeps in order to resume, and not to be replayed to. Nothing was accepted before.
 */
static bool make_memory(struct demo_world *out)
{
    const int64_t now_ms = (int64_t)time(NULL) * 1000;
    const hf_strike_params params = {
        .size = sizeof params, .bytes = GUARD_BYTES, .started_ms = now_ms, .nothing_before = true};
    out->tickets = hf_ticket_keys_new(NULL);
    const hf_session_store_params few = {.size = sizeof few, .count = STORED_MAX};
    out->guard = hf_strike_register_new(&params);
    out->store = hf_session_store_new(&few);
    return out->guard != NULL && out->store != NULL && out->tickets != NULL &&
           hf_ticket_keys_rotate(out->tickets, TICKET_PERIOD_S, TICKET_LIFETIME_S, now_ms) == HF_OK;
}

void demo_world_free(struct demo_world *world)
{
    hf_trust_store_free(world->trust);
    hf_identity_store_free(world->server);
    hf_identity_store_free(world->client);
    hf_identity_store_free(world->rsa);
    hf_ticket_keys_free(world->tickets);
    hf_replay_guard_free(world->guard);
    hf_session_store_free(world->store);
    *world = (struct demo_world){0};
}

int demo_configure(const struct demo_mode *mode, const struct demo_world *world, hf_config **client,
                   hf_config **server, struct trouble *trouble)
{
    *client = hf_config_new(HF_CLIENT, NULL);
    *server = hf_config_new(HF_SERVER, NULL);
    if (*client == NULL || *server == NULL) {
        return setup_no_memory(trouble);
    }
    if (!set_up_client(mode, world, *client)) {
        return failure_of_setting(hf_config_error(*client), "the demo's client", trouble);
    }
    if (!set_up_server(mode, world, *server)) {
        return failure_of_setting(hf_config_error(*server), "the demo's server", trouble);
    }
    return 0;
}

static int load(struct pki *pki, enum pki_use use, const char *const *names, size_t count,
                hf_identity_store **out, struct trouble *trouble)
{
    struct pki_leaf leaf = {0};
    hf_identity *identity = NULL;
    hf_error error = {0};
    if (pki_issue(pki, use, names, count, &leaf, trouble) == 0) {
        const hf_identity_source source = {
            .size = sizeof source,
            .chain = {(const uint8_t *)leaf.chain.ptr, leaf.chain.len},
            .key = {(const uint8_t *)leaf.key.ptr, leaf.key.len},
        };
        if (hf_identity_load(&source, &error, &identity) != HF_OK) {
            (void)failure_of_setting(&error, "the throw-away certificate", trouble);
        } else if ((*out = hf_identity_store_new(&identity, 1)) == NULL) {
            (void)setup_no_memory(trouble);
        }
    }
    hf_identity_free(identity);
    pki_leaf_free(&leaf);
    return trouble->exit_code;
}

static bool set_up_both(const struct demo_mode *mode, hf_config *config)
{
    const hf_version version = mode->version == 0 ? HF_TLS13 : mode->version;
    return hf_config_set_versions(config, version, version) == HF_OK &&
           hf_config_set_alpn(config, "demo") == HF_OK &&
           (mode->ciphers == NULL || hf_config_set_ciphers(config, mode->ciphers) == HF_OK) &&
           (!mode->psk || add_psk(config));
}

static bool set_up_client(const struct demo_mode *mode, const struct demo_world *world,
                          hf_config *c)
{
    return set_up_both(mode, c) && hf_config_set_trust(c, world->trust) == HF_OK &&
           (mode->client_groups == NULL || hf_config_set_groups(c, mode->client_groups) == HF_OK) &&
           (mode->key_shares == NULL || hf_config_set_key_shares(c, mode->key_shares) == HF_OK) &&
           (!mode->mutual || hf_config_set_identities(c, world->client) == HF_OK) &&
           (mode->resume == DEMO_FULL || hf_config_set_resumption(c, true) == HF_OK) &&
           hf_config_freeze(c) == HF_OK;
}

static bool set_up_server(const struct demo_mode *mode, const struct demo_world *world,
                          hf_config *s)
{
    hf_identity_store *shown = mode->rsa ? world->rsa : world->server;
    return set_up_both(mode, s) &&
           (mode->server_groups == NULL || hf_config_set_groups(s, mode->server_groups) == HF_OK) &&
           (mode->psk || hf_config_set_identities(s, shown) == HF_OK) &&
           (!mode->mutual || (hf_config_set_trust(s, world->trust) == HF_OK &&
                              hf_config_set_verify(s, HF_VERIFY_REQUIRE) == HF_OK)) &&
           set_up_sessions(mode, world, s) && hf_config_freeze(s) == HF_OK;
}

static bool set_up_sessions(const struct demo_mode *mode, const struct demo_world *world,
                            hf_config *s)
{
    if (mode->stored) {
        return hf_config_set_session_store(s, world->store) == HF_OK;
    }
    return mode->resume == DEMO_FULL ||
           (hf_config_set_ticket_keys(s, world->tickets) == HF_OK &&
            (mode->resume == DEMO_RESUMED ||
             (hf_config_set_replay_guard(s, world->guard) == HF_OK &&
              hf_config_set_early_data(s, EARLY_MAX, EARLY_WINDOW_MS) == HF_OK)));
}

static bool add_psk(hf_config *config)
{
    static const uint8_t identity[] = "device 7";
    static const uint8_t key[32] = "a key that both ends were given";
    static const uint8_t context[] = "client: device 7, server: demo";
    return hf_config_add_psk(config, (hf_span){identity, sizeof identity - 1},
                             (hf_span){context, sizeof context - 1}, (hf_span){key, sizeof key},
                             256) == HF_OK;
}
