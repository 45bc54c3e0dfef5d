/* What the output may look like: colour and lines only where a person looks at a terminal. */
#ifndef CLI_STYLE_H
#define CLI_STYLE_H

#include <handfast/types.h>

struct style {
    bool colour;
    bool utf8;    /* lines and arrows may be drawn with Unicode */
    size_t width; /* columns, 60..100 */
};

enum tint {
    TINT_NONE,
    TINT_BOLD,
    TINT_DIM,
    TINT_GOOD,
    TINT_BAD,
    TINT_PLAIN,       /* travels in the clear */
    TINT_EARLY,       /* under early traffic keys */
    TINT_HANDSHAKE,   /* under handshake traffic keys */
    TINT_APPLICATION, /* under application traffic keys */
    TINT_COUNT
};

/* The style that suits what stands behind fd. NO_COLOR and TERM=dumb are heeded. */
struct style style_of(int fd);

/* The escape sequences that switch a tint on and all tints off; "" without colour. */
const char *style_on(const struct style *style, enum tint tint);
const char *style_off(const struct style *style);

#endif
