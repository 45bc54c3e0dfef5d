/* A failed connection in words: what happened, who refused what, what each end had offered, the
 * likely cause, what to do, where the rule stands. `handshake failure` alone is never what a person
 * sees. */
#ifndef REPORT_FAILURE_H
#define REPORT_FAILURE_H

#include <handfast/conn.h>

#include "cli/json.h"
#include "cli/style.h"
#include "cli/trouble.h"
#include "report/observer.h"

/* Turns the connection's error into a trouble with the exit code that fits. connected: its
 * handshake had been completed. */
void failure_of(const hf_conn *conn, bool connected, struct trouble *out);

/* The same for an error of a configuration, an identity or a trust: where names the option and its
 * value. */
int failure_of_setting(const hf_error *error, const char *where, struct trouble *out);

/* All that is known, in several lines. observer may be NULL. */
void failure_explain(const struct trouble *trouble, const hf_conn_info *info,
                     const struct observer *observer, const struct style *style, struct text *out);

/* The object "error", or null. */
void failure_json(const struct trouble *trouble, struct json *j, const char *key);

/* What the two ends had offered, as far as the handshake went. */
void failure_offers(const hf_conn_info *info, const struct observer *observer,
                    const struct style *style, struct text *out);
void failure_offers_json(const hf_conn_info *info, const struct observer *observer, struct json *j,
                         const char *key);

#endif
