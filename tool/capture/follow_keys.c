/* What messages mean for the keys: which secret protects what comes next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/follow_int.h"
#include "recording/fields.h"
#include "tool.h"

enum {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    END_OF_EARLY_DATA = 5,
    ENCRYPTED_EXTENSIONS = 8,
    CLIENT_KEY_EXCHANGE = 16,
    FINISHED = 20,
    KEY_UPDATE = 24
};

enum { EXT_EXTENDED_MASTER = 23, EXT_EARLY_DATA = 42, EXT_VERSIONS = 43 };

static int client_hello(struct follow *f, hf_span m);
static int server_hello(struct follow *f, hf_span m);
static void all_secrets(struct follow *f);
static int install(struct follow *f, hf_role from, hf_level level, const char *label);
static int install_secret(struct follow *f, hf_role from, hf_level level, hf_span secret);
static int update(struct follow *f, hf_role from);
static int finished(struct follow *f, hf_role from);
static int remember(struct follow *f, hf_span m);
static int master_secret(struct follow *f, hf_span exchange);
static int install12(struct follow *f, hf_role from);
static bool is_key_transport(uint16_t cipher_suite);
static int refuse_rsa(struct follow *f);
static void note_closed(struct follow *f, hf_role from);
static void go_blind(struct follow *f, hf_role from);
static hf_span extension(hf_span extensions, unsigned code, bool *found);
static hf_span extensions_of(hf_span m);
static void key_step(struct follow *f, hf_role from, const hf_event *event);

int follow_message(struct follow *f, hf_role from, hf_span m)
{
    struct follow_side *client = &f->side[HF_CLIENT];
    bool taken = false;
    if (f->version != HF_TLS13 && remember(f, m) != 0) {
        return f->trouble->exit_code;
    }
    switch (m.data[0]) {
    case CLIENT_HELLO:
        return from == HF_CLIENT ? client_hello(f, m) : 0;
    case SERVER_HELLO:
        return from == HF_SERVER ? server_hello(f, m) : 0;
    case ENCRYPTED_EXTENSIONS:
        (void)extension(extensions_of(m), EXT_EARLY_DATA, &taken);
        if (client->early && !taken) {
            client->early = false;
            (void)install(f, HF_CLIENT, HF_LEVEL_HANDSHAKE, "CLIENT_HANDSHAKE_TRAFFIC_SECRET");
            client->may_not_open = true;
        }
        return f->trouble->exit_code;
    case END_OF_EARLY_DATA:
        client->early = false;
        return install(f, HF_CLIENT, HF_LEVEL_HANDSHAKE, "CLIENT_HANDSHAKE_TRAFFIC_SECRET");
    case CLIENT_KEY_EXCHANGE:
        return f->version == HF_TLS12 ? master_secret(f, m) : 0;
    case FINISHED:
        return finished(f, from);
    case KEY_UPDATE:
        return f->version == HF_TLS13 ? update(f, from) : 0;
    default:
        return 0;
    }
}

/* --- Hellos ----------------------------------------------------------------------------------- */

static int client_hello(struct follow *f, hf_span m)
{
    bool early = false;
    if (m.len < 38) {
        return 0;
    }
    memcpy(f->random[HF_CLIENT], m.data + 6, RANDOM_LEN);
    memcpy(f->client_version, m.data + 4, sizeof f->client_version);
    (void)extension(extensions_of(m), EXT_EARLY_DATA, &early);
    if (f->keys->keylog != NULL && !keylog_knows(f->keys->keylog, f->random[HF_CLIENT])) {
        char random[2 * RANDOM_LEN + 1];
        for (size_t i = 0; i < RANDOM_LEN; i++) {
            (void)snprintf(random + 2 * i, 3, "%02x", f->random[HF_CLIENT][i]);
        }
        return trouble_set(
            f->trouble, TOOL_USAGE,
            "Give the key log that one of the two ends wrote for this connection, or "
            "none, and see what travels in the clear.",
            "the key log %s does not have this connection: no line has the client "
            "random %s; it has lines for %zu others",
            f->keys->keylog_name, random, keylog_connections(f->keys->keylog));
    }
    if (!f->hello_seen && early) {
        f->side[HF_CLIENT].early = true;
        (void)install(f, HF_CLIENT, HF_LEVEL_EARLY, "CLIENT_EARLY_TRAFFIC_SECRET");
    }
    f->hello_seen = true;
    return f->trouble->exit_code;
}

static int server_hello(struct follow *f, hf_span m)
{
    struct follow_side *client = &f->side[HF_CLIENT];
    const hf_span extensions = extensions_of(m);
    bool found = false;
    const hf_span version = extension(extensions, EXT_VERSIONS, &found);
    if (m.len < 40) {
        return 0;
    }
    const size_t at = 39 + (size_t)m.data[38];
    const uint8_t *number = version.len == 2 ? version.data : m.data + 4;
    f->version = (uint16_t)(number[0] << 8 | number[1]);
    f->cipher_suite = 0;
    if (m.len >= at + 2) {
        f->cipher_suite = (uint16_t)(m.data[at] << 8 | m.data[at + 1]);
    }
    if (fields_is_retry(m)) {
        /* RFC 9846, 4.3.10: early data ends unheard, and the second hello is in the clear. */
        hf_opener_free(client->opener);
        client->opener = NULL;
        client->blind = client->early = client->guessing = false;
        client->level = HF_LEVEL_PLAIN;
        f->retried = true;
        return 0;
    }
    f->answered = true;
    memcpy(f->random[HF_SERVER], m.data + 6, RANDOM_LEN);
    (void)extension(extensions, EXT_EXTENDED_MASTER, &f->extended_master);
    if (f->version == HF_TLS12) {
        return refuse_rsa(f);
    }
    if (f->version != HF_TLS13) {
        return trouble_set(f->trouble, TOOL_USAGE, "Capture a connection of TLS 1.2 or 1.3.",
                           "the server chose version 0x%04x, which is not explained here",
                           f->version);
    }
    if (refuse_rsa(f) != 0) {
        return f->trouble->exit_code;
    }
    all_secrets(f);
    (void)install(f, HF_SERVER, HF_LEVEL_HANDSHAKE, "SERVER_HANDSHAKE_TRAFFIC_SECRET");
    if (!client->early) {
        (void)install(f, HF_CLIENT, HF_LEVEL_HANDSHAKE, "CLIENT_HANDSHAKE_TRAFFIC_SECRET");
        client->may_not_open = f->early_offered && f->retried;
    }
    return f->trouble->exit_code;
}

/* RFC 9846, 4.2.2, 4.2.3, 4.4.1: where the extensions stand. Empty: there are none. */
static hf_span extensions_of(hf_span m)
{
    const hf_span none = {NULL, 0};
    size_t at = 4;
    if (m.data[0] == CLIENT_HELLO || m.data[0] == SERVER_HELLO) {
        at += 34;
        at += at < m.len ? 1 + (size_t)m.data[at] : 1;
        if (m.data[0] == SERVER_HELLO) {
            at += 3;
        } else {
            at += at + 2 <= m.len ? 2 + ((size_t)m.data[at] << 8 | m.data[at + 1]) : 2;
            at += at < m.len ? 1 + (size_t)m.data[at] : 1;
        }
    }
    return at + 2 <= m.len ? (hf_span){m.data + at + 2, m.len - at - 2} : none;
}

static hf_span extension(hf_span extensions, unsigned code, bool *found)
{
    hf_span left = extensions;
    while (left.len >= 4) {
        const unsigned type = (unsigned)left.data[0] << 8 | left.data[1];
        const size_t len = (size_t)left.data[2] << 8 | left.data[3];
        if (len > left.len - 4) {
            break;
        }
        if (type == code) {
            *found = true;
            return (hf_span){left.data + 4, len};
        }
        left.data += 4 + len;
        left.len -= 4 + len;
    }
    return (hf_span){NULL, 0};
}

/* --- TLS 1.3 ---------------------------------------------------------------------------------- */

/* Every line that the key log has, in the order of the key schedule: what could not be computed
 * from each other stands there as given. */
static void all_secrets(struct follow *f)
{
    static const char *const labels[] = {
        "CLIENT_EARLY_TRAFFIC_SECRET",
        "EARLY_EXPORTER_SECRET",
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
        "EXPORTER_SECRET",
    };
    for (size_t i = 0; f->keys->keylog != NULL && i < sizeof labels / sizeof labels[0]; i++) {
        const struct keylog_entry *e =
            keylog_find(f->keys->keylog, f->random[HF_CLIENT], labels[i]);
        if (e != NULL) {
            follow_event(f, HF_CLIENT,
                         (hf_event){.kind = HF_EV_SECRET,
                                    .u.secret = {.label = e->label,
                                                 .client_random = {e->random, RANDOM_LEN},
                                                 .secret = {e->secret, e->len}}});
        }
    }
}

static int install(struct follow *f, hf_role from, hf_level level, const char *label)
{
    const struct keylog_entry *e =
        f->keys->keylog == NULL ? NULL : keylog_find(f->keys->keylog, f->random[HF_CLIENT], label);
    f->early_offered = f->early_offered || level == HF_LEVEL_EARLY;
    if (e == NULL) {
        go_blind(f, from);
        return 0;
    }
    f->side[from].guessing = false;
    if (level == HF_LEVEL_EARLY) {
        /* The suite is that of the session resumed, which a capture does not tell (RFC 9846,
         * 4.3.10). */
        f->side[from].guessing = true;
        f->side[from].secret_len = (uint8_t)e->len;
        memcpy(f->side[from].secret, e->secret, e->len);
        return 0;
    }
    return install_secret(f, from, level, (hf_span){e->secret, e->len});
}

/* Whether the record is the first under this secret with this suite. */
static bool opens(uint16_t suite, hf_span secret, hf_span record)
{
    const hf_hash *hash = hf_cipher_suite_hash(suite);
    hf_opener *opener = NULL;
    hf_opened inside;
    uint8_t *copy = NULL;
    bool done = false;
    if (hash != NULL && hash->digest_len == secret.len &&
        hf_opener_new(suite, secret, &opener) == HF_OK) {
        copy = malloc(record.len);
    }
    if (copy != NULL) {
        memcpy(copy, record.data, record.len);
        done = hf_opener_open(opener, copy, record.len, &inside) == HF_OK;
        explicit_bzero(copy, record.len);
    }
    free(copy);
    hf_opener_free(opener);
    return done;
}

int follow_guess_early(struct follow *f, hf_role from, hf_span record)
{
    static const uint16_t suites[] = {0x1301, 0x1302, 0x1303, 0x1304, 0x1305};
    struct follow_side *side = &f->side[from];
    uint8_t secret[HF_HASH_MAX_LEN];
    const hf_span whole = {secret, side->secret_len};
    memcpy(secret, side->secret, sizeof secret);
    for (size_t i = 0; i < sizeof suites / sizeof suites[0] && side->guessing; i++) {
        if (opens(suites[i], whole, record)) {
            side->guessing = false;
            side->may_not_open = true;
            f->cipher_suite = suites[i];
            (void)install_secret(f, from, HF_LEVEL_EARLY, whole);
        }
    }
    explicit_bzero(secret, sizeof secret);
    return f->trouble->exit_code;
}

static int install_secret(struct follow *f, hf_role from, hf_level level, hf_span secret)
{
    static const hf_span none = {NULL, 0};
    struct follow_side *side = &f->side[from];
    const hf_hash *hash = hf_cipher_suite_hash(f->cipher_suite);
    const hf_aead *aead = hf_cipher_suite_aead(f->cipher_suite);
    uint8_t out[HF_HASH_MAX_LEN];
    hf_opener_free(side->opener);
    side->opener = NULL;
    if (hash == NULL || hf_opener_new(f->cipher_suite, secret, &side->opener) != HF_OK) {
        return trouble_set(f->trouble, TOOL_USAGE, "Look at the key log.",
                           "the secret of the %s's %s keys does not fit %s",
                           from == HF_CLIENT ? "client" : "server",
                           level == HF_LEVEL_APPLICATION ? "application" : "handshake",
                           hf_code_name(HF_CODES_CIPHER_SUITE, f->cipher_suite));
    }
    side->blind = false;
    side->level = level;
    memcpy(side->secret, secret.data, secret.len);
    const struct {
        const char *name, *label;
        size_t len;
    } parts[] = {{"key", "key", aead->key_len},
                 {"iv", "iv", HF_AEAD_NONCE_LEN},
                 {"finished_key", "finished", hash->digest_len}};
    for (size_t i = 0; i < (level == HF_LEVEL_HANDSHAKE ? 3 : 2); i++) {
        (void)hf_expand_label(hash, secret, parts[i].label, none, out, parts[i].len);
        const hf_event event = {.kind = HF_EV_KEY_STEP,
                                .u.key_step = {.step = "Expand-Label",
                                               .name = parts[i].name,
                                               .label = parts[i].label,
                                               .in = secret,
                                               .out = {out, parts[i].len}}};
        key_step(f, from, &event);
    }
    explicit_bzero(out, sizeof out);
    follow_event(f, from,
                 (hf_event){.kind = HF_EV_KEYS,
                            .u.keys = {.direction = HF_SENT,
                                       .level = level,
                                       .cipher_suite = f->cipher_suite,
                                       .generation = side->generation}});
    return 0;
}

static int update(struct follow *f, hf_role from)
{
    struct follow_side *side = &f->side[from];
    const hf_hash *hash = hf_cipher_suite_hash(f->cipher_suite);
    uint8_t next[HF_HASH_MAX_LEN];
    if (side->opener == NULL || hash == NULL) {
        return 0;
    }
    const hf_span old = {side->secret, hash->digest_len};
    (void)hf_expand_label(hash, old, "traffic upd", (hf_span){NULL, 0}, next, hash->digest_len);
    const hf_event event = {.kind = HF_EV_KEY_STEP,
                            .u.key_step = {.step = "Expand-Label",
                                           .name = "application_traffic_secret_N+1",
                                           .label = "traffic upd",
                                           .in = old,
                                           .out = {next, hash->digest_len}}};
    key_step(f, from, &event);
    side->generation++;
    (void)install_secret(f, from, HF_LEVEL_APPLICATION, (hf_span){next, hash->digest_len});
    explicit_bzero(next, sizeof next);
    return f->trouble->exit_code;
}

static int finished(struct follow *f, hf_role from)
{
    f->finished++;
    if (f->version != HF_TLS13 || f->side[from].level != HF_LEVEL_HANDSHAKE) {
        return 0;
    }
    return install(f, from, HF_LEVEL_APPLICATION,
                   from == HF_CLIENT ? "CLIENT_TRAFFIC_SECRET_0" : "SERVER_TRAFFIC_SECRET_0");
}

static void go_blind(struct follow *f, hf_role from)
{
    struct follow_side *side = &f->side[from];
    hf_opener_free(side->opener);
    side->opener = NULL;
    side->blind = true;
}

static void key_step(struct follow *f, hf_role from, const hf_event *event)
{
    follow_event(f, from, *event);
}

/* --- TLS 1.2 ---------------------------------------------------------------------------------- */

/* RFC 7627, 4: the session hash is over all messages up to ClientKeyExchange. */
static int remember(struct follow *f, hf_span m)
{
    if (f->has_master || f->messages_len + m.len > 4 * (size_t)MESSAGE_MAX) {
        return 0;
    }
    uint8_t *grown = realloc(f->messages, f->messages_len + m.len);
    if (grown == NULL) {
        return trouble_set(f->trouble, TOOL_SYSTEM, NULL, "no memory for a message");
    }
    f->messages = grown;
    memcpy(f->messages + f->messages_len, m.data, m.len);
    f->messages_len += m.len;
    return 0;
}

/* The client has encrypted the secret to the server's key: whoever has the key can open it. */
static int master_secret(struct follow *f, hf_span exchange)
{
    const hf_hash *hash = hf_cipher_suite_hash(f->cipher_suite);
    uint8_t premaster[MASTER_LEN];
    uint8_t seed[2 * RANDOM_LEN];
    if (f->keys->rsa_decrypt == NULL || f->has_master || exchange.len < 6 ||
        !is_key_transport(f->cipher_suite)) {
        return 0;
    }
    if (hash == NULL) {
        return trouble_set(f->trouble, TOOL_USAGE, "Capture a connection with an AEAD suite.",
                           "%s is not opened here: no records but those of AEADs are",
                           hf_code_name(HF_CODES_CIPHER_SUITE, f->cipher_suite));
    }
    if (!f->keys->rsa_decrypt(f->keys->rsa_ctx, (hf_span){exchange.data + 6, exchange.len - 6},
                              premaster) ||
        memcmp(premaster, f->client_version, sizeof f->client_version) != 0) {
        return trouble_set(f->trouble, TOOL_USAGE,
                           "Give the key of the certificate that the server showed.",
                           "the client's secret was not encrypted to this key");
    }
    size_t seed_len = sizeof seed;
    if (f->extended_master) { /* RFC 7627, 4 */
        hf_hash_ctx ctx;
        seed_len = hash->digest_len;
        hash->init(&ctx);
        hash->update(&ctx, f->messages, f->messages_len);
        hash->final(&ctx, seed);
    } else {
        memcpy(seed, f->random[HF_CLIENT], RANDOM_LEN);
        memcpy(seed + RANDOM_LEN, f->random[HF_SERVER], RANDOM_LEN);
    }
    const char *label = f->extended_master ? "extended master secret" : "master secret";
    const hf_span in = {premaster, sizeof premaster};
    hf_prf12(hash, in, label, (hf_span){seed, seed_len}, f->master, MASTER_LEN);
    f->has_master = true;
    const hf_event event = {.kind = HF_EV_KEY_STEP,
                            .u.key_step = {.step = "PRF",
                                           .name = "master_secret",
                                           .label = label,
                                           .in = in,
                                           .salt_or_context = {seed, seed_len},
                                           .out = {f->master, MASTER_LEN}}};
    key_step(f, HF_CLIENT, &event);
    explicit_bzero(premaster, sizeof premaster);
    return 0;
}

/* TLS_RSA_WITH_...: the only suites whose secret the server's key can open. */
static bool is_key_transport(uint16_t cipher_suite)
{
    static const char prefix[] = "TLS_RSA_WITH_";
    return strncmp(hf_code_name(HF_CODES_CIPHER_SUITE, cipher_suite), prefix, sizeof prefix - 1) ==
           0;
}

/* Forward secrecy, said where it is met. */
static int refuse_rsa(struct follow *f)
{
    if (f->keys->rsa_decrypt == NULL || f->keys->keylog != NULL ||
        is_key_transport(f->cipher_suite)) {
        return 0;
    }
    return trouble_set(
        f->trouble, TOOL_USAGE, "Use a key log: the secrets have to be kept when they are made.",
        "the server's key cannot open this connection (%s): both ends made keys for it alone and "
        "threw them away, and the certificate's key has only signed. Whoever steals that key "
        "tomorrow cannot read what was captured today: that is forward secrecy",
        f->version == HF_TLS13 ? "TLS 1.3" : hf_code_name(HF_CODES_CIPHER_SUITE, f->cipher_suite));
}

int follow_change_cipher_spec(struct follow *f, hf_role from)
{
    return f->version == HF_TLS12 ? install12(f, from) : 0;
}

/* Keys that are known and of no use. */
static void note_closed(struct follow *f, hf_role from)
{
    if (f->has_master && hf_key_block_len(f->cipher_suite) == 0) {
        follow_event(
            f, from,
            (hf_event){.kind = HF_EV_NOTE,
                       .u.note = {.about = hf_code_name(HF_CODES_CIPHER_SUITE, f->cipher_suite),
                                  .text = "records of this suite are not opened here: it "
                                          "has no AEAD"}});
    }
}

static int install12(struct follow *f, hf_role from)
{
    struct follow_side *side = &f->side[from];
    const struct keylog_entry *e =
        f->keys->keylog == NULL
            ? NULL
            : keylog_find(f->keys->keylog, f->random[HF_CLIENT], "CLIENT_RANDOM");
    const hf_hash *hash = hf_cipher_suite_hash(f->cipher_suite);
    const size_t len = hf_key_block_len(f->cipher_suite);
    uint8_t seed[2 * RANDOM_LEN];
    uint8_t block[128];
    if (e != NULL && e->len == MASTER_LEN && !f->has_master) {
        memcpy(f->master, e->secret, MASTER_LEN);
        f->has_master = true;
        follow_event(f, from,
                     (hf_event){.kind = HF_EV_SECRET,
                                .u.secret = {.label = e->label,
                                             .client_random = {e->random, RANDOM_LEN},
                                             .secret = {e->secret, e->len}}});
    }
    const hf_opener12 keys = {f->cipher_suite,
                              from,
                              {f->master, MASTER_LEN},
                              {f->random[HF_CLIENT], RANDOM_LEN},
                              {f->random[HF_SERVER], RANDOM_LEN}};
    side->level = HF_LEVEL_APPLICATION;
    if (!f->has_master || len == 0 || len > sizeof block ||
        hf_opener_new12(&keys, &side->opener) != HF_OK) {
        note_closed(f, from);
        go_blind(f, from);
        return 0;
    }
    memcpy(seed, f->random[HF_SERVER], RANDOM_LEN);
    memcpy(seed + RANDOM_LEN, f->random[HF_CLIENT], RANDOM_LEN);
    hf_prf12(hash, keys.master_secret, "key expansion", (hf_span){seed, sizeof seed}, block, len);
    const hf_event event = {.kind = HF_EV_KEY_STEP,
                            .u.key_step = {.step = "PRF",
                                           .name = "key_block",
                                           .label = "key expansion",
                                           .in = keys.master_secret,
                                           .salt_or_context = {seed, sizeof seed},
                                           .out = {block, len}}};
    key_step(f, from, &event);
    explicit_bzero(block, sizeof block);
    follow_event(f, from,
                 (hf_event){.kind = HF_EV_KEYS,
                            .u.keys = {.direction = HF_SENT,
                                       .level = HF_LEVEL_APPLICATION,
                                       .cipher_suite = f->cipher_suite}});
    return 0;
}
