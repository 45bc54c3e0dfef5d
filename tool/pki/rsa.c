/* RSA decryption through libcrypto. Nobody listens to how long it takes: the capture is ours. */
#include "pki/rsa.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "cli/file.h"
#include "tool.h"

enum { MODULUS_MAX = 2048 };

struct rsa_key {
    EVP_PKEY *pkey;
};

int rsa_key_read(const char *path, struct rsa_key **out, struct trouble *trouble)
{
    static char no_passphrase[] = "";
    struct file_bytes bytes = {0};
    *out = NULL;
    if (file_read("--rsa-key", path, &bytes, trouble) != 0) {
        return trouble->exit_code;
    }
    BIO *bio = BIO_new_mem_buf(bytes.ptr, (int)bytes.len);
    EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, no_passphrase);
    struct rsa_key *key = pkey == NULL ? NULL : calloc(1, sizeof *key);
    (void)BIO_free(bio);
    file_free(&bytes);
    if (pkey == NULL) {
        (void)trouble_set(trouble, TOOL_USAGE,
                          "Name the server's private key, in PEM and without a passphrase.",
                          "--rsa-key %s: no private key can be read from it", path);
    } else if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA) {
        (void)trouble_set(trouble, TOOL_USAGE,
                          "Only RSA encrypts: with every other kind of key a key log is needed.",
                          "--rsa-key %s: this is no RSA key", path);
    } else if (key == NULL) {
        (void)trouble_set(trouble, TOOL_SYSTEM, NULL, "no memory for the key");
    } else {
        key->pkey = pkey;
        *out = key;
        return 0;
    }
    free(key);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return trouble->exit_code;
}

void rsa_key_free(struct rsa_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}

bool rsa_premaster(void *ctx, hf_span encrypted, uint8_t out[RSA_PREMASTER_LEN])
{
    const struct rsa_key *key = ctx;
    uint8_t plain[MODULUS_MAX];
    size_t len = sizeof plain;
    EVP_PKEY_CTX *decrypt = EVP_PKEY_CTX_new(key->pkey, NULL);
    const bool ok = decrypt != NULL && EVP_PKEY_decrypt_init(decrypt) == 1 &&
                    EVP_PKEY_CTX_set_rsa_padding(decrypt, RSA_PKCS1_PADDING) == 1 &&
                    EVP_PKEY_get_size(key->pkey) <= MODULUS_MAX &&
                    EVP_PKEY_decrypt(decrypt, plain, &len, encrypted.data, encrypted.len) == 1 &&
                    len == RSA_PREMASTER_LEN;
    if (ok) {
        memcpy(out, plain, RSA_PREMASTER_LEN);
    }
    explicit_bzero(plain, sizeof plain);
    EVP_PKEY_CTX_free(decrypt);
    ERR_clear_error();
    return ok;
}
