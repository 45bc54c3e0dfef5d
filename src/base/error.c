/* The tables behind <handfast/err.h> and the raising of errors. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"

#define HF_ORIGIN_OF(origin) HF_ORIGIN_##origin

static const hf_err_info infos[HF_E_COUNT] = {
#define X(name, origin, alert, sentence, cause, fix, place)                                        \
    [HF_E_##name] = {#name, HF_ORIGIN_OF(origin), HF_ALERT_##alert, sentence, cause, fix, place},
#include <handfast/err.def>
#undef X
};

const hf_err_info *hf_err_lookup(hf_err code)
{
    if (code <= HF_E_NONE || code >= HF_E_COUNT) {
        code = HF_E_INTERNAL;
    }
    return &infos[code];
}

/* The detail may quote a peer: nothing that a terminal would act on may pass. */
static void clean(char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < 0x20 || c == 0x7f) {
            *s = '?';
        }
    }
}

hf_status err_raise(hf_error *e, hf_err code, const char *detail, ...)
{
    if (e->code != HF_E_NONE) {
        return HF_FAILED;
    }
    e->code = code;
    e->alert = hf_err_lookup(code)->alert;
    e->detail[0] = '\0';
    if (detail != NULL) {
        va_list args;
        va_start(args, detail);
        (void)vsnprintf(e->detail, sizeof e->detail, detail, args);
        va_end(args);
        clean(e->detail);
    }
    return HF_FAILED;
}

hf_status err_raise_alert(hf_error *e, uint8_t alert)
{
    if (e->code == HF_E_NONE) {
        e->code = HF_E_ALERT_RECEIVED;
        e->alert = (hf_alert)alert;
        const char *name = hf_alert_name(alert);
        (void)snprintf(e->detail, sizeof e->detail, "%s (%u)",
                       name == NULL ? "unknown alert" : name, (unsigned)alert);
    }
    return HF_FAILED;
}
