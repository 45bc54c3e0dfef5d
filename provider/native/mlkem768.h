/* ML-KEM-768 (FIPS 203): key generation, encapsulation, decapsulation.
 *
 * All randomness is an argument and nothing is allocated; at most about 20 KiB of stack are
 * used, and what was secret on it is wiped. Time does not depend on secrets: not on seeds,
 * messages, the secret parts of dk, nor on whether a ciphertext was rejected. It does depend on
 * ek, which is public. Arithmetic is chosen at run time (portable C, AVX2, AVX-512) and gives
 * the same bytes everywhere. All functions are pure and may be called from any thread. */
#ifndef NATIVE_MLKEM768_H
#define NATIVE_MLKEM768_H

#include <stdbool.h>
#include <stdint.h>

#define MLKEM768_PUBLIC_LEN     1184 /* 384 * 3 + 32 */
#define MLKEM768_SECRET_LEN     2400 /* 384 * 3 + 1184 + 32 + 32 */
#define MLKEM768_CIPHERTEXT_LEN 1088 /* 32 * (10 * 3 + 4) */
#define MLKEM768_SHARED_LEN     32
#define MLKEM768_SEED_LEN       64
#define MLKEM768_MESSAGE_LEN    32

/* ML-KEM.KeyGen_internal (FIPS 203, algorithm 16). seed is d || z, 64 fresh random bytes; it is
 * also the shortest form in which the key pair can be kept. */
void mlkem768_keypair(const uint8_t seed[MLKEM768_SEED_LEN], uint8_t ek[MLKEM768_PUBLIC_LEN],
                      uint8_t dk[MLKEM768_SECRET_LEN]);

/* ML-KEM.Encaps_internal (algorithm 17) after the checks of 7.2. m is 32 fresh random bytes. False
 * when ek fails the modulus check; ct and ss are then zero. */
bool mlkem768_encaps(const uint8_t ek[MLKEM768_PUBLIC_LEN], const uint8_t m[MLKEM768_MESSAGE_LEN],
                     uint8_t ct[MLKEM768_CIPHERTEXT_LEN], uint8_t ss[MLKEM768_SHARED_LEN]);

/* ML-KEM.Decaps_internal (algorithm 18) after the checks of 7.3. False when dk fails its hash
 * check; ss is then zero. A ciphertext that was not made for dk gives true and a secret that
 * nobody else knows (implicit rejection), as FIPS 203 demands. */
bool mlkem768_decaps(const uint8_t dk[MLKEM768_SECRET_LEN],
                     const uint8_t ct[MLKEM768_CIPHERTEXT_LEN], uint8_t ss[MLKEM768_SHARED_LEN]);

#endif
