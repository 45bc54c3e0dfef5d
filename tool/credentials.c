/* Certificates of the server.
 *
 * Invariant: the stores are made once and live as long as the server; only their content is
 * swapped. Frozen configurations that point to them so see the new content. */
#include "credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/address.h"
#include "pki/throwaway.h"
#include "report/failure.h"
#include "tool.h"

static int load_identities(const struct serve_settings *s, bool may_ask,
                           hf_identity *out[OPT_LIST_MAX], struct trouble *trouble);
static int load_clients(const struct serve_settings *s, hf_trust **out, struct trouble *trouble);
static void free_identities(hf_identity *identities[OPT_LIST_MAX]);
static int make_throwaway(const struct serve_settings *s, struct credentials *c, hf_identity **out,
                          struct trouble *trouble);
static size_t own_names(const struct serve_settings *s, char room[][ADDRESS_HOST_MAX],
                        const char **names);
static int write_authority(struct credentials *c, hf_span pem, struct trouble *trouble);

enum { OWN_NAMES_MAX = 16 };

int credentials_load(const struct serve_settings *s, struct credentials *out,
                     struct trouble *trouble)
{
    *out = (struct credentials){0};
    hf_identity *identities[OPT_LIST_MAX] = {NULL};
    hf_trust *trust = NULL;
    if (s->cert.count > 0) {
        (void)load_identities(s, true, identities, trouble);
        out->count = s->cert.count;
    } else if (s->parameters.psk.count == 0) {
        (void)make_throwaway(s, out, &identities[0], trouble);
        out->count = 1;
    }
    if (trouble->exit_code == 0 && out->count > 0 &&
        (out->identities = hf_identity_store_new(identities, out->count)) == NULL) {
        (void)setup_no_memory(trouble);
    }
    if (trouble->exit_code == 0 && s->client_ca.count > 0 &&
        load_clients(s, &trust, trouble) == 0 &&
        (out->clients = hf_trust_store_new(trust)) == NULL) {
        (void)setup_no_memory(trouble);
    }
    hf_trust_free(trust);
    free_identities(identities);
    if (trouble->exit_code != 0) {
        credentials_free(out);
    }
    return trouble->exit_code;
}

int credentials_reload(const struct serve_settings *s, struct credentials *c,
                       struct trouble *trouble)
{
    hf_identity *identities[OPT_LIST_MAX] = {NULL};
    hf_trust *trust = NULL;
    /* Everything is read before anything is swapped. */
    if (load_identities(s, false, identities, trouble) == 0 &&
        (s->client_ca.count == 0 || load_clients(s, &trust, trouble) == 0)) {
        if (s->cert.count > 0 &&
            hf_identity_store_replace(c->identities, identities, s->cert.count) != HF_OK) {
            (void)setup_no_memory(trouble);
        } else if (trust != NULL) {
            hf_trust_store_replace(c->clients, trust);
        }
    }
    hf_trust_free(trust);
    free_identities(identities);
    return trouble->exit_code;
}

void credentials_free(struct credentials *c)
{
    hf_identity_store_free(c->identities);
    hf_trust_store_free(c->clients);
    if (c->authority[0] != '\0') {
        (void)unlink(c->authority);
    }
    if (c->directory[0] != '\0') {
        (void)rmdir(c->directory);
    }
    *c = (struct credentials){0};
}

static int load_identities(const struct serve_settings *s, bool may_ask,
                           hf_identity *out[OPT_LIST_MAX], struct trouble *trouble)
{
    for (size_t i = 0; i < s->cert.count; i++) {
        const struct setup_identity from = {
            .cert = s->cert.items[i],
            .key = i < s->key.count ? s->key.items[i] : NULL,
            .ocsp = i < s->ocsp.count ? s->ocsp.items[i] : NULL,
            .passphrase_file = s->passphrase_file,
            .may_ask = may_ask,
            .allow_expired = s->allow_expired,
            .now_s = (int64_t)time(NULL),
        };
        if (setup_identity(&from, &out[i], trouble) != 0) {
            break;
        }
    }
    return trouble->exit_code;
}

/* *out is the caller's, also on trouble. */
static int load_clients(const struct serve_settings *s, hf_trust **out, struct trouble *trouble)
{
    if (setup_trust("--client-ca", &s->client_ca, out, trouble) != 0) {
        return trouble->exit_code;
    }
    return setup_crl("--client-crl", &s->client_crl, *out, trouble);
}

static void free_identities(hf_identity *identities[OPT_LIST_MAX])
{
    for (size_t i = 0; i < OPT_LIST_MAX; i++) {
        hf_identity_free(identities[i]);
    }
}

static int make_throwaway(const struct serve_settings *s, struct credentials *c, hf_identity **out,
                          struct trouble *trouble)
{
    char room[OWN_NAMES_MAX][ADDRESS_HOST_MAX];
    const char *names[OWN_NAMES_MAX];
    const size_t count = own_names(s, room, names);
    struct pki_leaf leaf = {0};
    struct pki *pki = pki_new(trouble);
    if (pki != NULL && pki_issue(pki, PKI_SERVER, names, count, &leaf, trouble) == 0 &&
        write_authority(c, pki_authority_pem(pki), trouble) == 0) {
        const hf_identity_source source = {
            .size = sizeof source,
            .chain = {(const uint8_t *)leaf.chain.ptr, leaf.chain.len},
            .key = {(const uint8_t *)leaf.key.ptr, leaf.key.len},
        };
        hf_error error = {0};
        if (hf_identity_load(&source, &error, out) != HF_OK) {
            (void)failure_of_setting(&error, "the throw-away certificate", trouble);
        }
    }
    pki_leaf_free(&leaf);
    pki_free(pki);
    return trouble->exit_code;
}

/* localhost and its addresses, this machine's name, and the hosts that are listened on. */
static size_t own_names(const struct serve_settings *s, char room[][ADDRESS_HOST_MAX],
                        const char **names)
{
    static const char *const always[] = {"localhost", "127.0.0.1", "::1"};
    size_t count = 0;
    for (; count < 3; count++) {
        names[count] = always[count];
    }
    if (gethostname(room[count], ADDRESS_HOST_MAX - 1) == 0 && room[count][0] != '\0' &&
        strspn(room[count], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
            strlen(room[count]) &&
        strcmp(room[count], "localhost") != 0) {
        names[count] = room[count];
        count++;
    }
    for (size_t i = 0; i < s->listen.count && count < OWN_NAMES_MAX; i++) {
        struct address address;
        struct trouble ignored = {0};
        if (address_parse("--listen", s->listen.items[i], &address, &ignored) != 0 ||
            address.host[0] == '\0' || strchr(address.host, '%') != NULL) {
            continue;
        }
        bool known = false;
        for (size_t n = 0; n < count; n++) {
            known = known || strcmp(names[n], address.host) == 0;
        }
        if (!known) {
            memcpy(room[count], address.host, ADDRESS_HOST_MAX);
            names[count] = room[count];
            count++;
        }
    }
    return count;
}

static int write_authority(struct credentials *c, hf_span pem, struct trouble *trouble)
{
    const char *base = getenv("XDG_RUNTIME_DIR");
    base = base != NULL && access(base, W_OK) == 0 ? base : getenv("TMPDIR");
    base = base != NULL && base[0] != '\0' && strlen(base) < 150 ? base : "/tmp";
    (void)snprintf(c->directory, sizeof c->directory, "%s/handfast-XXXXXX", base);
    if (mkdtemp(c->directory) == NULL) {
        c->directory[0] = '\0';
        return trouble_set(
            trouble, TOOL_SYSTEM, "Give --cert and --key, or a TMPDIR that can be written.",
            "no place for a throw-away certificate in %s: %s", base, strerror(errno));
    }
    (void)snprintf(c->authority, sizeof c->authority, "%s/ca.pem", c->directory);
    const int fd = open(c->authority, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    const bool written = fd >= 0 && write(fd, pem.data, pem.len) == (ssize_t)pem.len;
    const int error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    return written ? 0
                   : trouble_set(trouble, TOOL_SYSTEM,
                                 "Give --cert and --key, or a TMPDIR that can be written.",
                                 "%s: %s", c->authority, strerror(error));
}
