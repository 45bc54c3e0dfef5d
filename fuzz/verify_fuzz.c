/* Generated chains, judged by us and by libcrypto at its strictest: the bytes are the choices by
 * which a chain is made, so that signatures are right wherever they are not meant to be wrong. */
#include <stdio.h>
#include <stdlib.h>

#include "support/differ.c"
#include "support/pki.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct differ_report report;
    differ_run(data, size, &report);
    if (report.outcome == DIFFER_FIND) {
        fprintf(stderr, "%s\nours: %s %s\nlibcrypto: %d\n", report.made,
                report.rule == HF_RULE_NONE ? "accepted" : hf_rule_lookup(report.rule)->name,
                report.sentence, report.libcrypto);
        abort();
    }
    return 0;
}
