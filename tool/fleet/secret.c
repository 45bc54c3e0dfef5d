/* Secrets from files, descriptors and the environment. */
#include "fleet/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

static int read_descriptor(const char *option, const char *where, struct file_bytes *out,
                           struct trouble *trouble);
static int read_environment(const char *option, const char *where, struct file_bytes *out,
                            struct trouble *trouble);
static int check_mode(const char *option, const char *path, int fd, struct trouble *trouble);
static int read_all(const char *option, const char *where, int fd, struct file_bytes *out,
                    struct trouble *trouble);
static int read_file(const char *option, const char *path, struct file_bytes *out,
                     struct trouble *trouble);
static int cannot(const char *option, const char *where, int error, struct trouble *trouble);

int secret_read(const char *option, const char *where, struct file_bytes *out,
                struct trouble *trouble)
{
    if (strncmp(where, "fd:", 3) == 0) {
        return read_descriptor(option, where, out, trouble);
    }
    if (strncmp(where, "env:", 4) == 0) {
        return read_environment(option, where, out, trouble);
    }
    return read_file(option, where, out, trouble);
}

static int read_file(const char *option, const char *path, struct file_bytes *out,
                     struct trouble *trouble)
{
    *out = (struct file_bytes){0};
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return cannot(option, path, errno, trouble);
    }
    if (check_mode(option, path, fd, trouble) == 0) {
        (void)read_all(option, path, fd, out, trouble);
    }
    (void)close(fd);
    return trouble->exit_code;
}

/* From its beginning, where it has one: so it can be read again. */
static int read_descriptor(const char *option, const char *where, struct file_bytes *out,
                           struct trouble *trouble)
{
    *out = (struct file_bytes){0};
    char *end = NULL;
    const long fd = strtol(where + 3, &end, 10);
    if (end == where + 3 || *end != '\0' || fd < 0 || fd > 65535) {
        return trouble_set(trouble, TOOL_USAGE, "Write fd:3 and the like.",
                           "%s %s: not the number of a descriptor", option, where);
    }
    (void)lseek((int)fd, 0, SEEK_SET);
    return read_all(option, where, (int)fd, out, trouble);
}

static int read_environment(const char *option, const char *where, struct file_bytes *out,
                            struct trouble *trouble)
{
    *out = (struct file_bytes){0};
    const char *value = getenv(where + 4);
    const size_t len = value == NULL ? 0 : strlen(value);
    if (len == 0 || len > SECRET_MAX) {
        return trouble_set(trouble, TOOL_USAGE, "Set it before the program starts.",
                           "%s %s: the variable is %s", option, where,
                           len == 0 ? "not set" : "too long");
    }
    out->ptr = malloc(len);
    if (out->ptr == NULL) {
        return cannot(option, where, ENOMEM, trouble);
    }
    memcpy(out->ptr, value, len);
    out->len = out->cap = len;
    return 0;
}

/* What everybody can read is no secret; what others can write is theirs. */
static int check_mode(const char *option, const char *path, int fd, struct trouble *trouble)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        return cannot(option, path, S_ISDIR(st.st_mode) ? EISDIR : errno, trouble);
    }
    if (S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
        return trouble_set(trouble, TOOL_USAGE,
                           "chmod 600 it; and make a new secret, if others may have read this one.",
                           "%s %s: other users can read or change it (mode %03o)", option, path,
                           (unsigned)(st.st_mode & 0777));
    }
    return 0;
}

static int read_all(const char *option, const char *where, int fd, struct file_bytes *out,
                    struct trouble *trouble)
{
    out->ptr = malloc(SECRET_MAX);
    out->cap = SECRET_MAX;
    int error = out->ptr == NULL ? ENOMEM : 0;
    while (error == 0 && out->len < out->cap) {
        const ssize_t n = read(fd, out->ptr + out->len, out->cap - out->len);
        if (n == 0) {
            break;
        }
        error = n < 0 && errno != EINTR ? errno : 0;
        out->len += n > 0 ? (size_t)n : 0;
    }
    if (error == 0 && out->len == SECRET_MAX) {
        error = EFBIG;
    }
    if (error == 0 && out->len == 0) {
        (void)trouble_set(
            trouble, TOOL_USAGE,
            "Name the right one; a descriptor that is no file gives its content once.",
            "%s %s: there is nothing in it", option, where);
    } else if (error != 0) {
        (void)cannot(option, where, error, trouble);
    }
    if (trouble->exit_code != 0) {
        file_free(out);
    }
    return trouble->exit_code;
}

static int cannot(const char *option, const char *where, int error, struct trouble *trouble)
{
    return trouble_set(trouble, TOOL_USAGE, "Write " SECRET_FORMS ".", "%s %s: %s", option, where,
                       strerror(error));
}
