/* Parsing of command lines and the help that is made from the same table. */
#include "cli/option.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/style.h"
#include "cli/text.h"
#include "tool.h"

enum { OPTS_MAX = 96, NAME_MAX_LEN = 32, HELP_COLUMN = 30 };

/* Where a walk over the rows of all tables stands. opt: NULL at the end. */
struct place {
    const struct opt *opt;
    size_t table, row;
    size_t index; /* over all tables */
};

/* One run of the parser. */
struct parse {
    const struct opt_spec *spec;
    void *settings;
    struct opt_result *result;
    struct trouble *trouble;
    bool seen[OPTS_MAX]; /* by place, over all tables */
    char see_help[64];
};

static int take_option(struct parse *p, const char *written, char **next, bool *took_next);
static int take_argument(struct parse *p, const char *arg);
static int store(struct parse *p, const struct opt *opt, char *member, const char *value);
static int store_number(struct parse *p, const struct opt *opt, int64_t *out, const char *value);
static int unknown(struct parse *p, const char *name, size_t len);
static struct place find(const struct opt_spec *spec, const char *name, size_t len);
static struct place first(const struct opt_spec *spec);
static struct place next_of(const struct opt_spec *spec, struct place place);
static unsigned distance(const char *a, const char *b);

int opt_parse(const struct opt_spec *spec, int argc, char **argv, void *settings,
              struct opt_result *result, struct trouble *trouble)
{
    struct parse p = {.spec = spec, .settings = settings, .result = result, .trouble = trouble};
    (void)snprintf(p.see_help, sizeof p.see_help, "'handfast %s --help' lists the options.",
                   spec->verb);
    bool only_args = false;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (only_args || arg[0] != '-' || arg[1] == '\0') {
            if (take_argument(&p, arg) != 0) {
                return trouble->exit_code;
            }
            continue;
        }
        if (strcmp(arg, "--") == 0) {
            only_args = true;
            continue;
        }
        if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            result->help = true;
            return 0;
        }
        bool took_next = false;
        if (take_option(&p, arg, i + 1 < argc ? &argv[i + 1] : NULL, &took_next) != 0) {
            return trouble->exit_code;
        }
        i += took_next;
    }
    if (result->arg_count < spec->least_args) {
        return trouble_set(trouble, TOOL_USAGE, p.see_help, "something is missing: handfast %s %s",
                           spec->verb, spec->usage);
    }
    return 0;
}

static int take_argument(struct parse *p, const char *arg)
{
    if (p->result->arg_count >= p->spec->most_args) {
        return trouble_set(p->trouble, TOOL_USAGE, p->see_help,
                           "'%s' is one argument too many: handfast %s %s", arg, p->spec->verb,
                           p->spec->usage);
    }
    p->result->args[p->result->arg_count++] = arg;
    return 0;
}

static int take_option(struct parse *p, const char *written, char **next, bool *took_next)
{
    const char *name = written + (written[1] == '-' ? 2 : 1);
    const size_t len = strcspn(name, "=");
    const struct place place =
        written[1] == '-' ? find(p->spec, name, len) : (struct place){.opt = NULL};
    const struct opt *opt = place.opt;
    if (opt == NULL) {
        return unknown(p, name, len);
    }
    char *member = (char *)p->settings + p->spec->tables[place.table].at + opt->offset;
    if (p->seen[place.index] && opt->kind != OPT_LIST) {
        return trouble_set(p->trouble, TOOL_USAGE, "Give it once.", "--%s is given twice",
                           opt->name);
    }
    p->seen[place.index] = true;
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    if (opt->kind == OPT_FLAG) {
        if (value != NULL) {
            return trouble_set(p->trouble, TOOL_USAGE, p->see_help, "--%s takes no value",
                               opt->name);
        }
        *(bool *)member = true;
        return 0;
    }
    if (value == NULL) {
        if (next == NULL) {
            return trouble_set(p->trouble, TOOL_USAGE, p->see_help, "--%s needs a value: --%s %s",
                               opt->name, opt->name, opt->value);
        }
        value = *next;
        *took_next = true;
    }
    return store(p, opt, member, value);
}

static int store(struct parse *p, const struct opt *opt, char *member, const char *value)
{
    if (opt->kind == OPT_NUMBER) {
        return store_number(p, opt, (int64_t *)(void *)member, value);
    }
    if (opt->kind == OPT_TEXT) {
        *(const char **)(void *)member = value;
        return 0;
    }
    struct opt_list *list = (struct opt_list *)(void *)member;
    if (list->count == OPT_LIST_MAX) {
        return trouble_set(p->trouble, TOOL_USAGE, NULL, "--%s is given more than %d times",
                           opt->name, OPT_LIST_MAX);
    }
    list->items[list->count++] = value;
    return 0;
}

static int store_number(struct parse *p, const struct opt *opt, int64_t *out, const char *value)
{
    char *end = NULL;
    errno = 0;
    const long long number = strtoll(value, &end, 10);
    if (value[0] == '\0' || *end != '\0' || errno != 0 || number < opt->least ||
        number > opt->most) {
        return trouble_set(p->trouble, TOOL_USAGE, p->see_help,
                           "--%s %s: expected a number from %" PRId64 " to %" PRId64, opt->name,
                           value, opt->least, opt->most);
    }
    *out = number;
    return 0;
}

static int unknown(struct parse *p, const char *name, size_t len)
{
    char typed[NAME_MAX_LEN + 1];
    (void)snprintf(typed, sizeof typed, "%.*s", (int)(len < NAME_MAX_LEN ? len : NAME_MAX_LEN),
                   name);
    const char *names[OPTS_MAX] = {"help"};
    size_t count = 1;
    for (struct place at = first(p->spec); at.opt != NULL && count < OPTS_MAX;
         at = next_of(p->spec, at)) {
        if (at.opt->kind != OPT_HEADING) {
            names[count++] = at.opt->name;
        }
    }
    const char *nearest = opt_nearest(typed, names, count);
    if (nearest != NULL) {
        return trouble_set(p->trouble, TOOL_USAGE, p->see_help,
                           "unknown option '--%s': did you mean '--%s'?", typed, nearest);
    }
    return trouble_set(p->trouble, TOOL_USAGE, p->see_help, "unknown option '--%s'", typed);
}

static struct place find(const struct opt_spec *spec, const char *name, size_t len)
{
    struct place at = first(spec);
    while (at.opt != NULL && (at.opt->kind == OPT_HEADING || strlen(at.opt->name) != len ||
                              memcmp(at.opt->name, name, len) != 0)) {
        at = next_of(spec, at);
    }
    return at;
}

static struct place first(const struct opt_spec *spec)
{
    return (struct place){.opt = spec->tables[0].count > 0 ? spec->tables[0].rows : NULL};
}

static struct place next_of(const struct opt_spec *spec, struct place place)
{
    place.index++;
    place.row++;
    if (place.row == spec->tables[place.table].count) {
        place.row = 0;
        place.table++;
    }
    const bool more = place.table < OPT_TABLES_MAX && spec->tables[place.table].count > 0 &&
                      place.index < OPTS_MAX;
    place.opt = more ? &spec->tables[place.table].rows[place.row] : NULL;
    return place;
}

const char *opt_nearest(const char *typed, const char *const *names, size_t count)
{
    const char *best = NULL;
    unsigned least =
        strlen(typed) < 4 ? 2 : 3; /* as many slips as still leave a word recognisable */
    for (size_t i = 0; i < count; i++) {
        const unsigned slips = distance(typed, names[i]);
        if (slips < least) {
            least = slips;
            best = names[i];
        }
    }
    return best;
}

/* How many letters must be added, dropped, changed or swapped with their neighbour to make b of
 * a. */
static unsigned distance(const char *a, const char *b)
{
    const size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > NAME_MAX_LEN || b_len > NAME_MAX_LEN) {
        return NAME_MAX_LEN;
    }
    unsigned cost[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];
    for (size_t i = 0; i <= a_len; i++) {
        for (size_t j = 0; j <= b_len; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = (unsigned)(i + j);
                continue;
            }
            const unsigned change = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            const unsigned drop = cost[i - 1][j] + 1, add = cost[i][j - 1] + 1;
            unsigned least = change < drop ? change : drop;
            least = add < least ? add : least;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                cost[i - 2][j - 2] + 1 < least) {
                least = cost[i - 2][j - 2] + 1;
            }
            cost[i][j] = least;
        }
    }
    return cost[a_len][b_len];
}

int opt_print_help(const struct opt_spec *spec)
{
    const struct style style = style_of(STDOUT_FILENO);
    const size_t width = style.width < 80 ? style.width : 96;
    struct text t = {0};
    text_addf(&t, "%susage:%s handfast %s %s\n\n", style_on(&style, TINT_BOLD), style_off(&style),
              spec->verb, spec->usage);
    text_add_wrapped(&t, spec->summary, 0, 0, width);
    const bool in_parts = first(spec).opt != NULL && first(spec).opt->kind == OPT_HEADING;
    text_add(&t, in_parts ? "\n" : "\n\n");
    for (struct place at = first(spec); at.opt != NULL; at = next_of(spec, at)) {
        const struct opt *opt = at.opt;
        if (opt->kind == OPT_HEADING) {
            text_addf(&t, "\n%s%s%s\n", style_on(&style, TINT_BOLD), opt->name, style_off(&style));
            continue;
        }
        const size_t start = t.len;
        text_addf(&t, "  --%s%s%s", opt->name, opt->value == NULL ? "" : " ",
                  opt->value == NULL ? "" : opt->value);
        const size_t used = t.len - start;
        if (used + 2 > HELP_COLUMN) {
            text_add(&t, "\n");
        }
        text_fill(&t, " ", used + 2 > HELP_COLUMN ? HELP_COLUMN : HELP_COLUMN - used);
        text_add_wrapped(&t, opt->help, HELP_COLUMN, HELP_COLUMN, width);
        text_add(&t, "\n");
    }
    text_addf(&t, "\n%s\n", spec->footer);
    struct trouble trouble = {0};
    if (trouble_print(&t, &trouble) != 0) {
        trouble_say(&trouble, spec->verb);
    }
    text_free(&t);
    return trouble.exit_code;
}
