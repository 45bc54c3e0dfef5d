/* A chain and the verdict over it, for people and for programs. */
#ifndef TOOL_CERTS_REPORT_H
#define TOOL_CERTS_REPORT_H

#include <handfast/trust.h>

#include "certs_chain.h"
#include "cli/json.h"
#include "cli/style.h"

struct certs_report {
    const struct certs_chain *chain;
    const hf_trust *trust;
    const hf_judgement *judgement;
    const char *source; /* the file or the server */
    const char *name;   /* that the leaf must be for; NULL: any */
    int64_t now_s;
};

void certs_report_text(const struct certs_report *r, const struct style *style, struct text *out);
void certs_report_json(const struct certs_report *r, struct text *out);

#endif
