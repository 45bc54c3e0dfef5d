/* What proves by a MAC, computed again out of the document: binders, and both Finished. Signatures
 * are left to the page and to the ends themselves. */
#include <stdlib.h>
#include <string.h>

#include <handfast/inspect.h>

#include "recording/tell.h"

enum { VERIFY_DATA12_LEN = 12 };

/* What the proofs are found by. */
struct prover {
    const struct teller *t;
    const hf_hash *hash;
    bool told; /* the title is there */
};

static void binders(struct prover *p, size_t index);
static void finished(struct prover *p, size_t index);
static void finished12(struct prover *p, size_t index);
static void tell(struct prover *p, size_t index, const char *what, int holds);
static bool transcript(const struct prover *p, size_t count, size_t cut, uint8_t *out);
static size_t bytes_of(const json_t *o, const char *key, uint8_t *out, size_t cap);
static const json_t *find_field(const json_t *fields, const char *name);
static const json_t *find_step(const struct prover *p, const char *name, const char *input);

void tell_proofs(const struct teller *t)
{
    const json_t *summary = json_object_get(t->root, "summary");
    struct prover p = {.t = t};
    size_t i;
    const json_t *m;
    if (!json_is_true(json_object_get(t->root, "secrets")) ||
        tell_is_null(summary, "cipher_suite")) {
        return;
    }
    p.hash = hf_cipher_suite_hash((uint16_t)tell_number(summary, "cipher_suite"));
    const bool is_12 = tell_number(summary, "version") == HF_TLS12;
    json_array_foreach(json_object_get(t->root, "messages"), i, m)
    {
        const char *name = tell_text(m, "name");
        if (p.hash != NULL && strcmp(name, "ClientHello") == 0) {
            binders(&p, i);
        } else if (p.hash != NULL && strcmp(name, "Finished") == 0) {
            (is_12 ? finished12 : finished)(&p, i);
        }
    }
}

/* RFC 9846, 4.3.11.2: over the hello up to its binders. */
static void binders(struct prover *p, size_t index)
{
    const json_t *steps = json_object_get(json_object_get(p->t->root, "schedule"), "steps");
    const json_t *m = json_array_get(json_object_get(p->t->root, "messages"), index);
    const json_t *list = find_field(json_object_get(m, "fields"), "binders");
    uint8_t digest[HF_HASH_MAX_LEN] = {0};
    uint8_t key[HF_HASH_MAX_LEN] = {0};
    uint8_t mac[HF_HASH_MAX_LEN] = {0};
    char hex[2 * HF_HASH_MAX_LEN + 1];
    if (list == NULL || !transcript(p, index + 1, (size_t)tell_number(list, "at"), digest)) {
        return;
    }
    size_t keys = 0;
    size_t held = 0;
    size_t i;
    const json_t *step;
    json_array_foreach(steps, i, step)
    {
        const json_t *input = json_array_get(json_object_get(step, "inputs"), 0);
        const size_t key_len = bytes_of(step, "output", key, sizeof key);
        if (strcmp(tell_text(step, "name"), "finished_key") != 0 ||
            strncmp(tell_text(input, "step"), "binder_key", 10) != 0 ||
            key_len != p->hash->digest_len) {
            continue;
        }
        keys++;
        hf_hmac(p->hash, (hf_span){key, key_len}, (hf_span){digest, p->hash->digest_len}, mac);
        struct text wanted = {0};
        text_add_hex(&wanted, (hf_span){mac, p->hash->digest_len});
        (void)snprintf(hex, sizeof hex, "%s", wanted.ptr == NULL ? "" : wanted.ptr);
        text_free(&wanted);
        const char *behind = tell_text(m, "bytes") + 2 * (size_t)tell_number(list, "at");
        held += hex[0] != '\0' && strstr(behind, hex) != NULL;
    }
    /* A hello after HelloRetryRequest may leave keys out. */
    for (size_t n = 0; n < held || (n == 0 && keys > 0); n++) {
        tell(p, index, "binder", held > 0);
    }
    explicit_bzero(key, sizeof key);
}

static void finished(struct prover *p, size_t index)
{
    const json_t *m = json_array_get(json_object_get(p->t->root, "messages"), index);
    const json_t *keys = json_array_get(json_object_get(p->t->root, "protections"),
                                        (size_t)tell_number(m, "protection"));
    const json_t *step = find_step(p, "finished_key", tell_text(keys, "secret_step"));
    uint8_t key[HF_HASH_MAX_LEN] = {0};
    uint8_t digest[HF_HASH_MAX_LEN] = {0};
    uint8_t mac[HF_HASH_MAX_LEN] = {0};
    uint8_t sent[4 + HF_HASH_MAX_LEN] = {0};
    if (strcmp(tell_text(m, "level"), "handshake") != 0 || step == NULL ||
        !transcript(p, index, SIZE_MAX, digest)) {
        return;
    }
    const size_t key_len = bytes_of(step, "output", key, sizeof key);
    const size_t len = bytes_of(m, "bytes", sent, sizeof sent);
    hf_hmac(p->hash, (hf_span){key, key_len}, (hf_span){digest, p->hash->digest_len}, mac);
    tell(p, index, "Finished",
         len == 4 + (size_t)p->hash->digest_len && memcmp(mac, sent + 4, len - 4) == 0);
    explicit_bzero(key, sizeof key);
}

/* RFC 5246, 7.4.9. */
static void finished12(struct prover *p, size_t index)
{
    const json_t *m = json_array_get(json_object_get(p->t->root, "messages"), index);
    const json_t *step = find_step(p, "master_secret", NULL);
    const char *label =
        strcmp(tell_text(m, "from"), "client") == 0 ? "client finished" : "server finished";
    uint8_t master[HF_HASH_MAX_LEN] = {0};
    uint8_t digest[HF_HASH_MAX_LEN] = {0};
    uint8_t mac[VERIFY_DATA12_LEN] = {0};
    uint8_t sent[4 + VERIFY_DATA12_LEN] = {0};
    if (step == NULL || !transcript(p, index, SIZE_MAX, digest)) {
        return;
    }
    const size_t master_len = bytes_of(step, "output", master, sizeof master);
    hf_prf12(p->hash, (hf_span){master, master_len}, label, (hf_span){digest, p->hash->digest_len},
             mac, sizeof mac);
    tell(p, index, "Finished",
         bytes_of(m, "bytes", sent, sizeof sent) == sizeof sent &&
             memcmp(mac, sent + 4, sizeof mac) == 0);
    explicit_bzero(master, sizeof master);
}

static void tell(struct prover *p, size_t index, const char *what, int holds)
{
    const json_t *m = json_array_get(json_object_get(p->t->root, "messages"), index);
    if (!p->told) {
        text_add(p->t->out, "\n");
        tell_title(p->t, "Proofs, computed again");
        p->told = true;
    }
    text_addf(p->t->out, "  #%zu %s of the ", index, what);
    tell_inert(p->t, tell_text(m, "from"));
    text_add(p->t->out, ": ");
    tell_tinted(p->t, holds ? TINT_GOOD : TINT_BAD, holds ? "equal" : "NOT EQUAL");
    text_add(p->t->out, "\n");
}

/* --- Leaves ----------------------------------------------------------------------------------- */

/* The hash of the first `count` messages (RFC 9846, 4.1), the last one up to `cut`. */
static bool transcript(const struct prover *p, size_t count, size_t cut, uint8_t *out)
{
    const json_t *messages = json_object_get(p->t->root, "messages");
    const size_t digest_len = p->hash->digest_len;
    hf_hash_ctx run;
    p->hash->init(&run);
    for (size_t i = 0; i < count; i++) {
        const json_t *m = json_array_get(messages, i);
        const size_t len = strlen(tell_text(m, "bytes")) / 2;
        uint8_t *bytes = malloc(len + 1);
        if (bytes == NULL) {
            return false;
        }
        if (i == 1 && strcmp(tell_text(m, "name"), "HelloRetryRequest") == 0) {
            const uint8_t head[4] = {254, 0, 0, (uint8_t)digest_len};
            uint8_t first[HF_HASH_MAX_LEN] = {0};
            p->hash->final(&run, first);
            p->hash->init(&run);
            p->hash->update(&run, head, sizeof head);
            p->hash->update(&run, first, digest_len);
        }
        (void)bytes_of(m, "bytes", bytes, len);
        const size_t most = i + 1 == count && cut < len ? cut : len;
        if (most > 0) {
            p->hash->update(&run, bytes, most);
        }
        free(bytes);
    }
    p->hash->final(&run, out);
    return true;
}

/* The reader has seen that it is hexadecimal. Longer than cap: 0. */
static size_t bytes_of(const json_t *o, const char *key, uint8_t *out, size_t cap)
{
    const char *hex = tell_text(o, key);
    const size_t len = strlen(hex) / 2;
    if (len > cap) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return len;
}

/* Two levels are enough: extensions, and what is in them. */
static const json_t *find_field(const json_t *fields, const char *name)
{
    const json_t *level[4] = {fields};
    size_t at[4] = {0};
    for (size_t depth = 1; depth > 0;) {
        const json_t *f = json_array_get(level[depth - 1], at[depth - 1]++);
        if (f == NULL) {
            depth--;
        } else if (strcmp(tell_text(f, "name"), name) == 0) {
            return f;
        } else if (depth < 4 && json_object_get(f, "fields") != NULL) {
            level[depth] = json_object_get(f, "fields");
            at[depth++] = 0;
        }
    }
    return NULL;
}

/* A step of this name, over the output of that one. input NULL: whatever goes in. */
static const json_t *find_step(const struct prover *p, const char *name, const char *input)
{
    const json_t *steps = json_object_get(json_object_get(p->t->root, "schedule"), "steps");
    size_t i;
    const json_t *step;
    json_array_foreach(steps, i, step)
    {
        const json_t *first = json_array_get(json_object_get(step, "inputs"), 0);
        if (strcmp(tell_text(step, "name"), name) == 0 &&
            (input == NULL || strcmp(tell_text(first, "step"), input) == 0)) {
            return step;
        }
    }
    return NULL;
}
