/* A strict reader of the little DER that keys are made of. */
#ifndef LIBCRYPTO_DER_H
#define LIBCRYPTO_DER_H

#include <handfast/types.h>

enum {
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_SEQUENCE = 0x30,
    DER_CONTEXT_0 = 0xa0, /* [0] constructed; [1] is one more, and so on */
    DER_CONTEXT_1 = 0xa1,
    DER_CONTEXT_2 = 0xa2,
    DER_CONTEXT_3 = 0xa3
};

/* Takes one element of this tag off the front of *in. Lengths must be minimal (X.690, 10.1). On
 * false *in is unchanged. */
bool der_take(hf_span *in, uint8_t tag, hf_span *body);

/* Whether the next element has this tag. */
bool der_next_is(hf_span in, uint8_t tag);

/* Takes a non-negative INTEGER in its shortest form; *magnitude has no leading zero and is empty
 * for 0. */
bool der_take_unsigned(hf_span *in, hf_span *magnitude);

/* Takes an INTEGER of 0..255. */
bool der_take_small(hf_span *in, uint8_t *value);

/* Takes a BIT STRING of whole bytes. */
bool der_take_bytes(hf_span *in, hf_span *bytes);

/* Takes an AlgorithmIdentifier: the OID's body and whatever follows it (may be empty). */
bool der_take_algorithm(hf_span *in, hf_span *oid, hf_span *parameters);

#endif
