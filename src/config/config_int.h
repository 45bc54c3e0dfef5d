/* Inside the config room: what its files share. */
#ifndef CONFIG_CONFIG_INT_H
#define CONFIG_CONFIG_INT_H

#include "config/config.h"

/* Begins a setter: forgets the last error. HF_FAILED when the configuration is frozen. */
HF_MUST_CHECK hf_status config_begin(hf_config *config);

/* As config_begin, for a setting that only one role has. Switching it off is right for both. */
HF_MUST_CHECK hf_status config_begin_for(hf_config *config, hf_role role, bool on,
                                         const char *what);

/* "what: value is outside least to most". */
hf_status config_refuse_value(hf_config *config, const char *what, uint64_t value, uint64_t least,
                              uint64_t most);

/* At the freeze: each pre-shared key must have a suite of its hash, or be of a pair of which one
 * has; of a pair the one for the suite that comes first stands first. */
HF_MUST_CHECK hf_status config_settle_psks(hf_config *config);

/* Fills the lists with the defaults that the provider has. */
void config_list_defaults(hf_config *config);

/* The name of known (a comma-separated list) that was most likely meant by name, in out. False:
 * none is near. */
bool config_suggest(const char *known, hf_span name, char *out, size_t cap);

/* The next element of a comma-separated list without the blanks around it; moves *rest behind
 * it. False: the list is at its end. "a,,b" has three elements, "" has one; both with an empty
 * one. */
bool config_next(hf_span *rest, hf_span *element);

#endif
