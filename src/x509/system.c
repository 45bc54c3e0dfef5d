#include "x509/system.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/status.h"

enum { SYSTEM_STORE_MAX = 16 << 20 }; /* bytes; Debian's has 0.2 MB */

static const char *system_store(bool *chosen);
static hf_status read_file(const char *path, hf_error *error, uint8_t **out, size_t *size,
                           size_t *len);
static hf_status read_all(FILE *f, const char *path, hf_error *error, uint8_t *bytes, size_t size,
                          size_t *len);

hf_status x5_system_read(struct system_store *out, hf_error *error)
{
    *out = (struct system_store){.bytes = NULL};
    const char *path = system_store(&out->chosen);
    return read_file(path, error, &out->bytes, &out->size, &out->len);
}

void x5_system_free(struct system_store *store)
{
    mem_free(store->bytes, store->size);
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
