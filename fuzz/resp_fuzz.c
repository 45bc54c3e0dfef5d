/* Any bytes as the answers of a store, at once and in pieces: both ways come to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/health.h"
#include "fleet/resp.h"

/* All answers at the beginning of data; returns how many bytes they take, -1 at one that is none.
 */
static ssize_t read_all(const uint8_t *data, size_t size, struct health *health)
{
    size_t at = 0;
    while (at < size) {
        struct resp reply;
        const ssize_t used = resp_read(data + at, size - at, &reply);
        if (used < 0) {
            return -1;
        }
        if (used == 0) {
            break;
        }
        if ((size_t)used > size - at || used > RESP_REPLY_MAX) {
            abort();
        }
        (void)health_take_info(health, &reply);
        (void)health_take_time(health, &reply);
        at += (size_t)used;
    }
    return (ssize_t)at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct health health = {0};
    const ssize_t whole = read_all(data, size, &health);
    (void)health_judge(&health, 0, 1, 2);
    /* What a prefix takes, the whole takes as well; and what is none stays none. */
    for (size_t cut = 0; cut < size && cut < 64; cut++) {
        struct health other = {0};
        const ssize_t part = read_all(data, cut, &other);
        if (part < 0 ? whole >= 0 : whole >= 0 && part > whole) {
            abort();
        }
    }
    return 0;
}
