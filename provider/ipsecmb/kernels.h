/* The library's functions for this machine, chosen once. */
#ifndef IPSECMB_KERNELS_H
#define IPSECMB_KERNELS_H

#include <stdbool.h>

#include <intel-ipsec-mb.h>

struct ipsecmb_gcm {
    aes_gcm_pre_t pre;
    aes_gcm_init_t init;
    aes_gcm_enc_dec_t seal, open;
    aes_gcm_enc_dec_update_t seal_update;
    aes_gcm_enc_dec_finalize_t seal_finalize;
};

struct ipsecmb_kernels {
    bool usable;
    struct ipsecmb_gcm gcm128, gcm256;
    chacha_poly_init_t chacha_init;
    chacha_poly_enc_dec_update_t chacha_seal_update, chacha_open_update;
    chacha_poly_finalize_t chacha_finalize;
};

const struct ipsecmb_kernels *ipsecmb_kernels(void);

#endif
