/* The modes of the demo and their configurations. */
#include "demo_modes.h"

#include <string.h>

#include "pki/throwaway.h"
#include "report/failure.h"
#include "setup.h"
#include "tool.h"

const char demo_server_name[] = "localhost";

const struct demo_mode demo_modes[DEMO_MODE_COUNT] = {
    {
        .name = "full",
        .title = "a full handshake",
        .about = "Two ends that have never met agree on keys in one round trip: each sends a key "
                 "share (X25519), the server "
                 "proves who it is with a certificate and a signature. From the third message on "
                 "all is encrypted.",
        .client_groups = "x25519",
        .server_groups = "x25519",
        .group = "x25519",
        .round_trips = 1,
    },
    {
        .name = "post-quantum",
        .title = "safe from quantum computers",
        .about = "What browsers offer today, and our default: the key exchange joins X25519 with "
                 "ML-KEM-768. Who records "
                 "this now and has a quantum computer one day learns nothing. The price: about 2.3 "
                 "kB more.",
        .group = "X25519MLKEM768",
        .round_trips = 1,
        .post_quantum = true,
    },
    {
        .name = "retry",
        .title = "HelloRetryRequest",
        .about = "The client guesses wrong: it sends a share of x25519, but the server wants "
                 "secp256r1. The server says so, "
                 "the client starts again with the right share. That costs one round trip more.",
        .client_groups = "x25519,secp256r1",
        .key_shares = "x25519",
        .server_groups = "secp256r1",
        .group = "secp256r1",
        .round_trips = 2,
        .retried = true,
    },
    {
        .name = "mutual",
        .title = "mutual authentication",
        .about =
            "The server wants to know who the client is: it asks for a certificate, and the client "
            "shows one and signs "
            "as well. Its certificate travels encrypted, so nobody on the way learns who it is.",
        .client_groups = "x25519",
        .server_groups = "x25519",
        .mutual = true,
        .group = "x25519",
        .round_trips = 1,
    },
    {
        .name = "psk",
        .title = "a pre-shared key",
        .about = "Both ends were given the same key beforehand, as small devices are. No "
                 "certificates and no signatures: a "
                 "binder in the ClientHello proves that the client has the key. The key exchange "
                 "is still done, so that a "
                 "stolen key does not open recordings.",
        .client_groups = "x25519",
        .server_groups = "x25519",
        .psk = true,
        .group = "x25519",
        .round_trips = 1,
    },
    {
        .name = "key-update",
        .title = "new keys on the way",
        .about = "A connection may live for years. Either end can change to new keys at any time, "
                 "and ask the other to do "
                 "the same; old keys are forgotten, so whoever steals the new ones cannot read "
                 "what came before.",
        .client_groups = "x25519",
        .server_groups = "x25519",
        .update_keys = true,
        .group = "x25519",
        .round_trips = 1,
    },
};

static int load(struct pki *pki, enum pki_use use, const char *const *names, size_t count,
                hf_identity_store **out, struct trouble *trouble);
static bool set_up_client(const struct demo_mode *mode, const struct demo_world *world,
                          hf_config *c);
static bool set_up_server(const struct demo_mode *mode, const struct demo_world *world,
                          hf_config *s);
static bool add_psk(hf_config *config);

int demo_world_make(struct demo_world *out, struct trouble *trouble)
{
    static const char *const server_names[] = {demo_server_name, "127.0.0.1"};
    static const char *const client_names[] = {"client.demo.example"};
    *out = (struct demo_world){0};
    struct pki *pki = pki_new(trouble);
    hf_trust *trust = pki == NULL ? NULL : hf_trust_new();
    hf_error error = {0};
    if (trust == NULL || hf_trust_add(trust, pki_authority_pem(pki), &error) != HF_OK ||
        (out->trust = hf_trust_store_new(trust)) == NULL) {
        (void)(error.code != HF_E_NONE
                   ? failure_of_setting(&error, "the throw-away authority", trouble)
                   : setup_no_memory(trouble));
    } else if (load(pki, PKI_SERVER, server_names, 2, &out->server, trouble) == 0) {
        (void)load(pki, PKI_CLIENT, client_names, 1, &out->client, trouble);
    }
    hf_trust_free(trust);
    pki_free(pki);
    if (trouble->exit_code != 0) {
        demo_world_free(out);
    }
    return trouble->exit_code;
}

void demo_world_free(struct demo_world *world)
{
    hf_trust_store_free(world->trust);
    hf_identity_store_free(world->server);
    hf_identity_store_free(world->client);
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

static bool set_up_client(const struct demo_mode *mode, const struct demo_world *world,
                          hf_config *c)
{
    return hf_config_set_trust(c, world->trust) == HF_OK &&
           hf_config_set_alpn(c, "demo") == HF_OK &&
           (mode->client_groups == NULL || hf_config_set_groups(c, mode->client_groups) == HF_OK) &&
           (mode->key_shares == NULL || hf_config_set_key_shares(c, mode->key_shares) == HF_OK) &&
           (!mode->mutual || hf_config_set_identities(c, world->client) == HF_OK) &&
           (!mode->psk || add_psk(c)) && hf_config_freeze(c) == HF_OK;
}

static bool set_up_server(const struct demo_mode *mode, const struct demo_world *world,
                          hf_config *s)
{
    return hf_config_set_alpn(s, "demo") == HF_OK &&
           (mode->server_groups == NULL || hf_config_set_groups(s, mode->server_groups) == HF_OK) &&
           (mode->psk ? add_psk(s) : hf_config_set_identities(s, world->server) == HF_OK) &&
           (!mode->mutual || (hf_config_set_trust(s, world->trust) == HF_OK &&
                              hf_config_set_verify(s, HF_VERIFY_REQUIRE) == HF_OK)) &&
           hf_config_freeze(s) == HF_OK;
}

static bool add_psk(hf_config *config)
{
    static const uint8_t identity[] = "device 7";
    static const uint8_t key[32] = "a key that both ends were given";
    return hf_config_add_psk(config, (hf_span){identity, sizeof identity - 1},
                             (hf_span){key, sizeof key}, 256) == HF_OK;
}
