/* The health of a Redis. */
#include "fleet/health.h"

#include <string.h>

static bool find(hf_span info, const char *key, hf_span *out);
static void copy(char out[HEALTH_RUN_MAX], hf_span value);
static bool is(hf_span value, const char *expected);
static int64_t number_of(hf_span text);

bool health_take_info(struct health *health, const struct resp *reply)
{
    hf_span value;
    if (reply->kind != RESP_TEXT) {
        return false;
    }
    if (find(reply->text, "run_id:", &value)) {
        copy(health->run_id, value);
    }
    if (find(reply->text, "role:", &value)) {
        health->is_master = is(value, "master");
    }
    if (find(reply->text, "master_replid:", &value)) {
        copy(health->replication_id, value);
    }
    if (find(reply->text, "maxmemory_policy:", &value)) {
        hf_span limit = {0};
        const bool limited = find(reply->text, "maxmemory:", &limit) && !is(limit, "0");
        health->may_evict = limited && !is(value, "noeviction");
    }
    return true;
}

bool health_take_time(struct health *health, const struct resp *reply)
{
    if (reply->kind != RESP_LIST || reply->count != 2) {
        return false;
    }
    const int64_t s = number_of(reply->item[0]);
    const int64_t us = number_of(reply->item[1]);
    if (s < 0 || us < 0 || us >= 1000000) {
        return false;
    }
    health->clock_ms = s * 1000 + us / 1000;
    health->clock_known = true;
    return true;
}

const char *health_judge(const struct health *health, int64_t from_ms, int64_t until_ms,
                         int64_t tolerance_ms)
{
    if (health->run_id[0] == '\0' || health->replication_id[0] == '\0' || !health->clock_known) {
        return "it does not tell what it is";
    }
    if (!health->is_master) {
        return "it is a replica, which forgets what it was not yet told";
    }
    if (health->may_evict) {
        return "it drops keys when its memory is full (set maxmemory-policy noeviction)";
    }
    if (health->clock_ms < from_ms - tolerance_ms || health->clock_ms > until_ms + tolerance_ms) {
        return "its clock and ours differ by more than --early-window";
    }
    return NULL;
}

/* The value of a line that begins with key. */
static bool find(hf_span info, const char *key, hf_span *out)
{
    const size_t key_len = strlen(key);
    size_t at = 0;
    while (at < info.len) {
        const uint8_t *line = info.data + at;
        const uint8_t *end = memchr(line, '\n', info.len - at);
        size_t len = end == NULL ? info.len - at : (size_t)(end - line);
        at += len + 1;
        len -= len > 0 && line[len - 1] == '\r';
        if (len >= key_len && memcmp(line, key, key_len) == 0) {
            *out = (hf_span){line + key_len, len - key_len};
            return true;
        }
    }
    return false;
}

/* An identifier that goes into the name of a key: letters and digits, else nothing. */
static void copy(char out[HEALTH_RUN_MAX], hf_span value)
{
    out[0] = '\0';
    if (value.len == 0 || value.len >= HEALTH_RUN_MAX) {
        return;
    }
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t c = value.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')) {
            out[0] = '\0';
            return;
        }
        out[i] = (char)c;
        out[i + 1] = '\0';
    }
}

static bool is(hf_span value, const char *expected)
{
    return value.len == strlen(expected) && memcmp(value.data, expected, value.len) == 0;
}

/* -1: it is none. */
static int64_t number_of(hf_span text)
{
    int64_t value = 0;
    if (text.len == 0 || text.len > 12) {
        return -1;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return -1;
        }
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}
