/* The one control-flow macro of the project, and how an error is raised. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <handfast/err.h>
#include <handfast/types.h>

/* Returns from the calling function when expr is not HF_OK. */
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        hf_status try_status_ = (expr);                                                            \
        if (try_status_ != HF_OK) {                                                                \
            return try_status_;                                                                    \
        }                                                                                          \
    } while (0)

/* Records the error and returns HF_FAILED, so that raising is one expression:
 *     return err_raise(e, HF_E_NO_COMMON_GROUP, "client offered %s", names);
 * The first error stays: a later raise on the same object changes nothing. detail may be NULL;
 * it is cut to fit and its control characters are replaced, as it may hold what a peer said. */
hf_status err_raise(hf_error *e, hf_err code, const char *detail, ...) HF_PRINTF(3, 4);

/* The same for an alert that the peer sent. */
hf_status err_raise_alert(hf_error *e, uint8_t alert);

#endif
