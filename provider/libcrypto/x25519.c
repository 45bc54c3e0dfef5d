/* X25519 by libcrypto's default provider, called through its own dispatch tables.
 *
 * The EVP way makes two EVP_PKEY and one EVP_PKEY_CTX for each derivation, and computes a public
 * key that nobody asked for while it imports the private one (README.md has the figures). The
 * tables behind EVP are public (OSSL_PROVIDER_query_operation, provider-keymgmt(7),
 * provider-keyexch(7)); with them one "machine" is built once: a key object for us, one for the
 * peer, and an exchange over both. An operation then imports 32 + 32 bytes into the key objects and
 * derives. Nothing is allocated.
 *
 * Invariants: a machine in the stash holds no secret (its private key is zero); a machine is used
 * by one thread at a time. */
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "libcrypto/libcrypto.h"
#include "libcrypto/quiet.h"
#include "libcrypto/spare.h"
#include "libcrypto/x25519.h"

static bool x25519_generate(hf_random_fn random, void *random_ctx, void *priv, uint8_t *share);
static bool x25519_decap(void *priv, const uint8_t *peer_share, size_t peer_len, uint8_t *secret);
static bool x25519_encap(hf_random_fn random, void *random_ctx, const uint8_t *peer_share,
                         size_t peer_len, uint8_t *share, uint8_t *secret);
static void x25519_clear(void *priv);

const hf_group lc_x25519_group = {
    .name = "x25519",
    .id = 0x001d,
    .client_share_len = X25519_LEN,
    .server_share_len = X25519_LEN,
    .secret_len = X25519_LEN,
    .private_size = X25519_LEN,
    .post_quantum = false,
    .generate = x25519_generate,
    .decap = x25519_decap,
    .encap = x25519_encap,
    .clear = x25519_clear,
};

struct machine {
    void *own, *peer; /* key objects */
    void *exchange;   /* over own and peer */
};

/* The functions of the default provider, found once. */
static struct {
    CRYPTO_ONCE once;
    bool ready;
    void *provider_ctx;
    OSSL_FUNC_keymgmt_new_fn *key_new;
    OSSL_FUNC_keymgmt_free_fn *key_free;
    OSSL_FUNC_keymgmt_import_fn *key_import;
    OSSL_FUNC_keyexch_newctx_fn *exchange_new;
    OSSL_FUNC_keyexch_freectx_fn *exchange_free;
    OSSL_FUNC_keyexch_init_fn *exchange_init;
    OSSL_FUNC_keyexch_set_peer_fn *exchange_set_peer;
    OSSL_FUNC_keyexch_derive_fn *exchange_derive;
} x25519 = {.once = CRYPTO_ONCE_STATIC_INIT};

static struct lc_spare machines;

static void find_functions(void);
static const OSSL_DISPATCH *find_table(OSSL_PROVIDER *provider, int operation, const char *name);
static void (*find_function(const OSSL_DISPATCH *table, int id))(void);
static struct machine *machine_take(void);
static void machine_put(struct machine *machine);
static struct machine *machine_new(void);
static void machine_free(struct machine *machine);
static bool load_own(const struct machine *machine, const uint8_t *scalar);
static bool load_peer(const struct machine *machine, const uint8_t *point);

bool lc_x25519(uint8_t out[X25519_LEN], const uint8_t scalar[X25519_LEN],
               const uint8_t point[X25519_LEN])
{
    struct machine *machine = machine_take();
    if (machine == NULL) {
        memset(out, 0, X25519_LEN);
        return false;
    }
    size_t out_len = X25519_LEN;
    /* derive refuses the all-zero result: RFC 9846, 7.4.2. */
    lc_quiet_begin();
    const bool derived = load_own(machine, scalar) && load_peer(machine, point) &&
                         x25519.exchange_derive(machine->exchange, out, &out_len, X25519_LEN) == 1;
    lc_quiet_end();
    machine_put(machine);
    if (!derived) {
        OPENSSL_cleanse(out, X25519_LEN);
    }
    return derived;
}

bool lc_x25519_public(uint8_t out[X25519_LEN], const uint8_t scalar[X25519_LEN])
{
    /* libcrypto's own way to the public key is slower than its ladder over the base point: the
     * table it uses was written for 32-bit limbs. */
    static const uint8_t base[X25519_LEN] = {9};
    return lc_x25519(out, scalar, base);
}

static bool x25519_generate(hf_random_fn random, void *random_ctx, void *priv, uint8_t *share)
{
    return random(random_ctx, priv, X25519_LEN) && lc_x25519_public(share, priv);
}

static bool x25519_decap(void *priv, const uint8_t *peer_share, size_t peer_len, uint8_t *secret)
{
    return peer_len == X25519_LEN && lc_x25519(secret, priv, peer_share);
}

static bool x25519_encap(hf_random_fn random, void *random_ctx, const uint8_t *peer_share,
                         size_t peer_len, uint8_t *share, uint8_t *secret)
{
    uint8_t scalar[X25519_LEN];
    const bool done = peer_len == X25519_LEN && random(random_ctx, scalar, sizeof scalar) &&
                      lc_x25519(secret, scalar, peer_share) && lc_x25519_public(share, scalar);
    OPENSSL_cleanse(scalar, sizeof scalar);
    if (!done) {
        OPENSSL_cleanse(secret, X25519_LEN);
        memset(share, 0, X25519_LEN);
    }
    return done;
}

static void x25519_clear(void *priv)
{
    OPENSSL_cleanse(priv, X25519_LEN);
}

static struct machine *machine_take(void)
{
    CRYPTO_THREAD_run_once(&x25519.once, find_functions);
    if (!x25519.ready) {
        return NULL;
    }
    struct machine *machine = lc_spare_take(&machines);
    return machine != NULL ? machine : machine_new();
}

static void machine_put(struct machine *machine)
{
    static const uint8_t zero[X25519_LEN] = {0};
    if (!load_own(machine, zero) || !lc_spare_put(&machines, machine)) {
        machine_free(machine);
    }
}

static struct machine *machine_new(void)
{
    static const uint8_t zero[X25519_LEN] = {0};
    struct machine *machine = OPENSSL_zalloc(sizeof *machine);
    if (machine == NULL) {
        return NULL;
    }
    machine->own = x25519.key_new(x25519.provider_ctx);
    machine->peer = x25519.key_new(x25519.provider_ctx);
    machine->exchange = x25519.exchange_new(x25519.provider_ctx);
    if (machine->own == NULL || machine->peer == NULL || machine->exchange == NULL ||
        !load_own(machine, zero) || !load_peer(machine, zero) ||
        x25519.exchange_init(machine->exchange, machine->own, NULL) != 1 ||
        x25519.exchange_set_peer(machine->exchange, machine->peer) != 1) {
        machine_free(machine);
        return NULL;
    }
    return machine;
}

static void machine_free(struct machine *machine)
{
    if (machine->exchange != NULL) {
        x25519.exchange_free(machine->exchange);
    }
    if (machine->own != NULL) {
        x25519.key_free(machine->own);
    }
    if (machine->peer != NULL) {
        x25519.key_free(machine->peer);
    }
    OPENSSL_free(machine);
}

/* The private key is imported together with a public one, which derive never reads: import would
 * otherwise compute it. */
static bool load_own(const struct machine *machine, const uint8_t *scalar)
{
    static uint8_t unread[X25519_LEN];
    const OSSL_PARAM own[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, (uint8_t *)(uintptr_t)scalar,
                                          X25519_LEN),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, unread, X25519_LEN),
        OSSL_PARAM_construct_end()};
    return x25519.key_import(machine->own, OSSL_KEYMGMT_SELECT_KEYPAIR, own) == 1;
}

static bool load_peer(const struct machine *machine, const uint8_t *point)
{
    const OSSL_PARAM peer[] = {OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                                                 (uint8_t *)(uintptr_t)point,
                                                                 X25519_LEN),
                               OSSL_PARAM_construct_end()};
    return x25519.key_import(machine->peer, OSSL_KEYMGMT_SELECT_PUBLIC_KEY, peer) == 1;
}

static void find_functions(void)
{
    /* Never unloaded: the tables must live as long as the machines in the stash. */
    OSSL_PROVIDER *provider = OSSL_PROVIDER_load(NULL, "default");
    if (provider == NULL) {
        return;
    }
    x25519.provider_ctx = OSSL_PROVIDER_get0_provider_ctx(provider);
    const OSSL_DISPATCH *key = find_table(provider, OSSL_OP_KEYMGMT, "X25519");
    const OSSL_DISPATCH *exchange = find_table(provider, OSSL_OP_KEYEXCH, "X25519");
    if (key == NULL || exchange == NULL) {
        return;
    }
    x25519.key_new = (OSSL_FUNC_keymgmt_new_fn *)find_function(key, OSSL_FUNC_KEYMGMT_NEW);
    x25519.key_free = (OSSL_FUNC_keymgmt_free_fn *)find_function(key, OSSL_FUNC_KEYMGMT_FREE);
    x25519.key_import = (OSSL_FUNC_keymgmt_import_fn *)find_function(key, OSSL_FUNC_KEYMGMT_IMPORT);
    x25519.exchange_new =
        (OSSL_FUNC_keyexch_newctx_fn *)find_function(exchange, OSSL_FUNC_KEYEXCH_NEWCTX);
    x25519.exchange_free =
        (OSSL_FUNC_keyexch_freectx_fn *)find_function(exchange, OSSL_FUNC_KEYEXCH_FREECTX);
    x25519.exchange_init =
        (OSSL_FUNC_keyexch_init_fn *)find_function(exchange, OSSL_FUNC_KEYEXCH_INIT);
    x25519.exchange_set_peer =
        (OSSL_FUNC_keyexch_set_peer_fn *)find_function(exchange, OSSL_FUNC_KEYEXCH_SET_PEER);
    x25519.exchange_derive =
        (OSSL_FUNC_keyexch_derive_fn *)find_function(exchange, OSSL_FUNC_KEYEXCH_DERIVE);
    x25519.ready = x25519.key_new != NULL && x25519.key_free != NULL && x25519.key_import != NULL &&
                   x25519.exchange_new != NULL && x25519.exchange_free != NULL &&
                   x25519.exchange_init != NULL && x25519.exchange_set_peer != NULL &&
                   x25519.exchange_derive != NULL;
}

/* The dispatch table of the algorithm whose first name is name. */
static const OSSL_DISPATCH *find_table(OSSL_PROVIDER *provider, int operation, const char *name)
{
    int no_cache = 0;
    const OSSL_ALGORITHM *algorithm = OSSL_PROVIDER_query_operation(provider, operation, &no_cache);
    const size_t name_len = strlen(name);
    for (; algorithm != NULL && algorithm->algorithm_names != NULL; algorithm++) {
        const char *names = algorithm->algorithm_names; /* "X25519:1.3.101.110" */
        if (strncmp(names, name, name_len) == 0 &&
            (names[name_len] == ':' || names[name_len] == '\0')) {
            return algorithm->implementation;
        }
    }
    return NULL;
}

static void (*find_function(const OSSL_DISPATCH *table, int id))(void)
{
    for (; table->function_id != 0; table++) {
        if (table->function_id == id) {
            return table->function;
        }
    }
    return NULL;
}
