/* The file: one line that names its form, SHA-256 of what follows, and what hf_session_export
 * wrote. The hash tells a file that was damaged from one of another version; it protects against
 * nobody. */
#include "session_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/file.h"
#include "setup.h"
#include "tool.h"

static const char first_line[] = "handfast session 1\n";

enum {
    LINE_LEN = sizeof first_line - 1,
    SUM_LEN = 32,
    FILE_MAX = LINE_LEN + SUM_LEN + HF_SESSION_EXPORT_MAX
};

static int judge(const char *path, hf_span file, hf_session **out, struct trouble *trouble);
static const char *what_else(hf_span file);
static void sum(hf_span bytes, uint8_t out[SUM_LEN]);
static int put(const char *path, hf_span bytes);
static int put_into(int fd, const char *written, const char *path, hf_span bytes);

int session_file_read(const char *path, hf_session **out, bool *shared, struct trouble *trouble)
{
    struct file_bytes bytes;
    struct stat st;
    *out = NULL;
    if (file_read("--session-in", path, &bytes, trouble) != 0) {
        return trouble->exit_code;
    }
    (void)judge(path, file_span(&bytes), out, trouble);
    *shared = *out != NULL && stat(path, &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH)) != 0;
    file_free(&bytes);
    return trouble->exit_code;
}

static int judge(const char *path, hf_span file, hf_session **out, struct trouble *trouble)
{
    static const char fix[] = "Write one with --session-out FILE.";
    uint8_t expected[SUM_LEN];
    if (file.len < LINE_LEN || memcmp(file.data, first_line, LINE_LEN) != 0) {
        return trouble_set(trouble, TOOL_USAGE, fix, "--session-in %s: %s", path, what_else(file));
    }
    const hf_span rest = {file.data + LINE_LEN, file.len - LINE_LEN};
    if (rest.len <= SUM_LEN) {
        return trouble_set(trouble, TOOL_USAGE, fix, "--session-in %s: the file is cut off", path);
    }
    const hf_span session = {rest.data + SUM_LEN, rest.len - SUM_LEN};
    sum(session, expected);
    if (memcmp(rest.data, expected, SUM_LEN) != 0) {
        return trouble_set(trouble, TOOL_USAGE, fix, "--session-in %s: the file is damaged", path);
    }
    *out = hf_session_import(session);
    return *out != NULL
               ? 0
               : trouble_set(trouble, TOOL_USAGE, fix,
                             "--session-in %s: the session is of another version of handfast",
                             path);
}

/* For people who mix up their files. */
static const char *what_else(hf_span file)
{
    static const char pem[] = "-----BEGIN ";
    static const char openssl[] = "-----BEGIN SSL SESSION PARAMETERS-----";
    static const char ours[] = "handfast session ";
    if (file.len >= sizeof openssl - 1 && memcmp(file.data, openssl, sizeof openssl - 1) == 0) {
        return "a session of openssl's, which only openssl reads";
    }
    if (file.len >= sizeof pem - 1 && memcmp(file.data, pem, sizeof pem - 1) == 0) {
        return "a PEM file, not a session";
    }
    if (file.len >= sizeof ours - 1 && memcmp(file.data, ours, sizeof ours - 1) == 0) {
        return "the session is of another version of handfast";
    }
    return "not a file that --session-out wrote";
}

static void sum(hf_span bytes, uint8_t out[SUM_LEN])
{
    hf_hash_ctx ctx;
    const hf_hash *sha256 = hf_provider_default()->sha256;
    sha256->init(&ctx);
    sha256->update(&ctx, bytes.data, bytes.len);
    sha256->final(&ctx, out);
}

int session_file_write(const char *path, const hf_session *session, struct trouble *trouble)
{
    static const char fix[] = "Name a file in a directory that can be written.";
    const char *obstacle = file_obstacle(path);
    uint8_t *bytes = malloc(FILE_MAX);
    if (obstacle != NULL || bytes == NULL) {
        free(bytes);
        return obstacle == NULL
                   ? setup_no_memory(trouble)
                   : trouble_set(trouble, TOOL_SYSTEM, fix, "--session-out %s: %s", path, obstacle);
    }
    hf_buf out = {bytes, FILE_MAX, LINE_LEN + SUM_LEN};
    int error = EFBIG;
    if (hf_session_export(session, &out) == HF_OK) {
        const size_t at = LINE_LEN + SUM_LEN;
        memcpy(bytes, first_line, LINE_LEN);
        sum((hf_span){bytes + at, out.pos - at}, bytes + LINE_LEN);
        error = put(path, (hf_span){bytes, out.pos});
    }
    explicit_bzero(bytes, FILE_MAX);
    free(bytes);
    return error == 0 ? 0
                      : trouble_set(trouble, TOOL_SYSTEM, fix, "--session-out %s: %s", path,
                                    strerror(error));
}

/* Under another name first, so that nobody ever reads half a session. Returns errno. */
static int put(const char *path, hf_span bytes)
{
    char *written = NULL;
    if (asprintf(&written, "%s.XXXXXX", path) < 0) {
        return ENOMEM;
    }
    const int fd = mkstemp(written); /* with mode 0600 */
    const int error = fd < 0 ? errno : put_into(fd, written, path, bytes);
    if (fd >= 0 && error != 0) {
        (void)unlink(written);
    }
    free(written);
    return error;
}

static int put_into(int fd, const char *written, const char *path, hf_span bytes)
{
    int error = 0;
    for (size_t at = 0; at < bytes.len && error == 0;) {
        const ssize_t n = write(fd, bytes.data + at, bytes.len - at);
        error = n < 0 && errno != EINTR ? errno : 0;
        at += n > 0 ? (size_t)n : 0;
    }
    error = error == 0 && fsync(fd) != 0 ? errno : error;
    error = close(fd) != 0 && error == 0 ? errno : error;
    return error == 0 && rename(written, path) != 0 ? errno : error;
}
