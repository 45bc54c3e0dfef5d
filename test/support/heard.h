/* Which messages there are, over all kinds of run: each met once.
 *
 *     struct heard_list list = {.count = 0};
 *     for (each kind of run) run_make, then
 *         for (n = 0; stage_at(&s, &run, role, n, &m); n++) { if (heard_is_news(&list, &s, m)) ...;
 * stage_end(&s); }
 *
 * A message is what it means to the end that hears it: the second ClientHello, or a Finished after
 * the handshake, is another message than the first.
 */
#ifndef TEST_SUPPORT_HEARD_H
#define TEST_SUPPORT_HEARD_H

#include "support/stage.h"

enum {
    HEARD_RETRY = 0, /* a HelloRetryRequest has this type here */
    HEARD_ALL = 53,  /* how many there are in all kinds of run */
    HEARD_MAX = 64
};

struct heard {
    hf_role role; /* of the end that hears it */
    uint8_t type;
    uint8_t occurrence;
    bool is_post;
    uint8_t variant; /* 1: the run is one with pre-shared keys; 2: it is a hello before or with a
                        cookie; 3: the run is TLS 1.2; 4: with a session offered */
};

struct heard_list {
    struct heard item[HEARD_MAX];
    size_t count;
};

bool heard_is_retry(const struct tape_message *m);
struct heard heard_describe(const struct stage *s, const struct tape_message *m);
/* Adds it. False: it is there already. */
bool heard_is_news(struct heard_list *list, const struct heard *h);
/* "2nd ClientHello to the server": static. */
const char *heard_name(const struct heard *h);

/* Goes to where the n-th message for this end is the next one. False: there is none, and the stage
 * is ended. */
bool heard_go_to(struct stage *s, struct run *run, hf_role role, int n);

#endif
