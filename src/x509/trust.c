/* Sets of trust anchors, and the handle that lets one be replaced while connections run. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "x509/x509_int.h"

enum { SYSTEM_STORE_MAX = 16 << 20 }; /* bytes; Debian's has 0.2 MB */

struct hf_trust_store {
    struct ref ref;
    struct rotate current; /* hf_trust */
};

/* What hf_trust_add makes before it takes the place of the old. */
struct growth {
    struct trust_anchor *anchors; /* room for cap */
    size_t cap;
    size_t count;
    size_t old_count;
    STACK_OF(X509) * stack;
    struct trust_bundle *bundle;
};

static hf_status add_certificates(hf_trust *trust, hf_span bytes, enum x5_bundle_mode mode,
                                  hf_error *error);
static hf_status grow(const hf_trust *trust, enum x5_bundle_mode mode, hf_error *error,
                      struct growth *g);
static hf_status add_anchor(struct growth *g, size_t number, enum x5_bundle_mode mode,
                            hf_error *error);
static bool has_anchor(const struct growth *g, hf_span der);
static void drop_growth(struct growth *g);
static void release_anchors(struct trust_anchor *anchors, size_t cap, size_t from, size_t count);
static const char *system_store(bool *chosen);
static hf_status read_file(const char *path, hf_error *error, uint8_t **out, size_t *size,
                           size_t *len);
static hf_status read_all(FILE *f, const char *path, hf_error *error, uint8_t *bytes, size_t size,
                          size_t *len);

hf_trust *hf_trust_new(void)
{
    hf_trust *trust = mem_alloc(sizeof *trust);
    if (trust != NULL) {
        ref_init(&trust->ref);
    }
    return trust;
}

hf_trust *hf_trust_ref(hf_trust *trust)
{
    ref_take(&trust->ref);
    return trust;
}

void hf_trust_free(hf_trust *trust)
{
    if (trust == NULL || !ref_drop(&trust->ref)) {
        return;
    }
    sk_X509_free(trust->stack);
    release_anchors(trust->anchors, trust->count, 0, trust->count);
    while (trust->bundles != NULL) {
        struct trust_bundle *next = trust->bundles->next;
        x5_bundle_free(&trust->bundles->bundle);
        mem_free(trust->bundles, sizeof *trust->bundles);
        trust->bundles = next;
    }
    mem_free(trust, sizeof *trust);
}

hf_status hf_trust_add(hf_trust *trust, hf_span pem_or_der, hf_error *error)
{
    return add_certificates(trust, pem_or_der, X5_BUNDLE_ALL, error);
}

hf_status hf_trust_add_system(hf_trust *trust, hf_error *error)
{
    bool chosen = false;
    const char *path = system_store(&chosen);
    uint8_t *bytes = NULL;
    size_t size = 0;
    size_t len = 0;
    TRY(read_file(path, error, &bytes, &size, &len));
    /* What the user chose is taken as a whole or not at all. The system's own list is somebody
     * else's: one odd entry in it must not take away all the others. */
    const hf_status status = add_certificates(trust, span_of(bytes, len),
                                              chosen ? X5_BUNDLE_ALL : X5_BUNDLE_SKIP_BAD, error);
    mem_free(bytes, size);
    return status;
}

size_t hf_trust_count(const hf_trust *trust)
{
    return trust->count;
}

hf_span hf_trust_subject(const hf_trust *trust, size_t i)
{
    return i < trust->count ? trust->anchors[i].subject : span_of(NULL, 0);
}

hf_trust_store *hf_trust_store_new(hf_trust *trust)
{
    hf_trust_store *store = mem_alloc(sizeof *store);
    if (store != NULL) {
        ref_init(&store->ref);
        rotate_init(&store->current, trust == NULL ? NULL : &hf_trust_ref(trust)->ref);
    }
    return store;
}

hf_trust_store *hf_trust_store_ref(hf_trust_store *store)
{
    ref_take(&store->ref);
    return store;
}

void hf_trust_store_free(hf_trust_store *store)
{
    if (store == NULL || !ref_drop(&store->ref)) {
        return;
    }
    hf_trust_free((hf_trust *)rotate_replace(&store->current, NULL));
    mem_free(store, sizeof *store);
}

void hf_trust_store_replace(hf_trust_store *store, hf_trust *trust)
{
    struct ref *next = trust == NULL ? NULL : &hf_trust_ref(trust)->ref;
    hf_trust_free((hf_trust *)rotate_replace(&store->current, next));
}

hf_trust *hf_trust_store_current(hf_trust_store *store)
{
    return (hf_trust *)rotate_read(&store->current);
}

/* All or nothing: the larger set is made beside the present one and then takes its place. */
static hf_status add_certificates(hf_trust *trust, hf_span bytes, enum x5_bundle_mode mode,
                                  hf_error *error)
{
    struct growth g = {.bundle = mem_alloc(sizeof *g.bundle)};
    if (g.bundle == NULL) {
        return err_raise(error, HF_E_NO_MEMORY, "for trust anchors");
    }
    struct x5_errors errors;
    x5_errors_begin(&errors);
    hf_status status = x5_bundle_load(bytes, mode, error, &g.bundle->bundle);
    if (status == HF_OK) {
        status = grow(trust, mode, error, &g);
    }
    (void)x5_errors_end(&errors);
    if (status != HF_OK) {
        drop_growth(&g);
        return status;
    }
    sk_X509_free(trust->stack);
    release_anchors(trust->anchors, trust->count, 0, 0); /* their references have moved to g */
    g.bundle->next = trust->bundles;
    trust->bundles = g.bundle;
    trust->anchors = g.anchors;
    trust->count = g.count;
    trust->stack = g.stack;
    return HF_OK;
}

static hf_status grow(const hf_trust *trust, enum x5_bundle_mode mode, hf_error *error,
                      struct growth *g)
{
    g->cap = trust->count + g->bundle->bundle.count;
    g->anchors = mem_alloc(g->cap * sizeof *g->anchors);
    g->stack = sk_X509_new_reserve(NULL, (int)g->cap);
    if (g->anchors == NULL || g->stack == NULL) {
        return err_raise(error, HF_E_NO_MEMORY, "for %zu trust anchors", g->cap);
    }
    g->old_count = trust->count;
    for (; g->count < trust->count; g->count++) {
        g->anchors[g->count] = trust->anchors[g->count];
        (void)sk_X509_push(g->stack, g->anchors[g->count].x509); /* reserved: cannot fail */
    }
    for (size_t i = 0; i < g->bundle->bundle.count; i++) {
        TRY(add_anchor(g, i, mode, error));
    }
    /* The array is freed by its count, so it must be exactly that large. */
    if (g->count < g->cap) {
        struct trust_anchor *exact = mem_alloc(g->count * sizeof *exact);
        if (exact == NULL) {
            return err_raise(error, HF_E_NO_MEMORY, "for %zu trust anchors", g->count);
        }
        memcpy(exact, g->anchors, g->count * sizeof *exact);
        mem_free(g->anchors, g->cap * sizeof *exact);
        g->anchors = exact;
        g->cap = g->count;
    }
    return HF_OK;
}

static hf_status add_anchor(struct growth *g, size_t number, enum x5_bundle_mode mode,
                            hf_error *error)
{
    const hf_span der = g->bundle->bundle.certificate[number];
    struct x5_certificate c;
    if (has_anchor(g, der) || !x5_certificate_read(der, &c)) {
        return HF_OK; /* the bundle has read it before */
    }
    bool no_memory = false;
    X509 *x509 = x5_decode(der, &no_memory);
    /* Done now, before the set is shared, so that connections never meet on libcrypto's lock. */
    if (x509 != NULL && !x5_extensions_decode(x509, &no_memory)) {
        X509_free(x509);
        x509 = NULL;
    }
    if (no_memory) {
        return err_raise(error, HF_E_NO_MEMORY, "for a certificate of %zu bytes", der.len);
    }
    if (x509 == NULL && mode == X5_BUNDLE_SKIP_BAD) {
        return HF_OK;
    }
    if (x509 == NULL) {
        return err_raise(error, HF_E_PEM_MALFORMED,
                         "certificate %zu of %zu is not a well-formed certificate", number + 1,
                         g->bundle->bundle.count);
    }
    g->anchors[g->count++] = (struct trust_anchor){der, c.subject, x509};
    (void)sk_X509_push(g->stack, x509);
    return HF_OK;
}

static bool has_anchor(const struct growth *g, hf_span der)
{
    for (size_t i = 0; i < g->count; i++) {
        if (span_eq(g->anchors[i].der, der)) {
            return true;
        }
    }
    return false;
}

static void drop_growth(struct growth *g)
{
    sk_X509_free(g->stack);
    release_anchors(g->anchors, g->cap, g->old_count, g->count);
    x5_bundle_free(&g->bundle->bundle);
    mem_free(g->bundle, sizeof *g->bundle);
}

/* Frees an array of cap anchors, and the certificates of those from..count. */
static void release_anchors(struct trust_anchor *anchors, size_t cap, size_t from, size_t count)
{
    for (size_t i = from; i < count; i++) {
        X509_free(anchors[i].x509);
    }
    mem_free(anchors, cap * sizeof *anchors);
}

/* Where the system keeps its authorities. *chosen: the user said so. */
static const char *system_store(bool *chosen)
{
    /* A program with rights that its caller lacks must not let the caller choose whom it trusts. */
    const char *asked = getenv("SSL_CERT_FILE");
    if (asked != NULL && asked[0] != '\0' && getuid() == geteuid() && getgid() == getegid()) {
        *chosen = true;
        return asked;
    }
    static const char *const places[] = {
        "/etc/ssl/certs/ca-certificates.crt", /* Debian, Ubuntu, Arch, Alpine */
        "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL */
        "/etc/ssl/ca-bundle.pem",             /* openSUSE */
        "/etc/ssl/cert.pem",                  /* macOS, the BSDs */
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (access(places[i], R_OK) == 0) {
            return places[i];
        }
    }
    return places[0];
}

/* The whole file in a block of *size bytes. */
static hf_status read_file(const char *path, hf_error *error, uint8_t **out, size_t *size,
                           size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return err_raise(error, HF_E_CONFIG_NO_TRUST, "%s cannot be opened", path);
    }
    long end = -1;
    if (fseek(f, 0, SEEK_END) == 0) {
        end = ftell(f);
    }
    hf_status status = HF_FAILED;
    uint8_t *bytes = NULL;
    if (end < 0 || end > SYSTEM_STORE_MAX || fseek(f, 0, SEEK_SET) != 0) {
        (void)err_raise(error, HF_E_CONFIG_NO_TRUST, "%s is not a file of at most 16 MiB", path);
    } else {
        *size = (size_t)end + 1;
        bytes = mem_alloc(*size);
        status = bytes == NULL ? err_raise(error, HF_E_NO_MEMORY, "to read %s", path)
                               : read_all(f, path, error, bytes, *size, len);
    }
    (void)fclose(f);
    if (status != HF_OK) {
        mem_free(bytes, *size);
        return status;
    }
    *out = bytes;
    return HF_OK;
}

static hf_status read_all(FILE *f, const char *path, hf_error *error, uint8_t *bytes, size_t size,
                          size_t *len)
{
    *len = fread(bytes, 1, size, f);
    if (ferror(f) != 0 || *len == size) {
        return err_raise(error, HF_E_CONFIG_NO_TRUST,
                         "%s cannot be read or changes while it is read", path);
    }
    return HF_OK;
}
