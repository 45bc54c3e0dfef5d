/* A strict reader of DER (X.690, 8 and 10) that hands out spans into the caller's bytes.
 *
 * Failure is sticky: the first wrong byte empties the reader, every later call gives nothing, and
 * x5_der_done is asked once at the end. Nothing is allocated and nothing recurses. Refused are
 * indefinite and non-minimal lengths, tag numbers above 30 (no certificate field has one), elements
 * of 16 MiB and more, and elements that reach past their container.
 *
 *     struct der d = x5_der_over(bytes);
 *     struct der s = x5_der_enter(&d, DER_SEQUENCE);
 *     hf_span serial = x5_der_take_integer(&s);
 *     if (!x5_der_done(&s) || !x5_der_done(&d)) ...
 */
#ifndef X509_DER_H
#define X509_DER_H

#include <handfast/types.h>

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8_STRING = 0x0c,
    DER_NUMERIC_STRING = 0x12,
    DER_PRINTABLE_STRING = 0x13,
    DER_T61_STRING = 0x14,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_VISIBLE_STRING = 0x1a,
    DER_UNIVERSAL_STRING = 0x1c,
    DER_BMP_STRING = 0x1e,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT = 0x80,            /* + number: [n] IMPLICIT over a primitive type */
    DER_CONTEXT_CONSTRUCTED = 0xa0 /* + number: [n] EXPLICIT, or IMPLICIT over a constructed one */
};

struct der {
    const uint8_t *p, *end;
    bool bad;
};

static inline struct der x5_der_over(hf_span s)
{
    return (struct der){s.data, s.data == NULL ? NULL : s.data + s.len, false};
}

/* Marks the reader as failed. For rules that only the caller knows. */
static inline void x5_der_fail(struct der *d)
{
    d->bad = true;
    d->p = d->end;
}

/* Whether there is more to read. */
static inline bool x5_der_more(const struct der *d)
{
    return d->p != d->end;
}

/* Whether all was read and all was well. */
static inline bool x5_der_done(const struct der *d)
{
    return !d->bad && d->p == d->end;
}

/* What is not read yet. */
static inline hf_span x5_der_rest(const struct der *d)
{
    return (hf_span){d->p, (size_t)(d->end - d->p)};
}

/* The tag of the next element; 0 when there is none. */
static inline uint8_t x5_der_peek(const struct der *d)
{
    return d->p == d->end ? 0 : *d->p;
}

/* The content of the next element, which must have this tag. */
hf_span x5_der_take(struct der *d, uint8_t tag);
/* The same with its header. */
hf_span x5_der_take_element(struct der *d, uint8_t tag);
/* The content of the next element, whatever it is; its tag is 0 when there is none. */
hf_span x5_der_take_any(struct der *d, uint8_t *tag);
/* A reader over the content of the next element; as bad as d when there is none of this tag. */
struct der x5_der_enter(struct der *d, uint8_t tag);

/* Primitive types, with the rules of DER for their content. */
bool x5_der_take_boolean(struct der *d);
hf_span x5_der_take_integer(struct der *d);     /* two's complement, minimal, not empty */
hf_span x5_der_take_unsigned(struct der *d);    /* not negative; without its leading zero byte */
uint32_t x5_der_take_small(struct der *d);      /* an INTEGER of 0..2^31-1 */
uint32_t x5_der_take_enumerated(struct der *d); /* the same as ENUMERATED */
hf_span x5_der_take_oid(struct der *d);
hf_span x5_der_take_bit_string(struct der *d); /* whole bytes only */
/* A named bit list: bit n of the result is bit n of the list; bits from 32 on are refused. */
uint32_t x5_der_take_named_bits(struct der *d);
/* A UTCTime or GeneralizedTime in the one form that RFC 5280, 4.1.2.5 allows, as Unix time. */
int64_t x5_der_take_time(struct der *d);
/* The same, and a GeneralizedTime whatever the year (RFC 6960, 4.2.2.1). */
int64_t x5_der_take_generalized(struct der *d);

#endif
