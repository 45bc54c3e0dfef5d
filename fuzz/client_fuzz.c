/* A client and any server: settings, then frames or raw records (support/end.h). Its random
 * values are the same in every run, so that a recorded answer fits. */
#include "support/end.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return end_input(HF_CLIENT, data, size);
}
