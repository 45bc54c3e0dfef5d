#include "certs_chain.h"

#include <stdlib.h>
#include <string.h>

#include <handfast/trust.h>

#include "cli/file.h"
#include "report/failure.h"
#include "setup.h"
#include "tool.h"

static bool copy(hf_span from, hf_span *out);

int certs_chain_read(const char *path, struct certs_chain *out, struct trouble *trouble)
{
    struct file_bytes bytes;
    *out = (struct certs_chain){.count = 0};
    if (file_read("certificates", path, &bytes, trouble) != 0) {
        return trouble->exit_code;
    }
    /* A set of anchors reads whatever the library reads, and says what is wrong with the rest. */
    hf_trust *reader = hf_trust_new();
    hf_error error = {0};
    if (reader == NULL) {
        (void)setup_no_memory(trouble);
    } else if (hf_trust_add(reader, file_span(&bytes), &error) != HF_OK) {
        (void)failure_of_setting(&error, path, trouble);
    } else if (hf_trust_count(reader) > CERTS_CHAIN_MAX) {
        (void)trouble_set(trouble, TOOL_USAGE, "Give a file with one chain.",
                          "%s holds %zu certificates, more than any chain has", path,
                          hf_trust_count(reader));
    } else {
        for (size_t i = 0; i < hf_trust_count(reader) && trouble->exit_code == 0; i++) {
            if (!certs_chain_add(out, hf_trust_anchor(reader, i))) {
                (void)setup_no_memory(trouble);
            }
        }
    }
    hf_trust_free(reader);
    file_free(&bytes);
    if (trouble->exit_code != 0) {
        certs_chain_free(out);
    }
    return trouble->exit_code;
}

bool certs_chain_add(struct certs_chain *chain, hf_span der)
{
    if (chain->count == CERTS_CHAIN_MAX || !copy(der, &chain->certificate[chain->count])) {
        return false;
    }
    chain->count++;
    return true;
}

bool certs_chain_staple(struct certs_chain *chain, hf_span response)
{
    return response.len == 0 || copy(response, &chain->ocsp_response);
}

void certs_chain_free(struct certs_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        free((void *)(uintptr_t)chain->certificate[i].data);
    }
    free((void *)(uintptr_t)chain->ocsp_response.data);
    *chain = (struct certs_chain){.count = 0};
}

static bool copy(hf_span from, hf_span *out)
{
    uint8_t *bytes = malloc(from.len + 1);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, from.data, from.len);
    out->data = bytes;
    out->len = from.len;
    return true;
}
