/* What a Redis says of itself, and whether it can remember first flights: its run, its role, what
 * it does when memory is full, its clock. */
#ifndef FLEET_HEALTH_H
#define FLEET_HEALTH_H

#include "fleet/resp.h"

enum { HEALTH_RUN_MAX = 64 };

/* Collected from the answers to INFO and TIME; zero it first. */
struct health {
    char run_id[HEALTH_RUN_MAX];
    char replication_id[HEALTH_RUN_MAX];
    bool is_master;
    bool may_evict; /* it drops keys when memory is full */
    bool clock_known;
    int64_t clock_ms; /* its Unix time */
};

/* Takes over what an answer to INFO says. False: it is none. */
bool health_take_info(struct health *health, const struct resp *reply);

/* Takes over the answer to TIME. */
bool health_take_time(struct health *health, const struct resp *reply);

/* NULL: it will do; else why not, static. It was asked between from_ms and until_ms of our clock,
 * from which its clock may differ by tolerance_ms. */
const char *health_judge(const struct health *health, int64_t from_ms, int64_t until_ms,
                         int64_t tolerance_ms);

#endif
