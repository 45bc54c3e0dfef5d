/* Errors are objects.
 *
 * When a call answers HF_FAILED, the object that was asked (a connection, a configuration) or the
 * hf_error that was passed in holds the reason: which rule, whose fault, what the peer was or will
 * be told, in which state, and a detail that names the values that clashed. The first error stays;
 * every later call on a failed object repeats it. There is no global error and no errno.
 *
 * hf_err_info turns a code into its sentence, its likely cause, what to do, and where the rule
 * stands:
 *
 *     const hf_error *e = hf_conn_error(conn);
 *     const hf_err_info *i = hf_err_lookup(e->code);
 *     fprintf(stderr, "%s (%s)\n  %s\n  %s\n", i->sentence, e->detail, i->cause, i->fix);
 *
 * Threads: hf_error is a plain value owned by its object; the tables are constant.
 */
#ifndef HANDFAST_ERR_H
#define HANDFAST_ERR_H

#include <handfast/types.h>

HF_BEGIN_DECLS

/* Every error code; see err.def for the meaning of each. */
typedef enum hf_err {
    HF_E_NONE = 0,
#define X(name, origin, alert, sentence, cause, fix, place) HF_E_##name,
#include <handfast/err.def>
#undef X
    HF_E_COUNT
} hf_err;

/* Whose fault an error is. */
typedef enum hf_origin {
    HF_ORIGIN_PEER,     /* the peer broke a rule */
    HF_ORIGIN_MISMATCH, /* both are right, but have no common ground */
    HF_ORIGIN_US,       /* a limit, a choice or a defect of this end */
    HF_ORIGIN_CALLER,   /* wrong settings or wrong use */
    HF_ORIGIN_SYSTEM    /* memory, randomness */
} hf_origin;

/* Alerts by their number on the wire (RFC 9846, 6; the TLS 1.2 ones that are never sent are
 * named for display). */
typedef enum hf_alert {
    HF_ALERT_close_notify = 0,
    HF_ALERT_unexpected_message = 10,
    HF_ALERT_bad_record_mac = 20,
    HF_ALERT_record_overflow = 22,
    HF_ALERT_handshake_failure = 40,
    HF_ALERT_bad_certificate = 42,
    HF_ALERT_unsupported_certificate = 43,
    HF_ALERT_certificate_revoked = 44,
    HF_ALERT_certificate_expired = 45,
    HF_ALERT_certificate_unknown = 46,
    HF_ALERT_illegal_parameter = 47,
    HF_ALERT_unknown_ca = 48,
    HF_ALERT_access_denied = 49,
    HF_ALERT_decode_error = 50,
    HF_ALERT_decrypt_error = 51,
    HF_ALERT_protocol_version = 70,
    HF_ALERT_insufficient_security = 71,
    HF_ALERT_internal_error = 80,
    HF_ALERT_inappropriate_fallback = 86,
    HF_ALERT_user_canceled = 90,
    HF_ALERT_no_renegotiation = 100,
    HF_ALERT_missing_extension = 109,
    HF_ALERT_unsupported_extension = 110,
    HF_ALERT_unrecognized_name = 112,
    HF_ALERT_bad_certificate_status_response = 113,
    HF_ALERT_unknown_psk_identity = 115,
    HF_ALERT_certificate_required = 116,
    HF_ALERT_general_error = 117,
    HF_ALERT_no_application_protocol = 120,
    HF_ALERT_ech_required = 121,
    HF_ALERT_none = 256 /* no alert */
} hf_alert;

/* What is known of a code before anything happened. All strings are static. */
typedef struct hf_err_info {
    const char *name; /* "NO_COMMON_GROUP" */
    hf_origin origin;
    hf_alert alert;       /* what the peer is told */
    const char *sentence; /* what happened */
    const char *cause;    /* the likely reason */
    const char *fix;      /* what to do */
    const char *place;    /* where the rule stands */
} hf_err_info;

/* What happened to one object. */
typedef struct hf_error {
    hf_err code;    /* HF_E_NONE: nothing */
    hf_alert alert; /* sent (or, with HF_E_ALERT_RECEIVED, received); HF_ALERT_none: none */
    const char
        *state;       /* name of the state in which it happened, static; NULL outside a handshake */
    char detail[182]; /* the values that clashed, as a sentence without markup; may be "" */
    uint16_t rule;    /* of <handfast/trust.h>: by which a certificate was refused; 0: none */
} hf_error;

/* The entry of a code. Never NULL: unknown codes give that of HF_E_INTERNAL. */
HF_API const hf_err_info *hf_err_lookup(hf_err code);

/* An alert's name in the RFC, or NULL for a number without one. */
HF_API const char *hf_alert_name(unsigned alert);

/* What a peer that sends this alert most likely means, in one sentence; static, never NULL. */
HF_API const char *hf_alert_cause(unsigned alert);
/* What to do about it, likewise. */
HF_API const char *hf_alert_fix(unsigned alert);

HF_END_DECLS

#endif
