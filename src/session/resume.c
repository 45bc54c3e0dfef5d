/* The reasons of resume.def by name and text. */
#include <handfast/session.h>

struct reason {
    const char *name, *text, *fix;
};

static const struct reason reasons[HF_RESUME_COUNT] = {
#define X(NAME, sentence, fix) {#NAME, sentence, fix},
#include <handfast/resume.def>
#undef X
};

const char *hf_resume_name(hf_resume_reason reason)
{
    return (unsigned)reason < HF_RESUME_COUNT ? reasons[reason].name : "unknown";
}

const char *hf_resume_text(hf_resume_reason reason)
{
    return (unsigned)reason < HF_RESUME_COUNT ? reasons[reason].text : "An unknown reason.";
}

const char *hf_resume_fix(hf_resume_reason reason)
{
    return (unsigned)reason < HF_RESUME_COUNT ? reasons[reason].fix : "";
}
