/* Reads whole files and asks for passphrases. */
#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tool.h"

static bool grow(struct file_bytes *bytes);
static int first_line(const char *path, char *out, size_t cap);
static int ask(const char *about, char *out, size_t cap);
static int read_keys(int tty, char *out, size_t cap);

int file_read(const char *what, const char *path, struct file_bytes *out, struct trouble *trouble)
{
    *out = (struct file_bytes){0};
    int error = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st = {0};
    if (fd < 0 || fstat(fd, &st) != 0) {
        error = errno;
    } else if (S_ISDIR(st.st_mode)) {
        error = EISDIR;
    }
    while (error == 0) {
        if (out->len == out->cap && !grow(out)) {
            error = out->cap >= FILE_BYTES_MAX ? EFBIG : ENOMEM;
            break;
        }
        const ssize_t n = read(fd, out->ptr + out->len, out->cap - out->len);
        if (n == 0) {
            break;
        }
        error = n < 0 && errno != EINTR ? errno : 0;
        out->len += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (error == 0 && out->len == 0) {
        (void)trouble_set(trouble, TOOL_USAGE, "Name the right file.", "%s %s: the file is empty",
                          what, path);
    } else if (error != 0) {
        (void)trouble_set(trouble, TOOL_USAGE, "Name a file that exists and can be read.",
                          "%s %s: %s", what, path, strerror(error));
    } else {
        return 0;
    }
    file_free(out);
    return trouble->exit_code;
}

int file_check_target(const char *option, const char *path, struct trouble *trouble)
{
    char directory[4096] = ".";
    const char *slash = strrchr(path, '/');
    const char *why = file_obstacle(path);
    if (slash != NULL && (size_t)(slash - path) < sizeof directory - 1) {
        (void)snprintf(directory, sizeof directory, "%.*s", (int)(slash - path + 1), path);
    }
    if (why == NULL && strchr(directory, '%') == NULL && access(directory, W_OK) != 0) {
        why = strerror(errno);
    }
    if (why == NULL) {
        return 0;
    }
    return trouble_set(trouble, TOOL_USAGE, "Name a file in a directory that can be written.",
                       "%s %s: cannot be written: %s", option, path, why);
}

const char *file_obstacle(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || S_ISREG(st.st_mode)) {
        return NULL;
    }
    return S_ISDIR(st.st_mode) ? "Is a directory" : "not a regular file";
}

void file_free(struct file_bytes *bytes)
{
    if (bytes->ptr != NULL) {
        explicit_bzero(bytes->ptr, bytes->cap);
    }
    free(bytes->ptr);
    *bytes = (struct file_bytes){0};
}

int file_passphrase(void *ctx, char *out, size_t cap)
{
    const struct passphrase *from = ctx;
    if (from->file != NULL) {
        return first_line(from->file, out, cap);
    }
    return from->may_ask ? ask(from->about, out, cap) : -1;
}

/* Not realloc: the old block is wiped. */
static bool grow(struct file_bytes *bytes)
{
    const size_t cap = bytes->cap == 0 ? 8192 : bytes->cap * 2;
    uint8_t *block = cap > FILE_BYTES_MAX ? NULL : malloc(cap);
    if (block == NULL) {
        return false;
    }
    if (bytes->ptr != NULL) {
        memcpy(block, bytes->ptr, bytes->len);
        explicit_bzero(bytes->ptr, bytes->cap);
        free(bytes->ptr);
    }
    bytes->ptr = block;
    bytes->cap = cap;
    return true;
}

static int first_line(const char *path, char *out, size_t cap)
{
    struct file_bytes bytes;
    struct trouble ignored = {0};
    if (file_read("--passphrase-file", path, &bytes, &ignored) != 0) {
        return -1;
    }
    size_t len = 0;
    while (len < bytes.len && bytes.ptr[len] != '\n' && bytes.ptr[len] != '\r') {
        len++;
    }
    const int result = len > cap ? -1 : (int)len;
    if (result > 0) {
        memcpy(out, bytes.ptr, len);
    }
    file_free(&bytes);
    return result;
}

static int ask(const char *about, char *out, size_t cap)
{
    const int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios before, quiet;
    if (tty < 0) {
        return -1;
    }
    if (tcgetattr(tty, &before) != 0) {
        (void)close(tty);
        return -1;
    }
    /* Keys come one by one and Ctrl-C as a key, so that the terminal is always put back as it
     * was. */
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    (void)dprintf(tty, "passphrase for %s: ", about);
    (void)tcsetattr(tty, TCSAFLUSH, &quiet);
    const int len = read_keys(tty, out, cap);
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    (void)dprintf(tty, "\n");
    (void)close(tty);
    if (len == -2) {
        exit(TOOL_INTERRUPTED);
    }
    return len;
}

/* Reads a line from a terminal in raw mode. -1: none; -2: Ctrl-C. */
static int read_keys(int tty, char *out, size_t cap)
{
    enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, DELETE = 127 };
    size_t len = 0;
    for (;;) {
        char key = 0;
        const ssize_t n = read(tty, &key, 1);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0 || key == CTRL_C) {
            explicit_bzero(out, len);
            return n <= 0 ? -1 : -2;
        }
        if (key == '\n' || key == '\r' || key == CTRL_D) {
            return (int)len;
        }
        if (key == BACKSPACE || key == DELETE) {
            len -= len > 0;
        } else if (key == CTRL_U) {
            len = 0;
        } else if (len < cap) {
            out[len++] = key;
        }
    }
}
