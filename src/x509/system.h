/* The file in which a system keeps its authorities. The one place of this room that reads files. */
#ifndef X509_SYSTEM_H
#define X509_SYSTEM_H

#include <handfast/err.h>

struct system_store {
    uint8_t *bytes;
    size_t size; /* of the block */
    size_t len;
    bool chosen; /* by the environment's SSL_CERT_FILE, not the system's own */
};

/* Reads it. HF_FAILED: *error says why, and there is nothing to free. */
HF_MUST_CHECK hf_status x5_system_read(struct system_store *out, hf_error *error);
void x5_system_free(struct system_store *store);

#endif
