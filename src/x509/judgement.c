/* A verdict with every path that led to it. */
#include <stdio.h>

#include "base/mem.h"
#include "x509/x509.h"

enum { PATHS_MAX = 32 };

struct hf_judgement {
    hf_verdict verdict;
    size_t count;
    hf_path path[PATHS_MAX];
};

static void remember(void *ctx, const struct x5_told *told);

hf_status hf_trust_judge(const hf_chain_question *question, hf_judgement **out)
{
    *out = NULL;
    if (question->size != sizeof *question) {
        return HF_FAILED;
    }
    hf_judgement *j = mem_alloc(sizeof *j);
    if (j == NULL) {
        return HF_FAILED;
    }
    const struct x5_request request = {.trust = question->trust,
                                       .chain = question->chain,
                                       .count = question->count,
                                       .peer = question->peer,
                                       .name = question->name,
                                       .now_s = question->now_s,
                                       .max_depth = question->max_depth,
                                       .ocsp_response = question->ocsp_response,
                                       .staple_expected = question->staple_expected,
                                       .key_transport = question->key_transport,
                                       .listen = remember,
                                       .listen_ctx = j};
    if (x5_verify_chain(&request, &j->verdict) != HF_OK) {
        hf_judgement_free(j);
        return HF_FAILED;
    }
    *out = j;
    return HF_OK;
}

const hf_verdict *hf_judgement_verdict(const hf_judgement *judgement)
{
    return &judgement->verdict;
}

size_t hf_judgement_path_count(const hf_judgement *judgement)
{
    return judgement->count;
}

const hf_path *hf_judgement_path(const hf_judgement *judgement, size_t i)
{
    return i < judgement->count ? &judgement->path[i] : NULL;
}

void hf_judgement_free(hf_judgement *judgement)
{
    mem_free(judgement, sizeof *judgement);
}

/* The one that was accepted comes last, and is kept whatever came before. */
static void remember(void *ctx, const struct x5_told *told)
{
    struct hf_judgement *j = ctx;
    if (j->count == PATHS_MAX && !told->verdict->accepted) {
        return;
    }
    hf_path *path = &j->path[j->count == PATHS_MAX ? PATHS_MAX - 1 : j->count++];
    *path = (hf_path){.rule = told->verdict->rule, .count = told->count};
    path->broken = told->verdict->depth < 0 ? told->count - 1 : (size_t)told->verdict->depth;
    for (size_t i = 0; i < told->count && i < HF_PATH_MAX; i++) {
        path->certificate[i] = told->source[i];
    }
    (void)snprintf(path->subject, sizeof path->subject, "%s", told->verdict->subject);
    (void)snprintf(path->sentence, sizeof path->sentence, "%s", told->verdict->detail);
}
