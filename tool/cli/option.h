/* Command lines: one table of options says what is parsed, what --help prints and what the manual
 * page lists.
 *
 *     static const struct opt opts[] = {
 *         {"alpn", "LIST", "protocols to offer", OPT_TEXT, offsetof(struct settings, alpn)},
 *         ...
 *     };
 *
 * A command line may be put together from several such tables, so that verbs share theirs.
 *
 * Options are written --name, --name VALUE or --name=VALUE, anywhere; "--" ends them. An unknown
 * option, a value that is missing or not a number, and an option given twice are refused. */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <stddef.h>

#include <handfast/types.h>

#include "cli/trouble.h"

enum opt_kind {
    OPT_HEADING, /* name: a heading for --help */
    OPT_FLAG,    /* member: bool */
    OPT_TEXT,    /* member: const char * */
    OPT_NUMBER,  /* member: int64_t, within least..most */
    OPT_LIST     /* member: struct opt_list; may be given repeatedly */
};

enum { OPT_LIST_MAX = 64 };

struct opt_list {
    const char *items[OPT_LIST_MAX];
    size_t count;
};

struct opt {
    const char *name;  /* without the dashes */
    const char *value; /* placeholder of the value; NULL for flags */
    const char *help;
    enum opt_kind kind;
    size_t offset; /* of the member in the settings */
    int64_t least, most;
};

/* Rows that stand together. at: where the struct that their offsets count in lies in the settings.
 */
struct opt_table {
    const struct opt *rows;
    size_t count;
    size_t at;
};

enum { OPT_TABLES_MAX = 8 };

/* One verb's command line. Every list is static. */
struct opt_spec {
    const char *verb;
    const char *usage;   /* what follows "handfast VERB", such as "[options] HOST[:PORT]" */
    const char *summary; /* what the verb does, a paragraph */
    struct opt_table tables[OPT_TABLES_MAX]; /* in the order of the help; the rest is zero */
    size_t least_args, most_args;            /* how many arguments that are no options */
    const char *footer;                      /* examples and exit codes for --help */
};

struct opt_result {
    bool help; /* --help was asked for: nothing else counts */
    const char *args[4];
    size_t arg_count;
};

/* Reads argv[1..argc) into settings (zeroed or holding defaults; members that are not mentioned
 * stay). Returns 0 or the exit code of *trouble. */
int opt_parse(const struct opt_spec *spec, int argc, char **argv, void *settings,
              struct opt_result *result, struct trouble *trouble);

/* Prints the help to stdout. Returns 0, or an exit code after saying why it could not. */
int opt_print_help(const struct opt_spec *spec);

/* The name among count names that is nearest to what was typed, or NULL when none is near. */
const char *opt_nearest(const char *typed, const char *const *names, size_t count);

#endif
