/* Our verdict over a chain beside libcrypto's: chains are made from a stream of choices, right in
 * most respects and odd in some, and both judge them. docs/verifier-differences.md has the
 * differences that are meant, with their reasons; everything else is a find.
 */
#ifndef TEST_SUPPORT_DIFFER_H
#define TEST_SUPPORT_DIFFER_H

#include <handfast/trust.h>

enum differ_outcome {
    DIFFER_BOTH_ACCEPT,
    DIFFER_BOTH_REFUSE,
    DIFFER_STRICTER, /* we refuse by a rule that libcrypto does not have, see the document */
    DIFFER_LENIENT,  /* we accept; libcrypto refuses by duties of issuers that we forgive */
    DIFFER_FIND,     /* nothing that is written down explains it */
    DIFFER_COUNT
};

struct differ_report {
    enum differ_outcome outcome;
    hf_rule rule;       /* by which we refuse */
    int libcrypto;      /* X509_V_ERR_... by which it refuses; 0: accepts */
    char sentence[184]; /* ours */
    char made[256];     /* what was odd about the chain */
};

/* Makes one chain from the choices and has it judged twice. */
void differ_run(const uint8_t *choices, size_t len, struct differ_report *out);

/* Frees the keys that all chains share. */
void differ_end(void);

#endif
