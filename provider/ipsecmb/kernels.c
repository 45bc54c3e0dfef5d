/* Run-time choice of the library's code.
 *
 * The library keeps its choice in an IMB_MGR of some 200 KiB, made for queues of jobs that we do
 * not use. We make one, copy out the functions of the direct interface, which keep no state in it,
 * and free it: so nothing is shared between threads but constants.
 *
 * Invariant: kernels is written under the once, and only read afterwards. */
#include <pthread.h>

#include "ipsecmb/ipsecmb.h"
#include "ipsecmb/kernels.h"

static pthread_once_t kernels_once = PTHREAD_ONCE_INIT;
static struct ipsecmb_kernels kernels;

static void choose(void);
static void copy_functions(const IMB_MGR *manager);

const struct ipsecmb_kernels *ipsecmb_kernels(void)
{
    pthread_once(&kernels_once, choose);
    return &kernels;
}

bool ipsecmb_is_usable(void)
{
    return ipsecmb_kernels()->usable;
}

static void choose(void)
{
    const uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ | IMB_FEATURE_SSE4_2;
    IMB_MGR *manager = alloc_mb_mgr(0);
    if (manager == NULL) {
        return;
    }
    /* Without AES instructions the library would emulate them, slower than libcrypto. */
    if ((manager->features & needed) == needed) {
        init_mb_mgr_auto(manager, NULL);
        if (imb_get_errno(manager) == 0) {
            copy_functions(manager);
            kernels.usable = true;
        }
    }
    free_mb_mgr(manager);
}

static void copy_functions(const IMB_MGR *manager)
{
    kernels.gcm128 = (struct ipsecmb_gcm){
        .pre = manager->gcm128_pre,
        .init = manager->gcm128_init,
        .seal = manager->gcm128_enc,
        .open = manager->gcm128_dec,
        .seal_update = manager->gcm128_enc_update,
        .seal_finalize = manager->gcm128_enc_finalize,
    };
    kernels.gcm256 = (struct ipsecmb_gcm){
        .pre = manager->gcm256_pre,
        .init = manager->gcm256_init,
        .seal = manager->gcm256_enc,
        .open = manager->gcm256_dec,
        .seal_update = manager->gcm256_enc_update,
        .seal_finalize = manager->gcm256_enc_finalize,
    };
    kernels.chacha_init = manager->chacha20_poly1305_init;
    kernels.chacha_seal_update = manager->chacha20_poly1305_enc_update;
    kernels.chacha_open_update = manager->chacha20_poly1305_dec_update;
    kernels.chacha_finalize = manager->chacha20_poly1305_finalize;
}
