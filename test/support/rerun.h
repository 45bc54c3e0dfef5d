/* One end alone, hearing again what it heard in a recorded run.
 *
 *     struct recording rec;
 *     recording_make(&rec, &run);
 *     struct rerun r;
 *     rerun_begin(&r, &run, HF_SERVER);
 *     rerun_feed(&r, rec.to[HF_SERVER].data, 10);          // in whatever pieces
 *     ...
 *     assert_true(rerun_is_done(&r));
 *     rerun_end(&r);
 *
 * As run.h makes every run of a kind the same, the end says what it said when it was recorded, and
 * so what it hears stays true. Each call of hf_conn_recv is given memory that ends where its bytes
 * end.
 */
#ifndef TEST_SUPPORT_RERUN_H
#define TEST_SUPPORT_RERUN_H

#include "support/run.h"

struct recorded {
    uint8_t *data;
    size_t len;
};

struct recording {
    struct recorded to[2]; /* by role: all bytes that this end received */
};

void recording_make(struct recording *rec, struct run *run);
void recording_free(struct recording *rec);

struct rerun {
    struct run *run;
    hf_role role;
    hf_conn *conn;
    struct pair_pipe waiting; /* what was fed and makes no whole record yet */
    hf_status status;
    bool asked; /* the client for a certificate after the handshake */
};

void rerun_begin(struct rerun *r, struct run *run, hf_role role);
void rerun_end(struct rerun *r);
void rerun_feed(struct rerun *r, const uint8_t *data, size_t len);
/* Connected, nothing pending, nothing left over. */
bool rerun_is_done(const struct rerun *r);
/* The end of the stream: every rerun that is not done fails at the latest now. */
void rerun_eof(struct rerun *r);

#endif
