/* The program handfast: one table of verbs, a file for each. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <handfast/config.h>

#include "cli/option.h"
#include "cli/text.h"
#include "cli/trouble.h"
#include "tool.h"

struct verb {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static int help_main(int argc, char **argv);
static int names_main(void);
static int version_main(int argc, char **argv);
static int print(struct text *text);
static void occupy_standard_files(void);
static const struct verb *find(const char *name);
static int unknown(const char *name);

static const struct verb verbs[] = {
    {"demo", "watch TLS handshakes between two ends on this machine, each message explained",
     demo_main},
    {"connect", "connect to a server, explain the handshake, then be a pipe", connect_main},
    {"serve", "be a server that shows each browser the handshake that it just made", serve_main},
    {"explain", "tell a recorded handshake: messages, bytes, keys, decisions", explain_main},
    {"view", "write recordings as one page to step through, for a browser", view_main},
    {"certs", "show the certificates of a file or a server, and whether they would be believed",
     certs_main},
    {"seed", "make the secret that servers of one name derive their ticket keys from", seed_main},
    {"help", "print this, the help of a verb, or the names that lists may hold", help_main},
    {"--version", "print the version", version_main},
};

enum { VERB_COUNT = sizeof verbs / sizeof verbs[0] };

const char *tool_name = "handfast";

const char tool_exit_help[] =
    "Exit codes\n"
    "  0  all went well\n"
    "  1  the command line, or a file that it names, is wrong\n"
    "  2  no connection: unknown name, refused, no answer in time\n"
    "  3  this end refused the handshake\n"
    "  4  the peer refused the handshake\n"
    "  5  the peer's certificate was not believed\n"
    "  6  the connection broke after the handshake\n"
    "  7  no good HTTP answer, or one of status 400 and above\n"
    "  8  this machine failed: memory, standard input or output\n"
    "  9  a mode of the demo is not what it claims\n"
    "  10  connected, but the session was not resumed, or its early data not taken\n"
    "  130, 143  ended by Ctrl-C, by SIGTERM";

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a write says so instead */
    (void)signal(SIGXFSZ, SIG_IGN); /* of a limit on the size of files, too */
    occupy_standard_files();
    tool_name = argc > 0 ? argv[0] : tool_name;
    if (argc < 2) {
        (void)help_main(1, argv);
        return TOOL_USAGE;
    }
    const struct verb *verb = find(argv[1]);
    return verb != NULL ? verb->run(argc - 1, argv + 1) : unknown(argv[1]);
}

/* Where one of them is closed, the next file or socket would take its number. Reading then gives
 * the end at once, and writing to stdout fails. */
static void occupy_standard_files(void)
{
    static const int modes[3] = {O_RDONLY, O_RDONLY, O_WRONLY};
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", modes[fd]) != fd) {
            _exit(TOOL_SYSTEM);
        }
    }
}

static const struct verb *find(const char *name)
{
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    }
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static int unknown(const char *name)
{
    const char *names[VERB_COUNT];
    for (size_t i = 0; i < VERB_COUNT; i++) {
        names[i] = verbs[i].name;
    }
    const char *nearest = opt_nearest(name, names, VERB_COUNT);
    struct trouble trouble = {0};
    const char *fix = "'handfast help' lists the verbs.";
    if (nearest != NULL) {
        (void)trouble_set(&trouble, TOOL_USAGE, fix, "'%s' is no verb: did you mean '%s'?", name,
                          nearest);
    } else {
        (void)trouble_set(&trouble, TOOL_USAGE, fix, "'%s' is no verb", name);
    }
    trouble_say(&trouble, "");
    return TOOL_USAGE;
}

static int help_main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "names") == 0) {
        return names_main();
    }
    if (argc > 1) {
        const struct verb *verb = find(argv[1]);
        char help[] = "--help";
        char *args[] = {argv[1], help, NULL};
        if (verb != NULL && verb->run != help_main && verb->run != version_main) {
            return verb->run(2, args);
        }
        if (verb == NULL) {
            return unknown(argv[1]);
        }
    }
    struct text t = {0};
    text_add(&t, "Handfast: TLS that explains itself.\n\nusage: handfast VERB [options]\n\n");
    for (size_t i = 0; i < VERB_COUNT; i++) {
        text_addf(&t, "  %-11s %s\n", verbs[i].name, verbs[i].summary);
    }
    text_addf(&t,
              "\n'handfast VERB --help' tells the rest, 'handfast help names' what the lists of\n"
              "cipher suites, groups and the like may name.\n\n%s\n",
              tool_exit_help);
    return print(&t);
}

/* What the options that take lists of names know, best first. */
static int names_main(void)
{
    static const struct {
        const char *option, *which;
    } lists[] = {{"--ciphers", "ciphers"},
                 {"--groups, --key-shares", "groups"},
                 {"--sigalgs", "sigalgs"},
                 {"--compress-certs", "compression"},
                 {"--psk-modes", "psk_modes"}};
    struct text t = {0};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        text_addf(&t, "%s%s\n", i == 0 ? "" : "\n", lists[i].option);
        for (const char *name = hf_config_names(lists[i].which); *name != '\0';) {
            const size_t len = strcspn(name, ",");
            text_addf(&t, "  %.*s\n", (int)len, name);
            name += len + (name[len] == ',');
        }
    }
    text_add(&t, "\nCase, '-', '_' and blanks do not matter; short forms such as AES-128-GCM and "
                 "P-256 will do.\nWhat has no forward secrecy is used only when it is named.\n");
    return print(&t);
}

static int version_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct text t = {0};
    text_add(&t, "handfast " HANDFAST_VERSION "\n");
    return print(&t);
}

/* Writes text to standard output and frees it. */
static int print(struct text *text)
{
    struct trouble trouble = {0};
    if (trouble_print(text, &trouble) != 0) {
        trouble_say(&trouble, "");
    }
    text_free(text);
    return trouble.exit_code;
}
