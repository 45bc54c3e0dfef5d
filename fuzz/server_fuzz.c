/* A server and any client: settings, then frames or raw records (support/end.h). Under the
 * trusting provider a Finished of zeros is right, so that all states are within reach. */
#include "support/end.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return end_input(HF_SERVER, data, size);
}
