/* Text for people, written into room of a fixed size: cut where it does not fit, at the end of a
 * character and with "..." to say so. What strangers wrote passes through x5_text_bytes, which
 * leaves nothing for a terminal to act on: no control characters, no changes of writing direction,
 * no invalid UTF-8.
 */
#ifndef X509_TEXT_H
#define X509_TEXT_H

#include <handfast/types.h>

struct text {
    char *out; /* always ended by NUL */
    size_t cap;
    size_t len;
    bool cut;
};

/* Starts an empty text; cap is at least 4. */
void x5_text_init(struct text *t, char *out, size_t cap);
/* Adds what printf would write. For our own words. */
void x5_text_add(struct text *t, const char *format, ...) HF_PRINTF(2, 3);
/* Adds our own words as they stand: each handshake writes a few, and printf is slow. */
void x5_text_words(struct text *t, const char *words);
/* Adds somebody else's UTF-8. */
void x5_text_bytes(struct text *t, hf_span utf8);
/* Whether it is UTF-8 (RFC 3629). */
bool x5_text_is_utf8(hf_span s);
/* Adds one character, unless it is one that x5_text_bytes would not pass ('?' then). */
void x5_text_character(struct text *t, uint32_t code_point);
/* "2026-01-02 03:04:05 UTC" */
void x5_text_time(struct text *t, int64_t unix_s);
/* "3 days", "1 second": a rounded length of time, for people. */
void x5_text_duration(struct text *t, uint64_t seconds);

#endif
