/* Text that grows: everything for people or machines is built in one of these and written at once.
 *
 * Invariant: after a failed allocation `failed` stays set and nothing more is added, so that a
 * caller asks once, at the end. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <handfast/types.h>

struct text {
    char *ptr; /* NUL-terminated when not NULL */
    size_t len;
    size_t cap;
    bool failed;
};

void text_free(struct text *t);
void text_clear(struct text *t); /* empties, keeps the memory */

void text_add(struct text *t, const char *s);
void text_add_bytes(struct text *t, const void *bytes, size_t len);
void text_addf(struct text *t, const char *format, ...) HF_PRINTF(2, 3);
void text_fill(struct text *t, const char *s, size_t times);
void text_add_hex(struct text *t, hf_span bytes);

/* Adds what others wrote (names in certificates, protocols, headers) so that no terminal acts on
 * it: control characters, escapes, invisible characters and those that turn the direction of
 * writing appear as their numbers, bytes that are not UTF-8 as \xNN. */
void text_add_inert(struct text *t, hf_span s);
void text_add_inert_str(struct text *t, const char *s);

/* The same into a fixed array; what does not fit is cut at a character. */
void text_inert(char *out, size_t cap, hf_span s);

/* Adds s broken at spaces into lines of at most width columns, each but the first behind indent
 * spaces. column: where the first one starts. */
void text_add_wrapped(struct text *t, const char *s, size_t column, size_t indent, size_t width);

/* How many columns a terminal needs for UTF-8 text, escape sequences of colour not counted. */
size_t text_columns(const char *s);

/* Writes all of it to fd. False: errno says why. */
bool text_write(const struct text *t, int fd);

/* Writes what fd takes without waiting, unlike a pipe that nobody empties or a terminal that is
 * held. Returns how many bytes: fewer than all of them when it waits, or cannot be written. */
size_t text_offer(const struct text *t, int fd);

#endif
