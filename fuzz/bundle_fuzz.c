/* Any bytes as a file of certificates: PEM with its blocks, Base64, or DER. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "x509/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int mode = X5_BUNDLE_ALL; mode <= X5_BUNDLE_SKIP_BAD; mode++) {
        hf_error error = {.code = HF_E_NONE};
        struct x5_bundle bundle;
        const hf_status status =
            x5_bundle_load(span_of(data, size), (enum x5_bundle_mode)mode, &error, &bundle);
        if ((status == HF_OK) != (bundle.count > 0) ||
            (status == HF_OK) != (error.code == HF_E_NONE)) {
            abort();
        }
        for (size_t i = 0; i < bundle.count; i++) {
            struct x5_certificate c;
            if (!x5_certificate_read(bundle.certificate[i], &c)) {
                abort();
            }
        }
        x5_bundle_free(&bundle);
    }
    return 0;
}
