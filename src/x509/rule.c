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

hf_err_info hf_error_words(const hf_error *error)
{
    hf_err_info words = *hf_err_lookup(error->code);
    const hf_rule_info *rule = hf_rule_lookup((hf_rule)error->rule);
    if (rule != NULL && rule->code == error->code) {
        words.sentence = rule->sentence;
        words.cause = rule->cause;
        words.fix = rule->fix;
        words.place = rule->place;
    }
    return words;
}

const hf_rule_info *hf_rule_lookup(hf_rule rule)
{
    return rule > HF_RULE_NONE && rule < HF_RULE_COUNT ? &infos[rule] : NULL;
}
