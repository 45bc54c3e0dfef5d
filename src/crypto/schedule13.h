/* The key schedule of TLS 1.3 (RFC 9846, 7.1): one secret at a time, from which others are derived.
 *
 * Invariants: stage only grows; the present stage's secret is held as a prepared HMAC key, the
 * earlier ones are gone. Every step is traced as HF_EV_KEY_STEP when somebody watches.
 */
#ifndef CRYPTO_SCHEDULE13_H
#define CRYPTO_SCHEDULE13_H

#include "base/secret.h"
#include "crypto/hmac.h"
#include "trace/trace.h"

enum sched13_stage { SCHED13_NONE, SCHED13_EARLY, SCHED13_HANDSHAKE, SCHED13_MAIN };

struct sched13 {
    const hf_hash *hash;
    enum sched13_stage stage;
    bool zero_psk;           /* the early secret is that of no PSK, not computed */
    struct secret secret;    /* the present stage's, */
    struct hmac_key current; /* and ready for use */
    const struct tracer *tr;
};

/* Starts at the Early Secret of a PSK, or of none (the empty span). */
void sched13_start(struct sched13 *s, const hf_hash *hash, hf_span psk, const struct tracer *tr);

/* Early Secret -> Handshake Secret with the (EC)DHE secret; the empty span (psk_ke) stands for
 * zeros. */
void sched13_to_handshake(struct sched13 *s, hf_span shared_secret);

/* Handshake Secret -> Main Secret. */
void sched13_to_main(struct sched13 *s);

/* Derive-Secret(., label, Messages) with the transcript hash given; name is for the trace. */
void sched13_derive(const struct sched13 *s, const char *label, hf_span transcript_hash,
                    const char *name, struct secret *out);

void sched13_wipe(struct sched13 *s);

/* --- From traffic secrets (RFC 9846, 7.2, 7.3 and 4.5.3) -------------------------------------- */

/* The record protection key and IV of a traffic secret. key: aead->key_len bytes. */
void traffic_keys(const hf_hash *hash, const struct secret *traffic, const hf_aead *aead,
                  const struct tracer *tr, uint8_t *key, uint8_t iv[HF_AEAD_NONCE_LEN]);

/* application_traffic_secret_N+1 in place. */
void traffic_update(const hf_hash *hash, struct secret *traffic, const struct tracer *tr);

/* The pre-shared key of a ticket: HKDF-Expand-Label(resumption_secret, "resumption", ticket_nonce)
 * (RFC 9846, 4.7.1). */
void ticket_key(const hf_hash *hash, const struct secret *resumption, hf_span ticket_nonce,
                const struct tracer *tr, struct secret *out);

/* verify_data: HMAC(finished_key, transcript_hash); also of binders, with their binder key. out:
 * digest_len bytes. */
void finished_mac(const hf_hash *hash, const struct secret *base, hf_span transcript_hash,
                  const struct tracer *tr, uint8_t *out);

/* TLS-Exporter (RFC 9846, 7.5). False: label or length out of range. */
bool exporter_compute(const hf_hash *hash, const struct secret *exporter, const char *label,
                      hf_span context, uint8_t *out, size_t out_len);

#endif
