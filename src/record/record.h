/* The door of the record room: TLS records in and out of the caller's memory. No handshake
 * knowledge.
 *
 * One rec_keys is one direction's protection. Sequence numbers move only when a record was wholly
 * sealed or opened; a refused call changes nothing.
 *
 * Threads: one at a time.
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <handfast/crypto.h>
#include <handfast/err.h>

enum {
    REC_HEADER_LEN = 5,
    REC_MAX_PLAIN = 16384,        /* RFC 9846, 5.1 */
    REC_MAX_CIPHER = 16384 + 256, /* RFC 9846, 5.2 */
    REC_MAX = REC_HEADER_LEN + REC_MAX_CIPHER
};

/* ContentType, RFC 9846, 5.1. */
enum rec_type {
    REC_CHANGE_CIPHER_SPEC = 20,
    REC_ALERT = 21,
    REC_HANDSHAKE = 22,
    REC_APPLICATION_DATA = 23
};

/* How a protected record is laid out. */
enum rec_form {
    REC_FORM_13,          /* RFC 9846, 5.2: type and padding inside */
    REC_FORM_12_EXPLICIT, /* RFC 5288, 3: eight bytes of the nonce before the ciphertext */
    REC_FORM_12_IMPLICIT  /* RFC 7905, 2 */
};

/* One direction. aead NULL: records travel in the clear. ctx is aligned memory of at least
 * aead->ctx_size bytes that the owner provides and reuses over key changes. */
struct rec_keys {
    const hf_aead *aead;
    void *ctx;
    uint8_t iv[HF_AEAD_NONCE_LEN];
    enum rec_form form;
    uint64_t seq;
    uint64_t failures; /* records that did not open: counted against the integrity limit */
};

/* A record's header, checked for form. */
struct rec_header {
    uint8_t type;
    uint16_t version;
    size_t len; /* of the fragment */
};

/* Reads a header from in, which may hold more. HF_NEED_INPUT: fewer than 5 bytes. HF_FAILED: not
 * TLS (HF_E_RECORD_NOT_TLS with what the bytes look like: HTTP, SSH, SMTP, SSLv2 ...), unknown
 * type, bad version, empty where none may be, too long for the mode. first: nothing has been
 * read on this connection yet. max_plain counts content and padding of a protected record:
 * REC_MAX_PLAIN, or one less than we announced with record_size_limit, which counts the content
 * type too (RFC 8449, 4). Records in the clear are not subject to that limit. */
hf_status rec_read_header(hf_span in, bool is_protected, bool first, size_t max_plain,
                          hf_error *error, struct rec_header *out);

/* What an opened record held. data points into the record. */
struct rec_plain {
    uint8_t type;
    uint8_t *data;
    size_t len;
    size_t padding;
};

/* Decrypts in place the whole record at record[0 .. 5 + header.len). HF_FAILED: *error is
 * HF_E_RECORD_AUTH, _SHORT, _NO_CONTENT_TYPE, _EMPTY, _TOO_LONG (plaintext above max_plain),
 * _PLAIN_AFTER_KEYS, HF_E_SEQUENCE_EXHAUSTED or HF_E_AEAD_LIMIT (too many failures). Without
 * keys the fragment is handed on as it is. Which inner types may come when is the caller's to
 * judge. */
hf_status rec_open(struct rec_keys *keys, uint8_t *record, const struct rec_header *header,
                   size_t max_plain, hf_error *error, struct rec_plain *out);

/* As rec_open, but a record that does not authenticate is no error: *opened is false, the record
 * is left unusable and nothing is counted against the sequence. For skipping rejected early data
 * (RFC 9846, 4.3.10). */
hf_status rec_try_open(struct rec_keys *keys, uint8_t *record, const struct rec_header *header,
                       size_t max_plain, hf_error *error, struct rec_plain *out, bool *opened);

/* Size of the sealed record of len content bytes and padding. */
size_t rec_sealed_len(const struct rec_keys *keys, size_t len, size_t padding);

/* Writes one record of type with src[0..len) to dst, which has room for rec_sealed_len bytes;
 * dst + 5 == src is allowed, other overlap is not. len + padding is at most REC_MAX_PLAIN. Plain
 * when keys->aead is NULL (padding must be 0 then; version: legacy_record_version, 0x0301 for a
 * first ClientHello, else 0x0303). HF_FAILED: HF_E_SEQUENCE_EXHAUSTED, HF_E_CRYPTO, or
 * HF_E_INTERNAL for lengths beyond those. */
struct rec_seal_args {
    uint8_t type;
    uint16_t version;
    const uint8_t *src;
    size_t len;
    size_t padding;
};
hf_status rec_seal(struct rec_keys *keys, const struct rec_seal_args *args, uint8_t *dst,
                   hf_error *error);

/* Puts new keys in place: expands the AEAD key in keys->ctx (ended before if one was there),
 * sets the IV, restarts the sequence. HF_FAILED: HF_E_CRYPTO, and every later seal and open
 * fails too: a direction that had keys never falls back to the clear. */
hf_status rec_set_keys(struct rec_keys *keys, const hf_aead *aead, const uint8_t *key,
                       const uint8_t *iv, hf_error *error);

/* The same for a form of TLS 1.2. iv: what the key block gives, then zeros. */
hf_status rec_set_keys12(struct rec_keys *keys, const hf_aead *aead, enum rec_form form,
                         const uint8_t *key, const uint8_t *iv, hf_error *error);

/* Whether a record shows its content type although it is protected. */
static inline bool rec_shows_type(const struct rec_keys *keys)
{
    return keys->form != REC_FORM_13;
}

/* Ends and wipes; ctx stays the owner's memory. */
void rec_clear(struct rec_keys *keys);

#endif
