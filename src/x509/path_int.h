/* What the search for a path, the rules and the sentences share. */
#ifndef X509_PATH_INT_H
#define X509_PATH_INT_H

#include "x509/constraint.h"
#include "x509/trust_int.h"

enum {
    X5_PATH_MAX = 64,  /* certificates in a path, whatever the caller allows; and the anchor */
    X5_SENT_MAX = 128, /* certificates in a chain as sent */
    X5_DEPTH_DEFAULT = 10,
    /* Work for one chain. Honest ones need 3 signatures and 5 steps; see docs/adr/0003. */
    X5_SIGNATURES_MAX = 48,
    X5_STEPS_MAX = 1000,
    X5_COMPARISONS_MAX = 250000,
    X5_STATUSES_MAX = 64 /* questions about revocation */
};

/* One certificate of a path. source: its index in the chain as sent, or -1 - i for anchor i. */
struct x5_step {
    const struct x5_certificate *c;
    const struct x5_facts *facts;
    int source;
};

struct x5_path {
    struct x5_step step[X5_PATH_MAX + 2]; /* leaf first */
    size_t count;
    bool anchored; /* the last one is an anchor */
};

/* What revocation has to say of a certificate. */
struct x5_revocation {
    hf_rule rule;
    const char *by;  /* who says so, static; of STAPLE_MISSING: the error that came instead */
    int64_t at_s;    /* revoked since; outdated: the end of the window that is nearer */
    uint32_t reason; /* CRLReason: RFC 5280, 5.3.1 */
    int64_t from_s, until_s; /* good: how long */
};

/* What broke a path, and where. */
struct x5_finding {
    hf_rule rule;
    size_t at;    /* position in the path */
    size_t other; /* NAME_CONSTRAINT and CONSTRAINT_UNKNOWN: position of the authority */
    struct x5_offence offence;
    struct x5_revocation revocation;
};

/* Whether the request can be answered at all: what is asked for is a host name or an address. */
bool x5_rule_name_is_askable(const char *name);

/* The rules for the certificate at a position, without its signature. */
hf_rule x5_rule_certificate(const struct x5_request *request, const struct x5_path *path,
                            size_t at);

/* The rules for a path as a whole, without signatures. Sets all of *out. work: comparisons of
 * names that may still be made. */
void x5_rule_path(const struct x5_request *request, const struct x5_path *path, uint32_t *work,
                  struct x5_finding *out);

/* Whether an anchor has this name. */
bool x5_rule_is_trusted_name(const struct x5_request *request, hf_span name);

/* Why a path ends below an anchor. */
hf_rule x5_rule_dead_end(const struct x5_request *request, const struct x5_path *path);

/* Turns a finding into a refusal: rule, code, certificate, sentence. */
void x5_verdict_explain(hf_verdict *verdict, const struct x5_request *request,
                        const struct x5_path *path, const struct x5_finding *finding);

/* The verdict over a path that broke no rule. */
void x5_verdict_accept(hf_verdict *verdict, const struct x5_request *request,
                       const struct x5_path *path);

/* A refusal that concerns no path. The sentence is for the caller to write. index: of the
 * certificate, which is not read, or -1. */
struct text x5_verdict_refuse(hf_verdict *verdict, const struct x5_request *request, hf_rule rule,
                              int index);

#endif
