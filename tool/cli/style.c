/* Colour, characters and width of the output. */
#include "cli/style.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool charset_is_utf8(void);
static size_t columns_of(int fd);

struct style style_of(int fd)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    const bool terminal = isatty(fd) != 0;
    const bool dumb = term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0;
    return (struct style){
        .colour = terminal && !dumb && (no_colour == NULL || no_colour[0] == '\0'),
        .utf8 = charset_is_utf8(),
        .width = terminal ? columns_of(fd) : 100,
    };
}

const char *style_on(const struct style *style, enum tint tint)
{
    static const char *const codes[TINT_COUNT] = {
        [TINT_NONE] = "",          [TINT_BOLD] = "\x1b[1m",       [TINT_DIM] = "\x1b[2m",
        [TINT_GOOD] = "\x1b[32m",  [TINT_BAD] = "\x1b[31m",       [TINT_PLAIN] = "\x1b[33m",
        [TINT_EARLY] = "\x1b[35m", [TINT_HANDSHAKE] = "\x1b[36m", [TINT_APPLICATION] = "\x1b[32m",
    };
    return style->colour ? codes[tint] : "";
}

const char *style_off(const struct style *style)
{
    return style->colour ? "\x1b[0m" : "";
}

/* The locale's variables in the order of POSIX. A machine without any of them (a container, a fresh
 * image) has a terminal of today, so only a charset that is named and is another one counts against
 * UTF-8. */
static bool charset_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
        }
    }
    return true;
}

static size_t columns_of(int fd)
{
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return 80;
    }
    return size.ws_col < 60 ? 60 : size.ws_col > 100 ? 100 : size.ws_col;
}
