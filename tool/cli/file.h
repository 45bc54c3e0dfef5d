/* Files as a whole, and passphrases. What was read may be a key: it is wiped when given back. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include <handfast/crypto.h>

#include "cli/trouble.h"

enum { FILE_BYTES_MAX = 8 * 1024 * 1024 };

struct file_bytes {
    uint8_t *ptr;
    size_t len, cap;
};

/* Reads path ("-" is not special). what names the option. Returns 0 or the exit code of
 * *trouble. */
int file_read(const char *what, const char *path, struct file_bytes *out, struct trouble *trouble);
void file_free(struct file_bytes *bytes);

/* Why a file cannot take the place of path, static; NULL: it can, or there is nothing. What is
 * written whole is written beside its place and renamed, which a device would not outlive. */
const char *file_obstacle(const char *path);

/* Whether path can be written when all is over, as far as can be known before. A directory whose
 * name holds a '%' is not looked for. Returns 0 or the exit code of *trouble. */
int file_check_target(const char *option, const char *path, struct trouble *trouble);

static inline hf_span file_span(const struct file_bytes *bytes)
{
    return (hf_span){bytes->ptr, bytes->len};
}

/* Where the passphrase of an encrypted key comes from; the ctx of file_passphrase. */
struct passphrase {
    const char *file;  /* its first line; NULL: ask on the terminal */
    const char *about; /* the key's file, for the question */
    bool may_ask;      /* false: nobody sits there (any more) */
};

/* An hf_passphrase_fn. */
int file_passphrase(void *ctx, char *out, size_t cap);

#endif
