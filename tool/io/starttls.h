/* What is said in the clear before TLS begins, by protocols that begin without it: SMTP (RFC 3207),
 * IMAP (RFC 9051, 6.2.1), POP3 (RFC 2595, 4) and FTP (RFC 4217). Bytes in, bytes out: who reads and
 * writes is the dial's business.
 *
 *     struct starttls s = {.protocol = starttls_find("smtp")};
 *     switch (starttls_read(&s, bytes)) { ... STARTTLS_SAY: write s.say; ... }
 *
 * Whatever the server sends behind its last answer in the clear may be anybody's and is refused: it
 * must not be taken for something said under TLS. */
#ifndef IO_STARTTLS_H
#define IO_STARTTLS_H

#include <handfast/types.h>

struct starttls_protocol;

enum starttls_next {
    STARTTLS_MORE,   /* more of the server's bytes are needed */
    STARTTLS_SAY,    /* write `say`, then read on */
    STARTTLS_DONE,   /* the next byte of both ends is TLS's */
    STARTTLS_REFUSED /* `line` is what the server said, `why` what is wrong with it */
};

struct starttls {
    const struct starttls_protocol *protocol;
    const char *say;
    const char *why;
    char line[512]; /* without its end */
    size_t len;
    /* Inside. */
    size_t step, lines;
    bool in_answer;
};

/* "smtp", "imap", "pop3", "ftp"; NULL for others. */
const struct starttls_protocol *starttls_find(const char *name);
uint16_t starttls_port(const struct starttls_protocol *protocol);

enum starttls_next starttls_read(struct starttls *s, hf_span bytes);

#endif
