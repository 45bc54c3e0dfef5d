/* The list of rules, as a table. */
#include <handfast/trust.h>

static const hf_rule_info infos[HF_RULE_COUNT] = {
#define X(name_, code_, sentence_, cause_, fix_, place_)                                           \
    [HF_RULE_##name_] = {.name = #name_,                                                           \
                         .code = HF_E_CERTIFICATE_##code_,                                         \
                         .sentence = (sentence_),                                                  \
                         .cause = (cause_),                                                        \
                         .fix = (fix_),                                                            \
                         .place = (place_)},
#include <handfast/rule.def>
#undef X
};

const hf_rule_info *hf_rule_lookup(hf_rule rule)
{
    return rule > HF_RULE_NONE && rule < HF_RULE_COUNT ? &infos[rule] : NULL;
}
