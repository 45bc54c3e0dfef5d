/* The verb seed: makes the one secret that a fleet derives its ticket keys from, and moves it
 * forward. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <handfast/ticket.h>

#include "cli/file.h"
#include "cli/option.h"
#include "fleet/secret.h"
#include "fleet/seed.h"
#include "setup.h"
#include "tool.h"

struct seed_settings {
    int64_t period_s;    /* 0: not given */
    const char *advance; /* NULL: a new seed is made */
    int64_t lifetime_s;
    const char *out; /* NULL: stdout, or in the place of what is advanced */
};

#define AT(member) offsetof(struct seed_settings, member)

static const struct opt opts[] = {
    {"period", "SECONDS",
     "how long each ticket key seals, for all who share the seed (default 3600)", OPT_NUMBER,
     AT(period_s), 1, 604800},
    {"out", "FILE", "where to write it, readable by its owner alone (default: to stdout)", OPT_TEXT,
     AT(out), 0, 0},
    {"advance", "FILE|fd:N|env:NAME",
     "write the same seed with its past erased, instead of a new one: it opens no ticket that is "
     "out of life by now. A file is replaced at once, unless --out names another",
     OPT_TEXT, AT(advance), 0, 0},
    {"ticket-lifetime", "SECONDS",
     "with --advance: how long tickets live, as 'handfast serve' is told (default 7200)",
     OPT_NUMBER, AT(lifetime_s), 1, HF_TICKET_LIFETIME_MAX_S},
};

static const struct opt_spec spec = {
    .verb = "seed",
    .usage = "[options]",
    .summary =
        "Makes the seed that the servers of one name share ('handfast serve --ticket-seed'): each "
        "derives the same ticket keys from it and from the time, so that each resumes what "
        "another began. Whoever has the seed can open the tickets that are alive and those to "
        "come: keep it like a private key.",
    .tables = {{opts, sizeof opts / sizeof opts[0], 0}},
    .least_args = 0,
    .most_args = 0,
    .footer = tool_exit_help,
};

static int make(const struct seed_settings *s, int64_t now_ms, char seed[HF_TICKET_SEED_MAX],
                struct trouble *trouble);
static int advance(const struct seed_settings *s, int64_t now_ms, char seed[HF_TICKET_SEED_MAX],
                   struct trouble *trouble);
static int write_out(const struct seed_settings *s, const char *seed, struct trouble *trouble);
static int write_stdout(const char *seed, struct trouble *trouble);
static int write_file(const char *path, bool replace, const char *seed, struct trouble *trouble);

int seed_main(int argc, char **argv)
{
    struct seed_settings settings = {.lifetime_s = 7200};
    struct opt_result args = {0};
    struct trouble trouble = {0};
    char seed[HF_TICKET_SEED_MAX] = "";
    const int64_t now_ms = (int64_t)time(NULL) * 1000;
    if (opt_parse(&spec, argc, argv, &settings, &args, &trouble) == 0 && args.help) {
        return opt_print_help(&spec);
    }
    if (trouble.exit_code == 0 &&
        (settings.advance != NULL ? advance(&settings, now_ms, seed, &trouble)
                                  : make(&settings, now_ms, seed, &trouble)) == 0) {
        (void)write_out(&settings, seed, &trouble);
    }
    explicit_bzero(seed, sizeof seed);
    return trouble.exit_code == 0 ? TOOL_OK : setup_failed(argc, argv, &trouble, "seed");
}

static int make(const struct seed_settings *s, int64_t now_ms, char seed[HF_TICKET_SEED_MAX],
                struct trouble *trouble)
{
    const uint32_t period_s = s->period_s != 0 ? (uint32_t)s->period_s : 3600;
    if (hf_ticket_seed_new(NULL, period_s, now_ms, seed) == HF_OK) {
        return 0;
    }
    return trouble_set(trouble, TOOL_SYSTEM, "Look after this machine's source of randomness.",
                       "no seed can be made");
}

static int advance(const struct seed_settings *s, int64_t now_ms, char seed[HF_TICKET_SEED_MAX],
                   struct trouble *trouble)
{
    struct file_bytes old = {0};
    if (s->period_s != 0) {
        return trouble_set(trouble, TOOL_USAGE, "Leave --period out, or make a new seed.",
                           "--period: a seed that is advanced keeps its period");
    }
    const uint32_t lifetime_s = (uint32_t)s->lifetime_s;
    if (secret_read("--advance", s->advance, &old, trouble) == 0 &&
        hf_ticket_seed_advance(NULL, file_span(&old), lifetime_s, now_ms, seed) != HF_OK) {
        (void)seed_refused("--advance", file_span(&old), lifetime_s, now_ms, trouble);
    }
    file_free(&old);
    return trouble->exit_code;
}

static int write_out(const struct seed_settings *s, const char *seed, struct trouble *trouble)
{
    const bool is_file = s->advance != NULL && strncmp(s->advance, "fd:", 3) != 0 &&
                         strncmp(s->advance, "env:", 4) != 0 && file_obstacle(s->advance) == NULL;
    if (s->out != NULL) {
        return write_file(s->out, false, seed, trouble);
    }
    return is_file ? write_file(s->advance, true, seed, trouble) : write_stdout(seed, trouble);
}

static int write_stdout(const char *seed, struct trouble *trouble)
{
    struct stat st;
    if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IRWXO) != 0) {
        (void)fputs("handfast: warning: everybody can read the file that the seed goes to; "
                    "use --out FILE, or umask 077.\n",
                    stderr);
    }
    const size_t len = strlen(seed);
    if (write(STDOUT_FILENO, seed, len) == (ssize_t)len) {
        return 0;
    }
    return trouble_set(trouble, TOOL_SYSTEM, NULL, "standard output: %s", strerror(errno));
}

/* A new file, or one that takes the place of another when it is whole. */
static int write_file(const char *path, bool replace, const char *seed, struct trouble *trouble)
{
    char beside[4096];
    const int n = snprintf(beside, sizeof beside, "%s%s", path, replace ? ".new" : "");
    int error = n < 0 || (size_t)n >= sizeof beside ? ENAMETOOLONG : 0;
    const int fd =
        error != 0 ? -1 : open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
    if (error == 0 && fd < 0) {
        error = errno;
    } else if (error == 0) {
        const size_t len = strlen(seed);
        error = write(fd, seed, len) == (ssize_t)len && fsync(fd) == 0 ? 0 : errno;
        error = close(fd) != 0 && error == 0 ? errno : error;
        error = error == 0 && replace && rename(beside, path) != 0 ? errno : error;
        if (error != 0) {
            (void)unlink(beside);
        }
    }
    if (error == 0) {
        return 0;
    }
    return trouble_set(trouble, TOOL_USAGE,
                       error == EEXIST ? "Name a new file; a seed that exists is not overwritten."
                                       : "Name a file in a directory that can be written.",
                       "%s: %s", beside, strerror(error));
}
