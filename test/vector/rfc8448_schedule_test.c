/* RFC 8448 below the engine: every step of every key schedule that the text shows, and section 4
 * (resumption with early data) from the ticket of section 3 to its last record. The engine does not
 * resume yet, so section 4 walks through the schedule, the binder and the record room by hand; the
 * others are replayed whole in rfc8448_server_test.c, rfc8448_client_test.c and
 * rfc8448_retry_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "crypto/hkdf.h"
#include "crypto/schedule13.h"
#include "crypto/transcript.h"
#include "support/rfc8448.h"

static const struct tracer silent;

static void must_equal(const char *what, const void *ours, hf_span theirs)
{
    if (memcmp(ours, theirs.data, theirs.len) != 0) {
        fail_msg("differs: %s", what);
    }
}

/* --- Step by step ----------------------------------------------------------------------------- */

/* The label in a step's name, "derive secret 'tls13 c hs traffic'", without its prefix. */
static void label_of(const char *name, char *out, size_t cap)
{
    const char *from = strstr(name, "'tls13 ");
    const char *label = from == NULL ? "finished" : from + strlen("'tls13 ");
    size_t n = 0;
    while (label[n] != '\0' && label[n] != '\'') {
        assert_true(n + 1 < cap);
        out[n] = label[n];
        n++;
    }
    out[n] = '\0';
}

static void check_step(const struct rfc8448_step *step)
{
    const hf_hash *hash = hf_provider_default()->sha256;
    if (strcmp(step->kind, "Extract") == 0) {
        struct secret secret;
        hkdf_extract(hash, step->context, step->in, &secret);
        assert_int_equal(secret.len, step->out.len);
        must_equal(step->name, secret.b, step->out);
        return;
    }
    const bool is_traffic = strstr(step->name, "traffic keys") != NULL;
    char named[32];
    uint8_t out[HF_HASH_MAX_LEN];
    struct hmac_key key;
    label_of(step->name, named, sizeof named);
    const char *label = !is_traffic ? named : step->out.len == HF_AEAD_NONCE_LEN ? "iv" : "key";
    hmac_key_init(&key, hash, step->in);
    assert_true(hkdf_expand_label(&key, label, step->context, out, step->out.len));
    must_equal(step->name, out, step->out);
}

static void every_step(void **state)
{
    (void)state;
    /* How many the text shows, so that a hole in the table cannot pass. */
    static const size_t counts[] = {[3] = 23, [4] = 27, [5] = 22, [6] = 22, [7] = 22};
    for (int section = 3; section <= 7; section++) {
        struct rfc8448_step steps[RFC8448_STEPS_MAX];
        const size_t count = rfc8448_steps(section, steps);
        assert_int_equal(count, counts[section]);
        for (size_t i = 0; i < count; i++) {
            check_step(&steps[i]);
        }
    }
}

/* --- Transcripts ------------------------------------------------------------------------------ */

static void must_be_hash(const struct transcript *t, int section, hf_role actor, const char *step)
{
    uint8_t digest[HF_HASH_MAX_LEN];
    transcript_value(t, digest);
    must_equal(step, digest, rfc8448(section, actor, step, "hash", 0));
}

static void add(struct transcript *t, int section, hf_role actor, const char *name, size_t nth)
{
    transcript_add(t, rfc8448_message(section, actor, name, nth));
}

static void transcripts(void **state)
{
    (void)state;
    for (int section = 3; section <= 7; section++) {
        struct transcript t;
        if (section == 4) {
            continue; /* below */
        }
        transcript_start(&t, hf_provider_default()->sha256);
        add(&t, section, HF_CLIENT, "ClientHello", 0);
        add(&t, section, HF_SERVER, "ServerHello", 0);
        if (section == 5) {
            transcript_start(&t, hf_provider_default()->sha256);
            add(&t, section, HF_CLIENT, "ClientHello", 0);
            transcript_retry(&t);
            add(&t, section, HF_SERVER, "ServerHello", 0);
            add(&t, section, HF_CLIENT, "ClientHello", 1);
            add(&t, section, HF_SERVER, "ServerHello", 1);
        }
        must_be_hash(&t, section, HF_SERVER, "derive secret 'tls13 c hs traffic'");
        add(&t, section, HF_SERVER, "EncryptedExtensions", 0);
        if (section == 6) {
            add(&t, section, HF_SERVER, "CertificateRequest", 0);
        }
        add(&t, section, HF_SERVER, "Certificate", 0);
        add(&t, section, HF_SERVER, "CertificateVerify", 0);
        add(&t, section, HF_SERVER, "Finished", 0);
        must_be_hash(&t, section, HF_SERVER, "derive secret 'tls13 s ap traffic'");
        if (section == 6) {
            add(&t, section, HF_CLIENT, "Certificate", 0);
            add(&t, section, HF_CLIENT, "CertificateVerify", 0);
        }
        add(&t, section, HF_CLIENT, "Finished", 0);
        must_be_hash(&t, section, HF_CLIENT, "derive secret 'tls13 res master'");
    }
}

/* --- Section 4 -------------------------------------------------------------------------------- */

struct resumed {
    const hf_provider *provider;
    struct sched13 schedule;
    struct transcript transcript;
    struct secret early, client_hs, server_hs, client_app, server_app;
};

static void derive(struct resumed *s, hf_role actor, const char *label, struct secret *out)
{
    char step[64] = "derive secret 'tls13 ";
    uint8_t digest[HF_HASH_MAX_LEN];
    strcat(strcat(step, label), "'");
    transcript_value(&s->transcript, digest);
    sched13_derive(&s->schedule, label, span_of(digest, 32), "", out);
    must_equal(step, out->b, rfc8448(4, actor, step, "expanded", 0));
}

/* The whole hello; the text's item of that name ends before the binders. */
static hf_span hello(void)
{
    hf_span record = rfc8448_record(4, HF_CLIENT, "handshake", 0);
    return span_of(record.data + REC_HEADER_LEN, record.len - REC_HEADER_LEN);
}

static void check_binder(struct resumed *s)
{
    enum { BINDER_LEN = 32 };
    const char *step = "calculate PSK binder";
    const hf_span prefix = rfc8448(4, HF_CLIENT, step, "ClientHello prefix", 0);
    uint8_t digest[HF_HASH_MAX_LEN];
    uint8_t nothing[HF_HASH_MAX_LEN];
    uint8_t mac[HF_HASH_MAX_LEN];
    struct transcript t;
    struct secret binder_key;
    transcript_start(&t, s->provider->sha256);
    transcript_value(&t, nothing);
    transcript_add(&t, prefix);
    transcript_value(&t, digest);
    must_equal("binder hash", digest, rfc8448(4, HF_CLIENT, step, "binder hash", 0));
    sched13_derive(&s->schedule, "res binder", span_of(nothing, 32), "", &binder_key);
    must_equal("binder key", binder_key.b, rfc8448(4, HF_CLIENT, step, "PRK", 0));
    finished_mac(s->provider->sha256, &binder_key, span_of(digest, 32), &silent, mac);
    must_equal("binder", mac, rfc8448(4, HF_CLIENT, step, "finished", 0));
    assert_memory_equal(hello().data, prefix.data, prefix.len);
    assert_memory_equal(hello().data + hello().len - BINDER_LEN, mac, BINDER_LEN);
}

/* From the server's first answer on. */
static void check_schedule(struct resumed *s)
{
    const hf_group *x25519 = hf_provider_group(s->provider, 0x001d);
    const hf_span theirs =
        rfc8448(4, HF_SERVER, "create an ephemeral x25519 key pair", "public key", 0);
    struct secret unused;
    _Alignas(64) uint8_t private_key[64] = {0};
    uint8_t shared[32];
    assert_true(x25519->private_size <= sizeof private_key);
    memcpy(private_key,
           rfc8448(4, HF_CLIENT, "create an ephemeral x25519 key pair", "private key", 0).data, 32);
    assert_true(x25519->decap(private_key, theirs.data, theirs.len, shared));

    transcript_start(&s->transcript, s->provider->sha256);
    transcript_add(&s->transcript, hello());
    derive(s, HF_CLIENT, "c e traffic", &s->early);
    derive(s, HF_CLIENT, "e exp master", &unused);

    sched13_to_handshake(&s->schedule, span_of(shared, sizeof shared));
    add(&s->transcript, 4, HF_SERVER, "ServerHello", 0);
    derive(s, HF_SERVER, "c hs traffic", &s->client_hs);
    derive(s, HF_SERVER, "s hs traffic", &s->server_hs);

    sched13_to_main(&s->schedule);
    add(&s->transcript, 4, HF_SERVER, "EncryptedExtensions", 0);
    add(&s->transcript, 4, HF_SERVER, "Finished", 0);
    derive(s, HF_SERVER, "c ap traffic", &s->client_app);
    derive(s, HF_SERVER, "s ap traffic", &s->server_app);
    derive(s, HF_SERVER, "exp master", &unused);
    add(&s->transcript, 4, HF_CLIENT, "EndOfEarlyData", 0);
    add(&s->transcript, 4, HF_CLIENT, "Finished", 0);
    derive(s, HF_CLIENT, "res master", &unused);
}

/* Finished of an end: header, then the MAC over all before it. */
static void check_finished(const struct resumed *s, hf_role actor, const struct secret *base,
                           const struct transcript *t)
{
    const hf_span message = rfc8448_message(4, actor, "Finished", 0);
    uint8_t digest[HF_HASH_MAX_LEN];
    uint8_t mac[HF_HASH_MAX_LEN];
    transcript_value(t, digest);
    finished_mac(s->provider->sha256, base, span_of(digest, 32), &silent, mac);
    assert_int_equal(message.len, MSG_HEADER_LEN + 32);
    assert_memory_equal(message.data + MSG_HEADER_LEN, mac, 32);
}

/* --- Section 4, records --- */

struct direction {
    struct rec_keys keys;
    _Alignas(64) uint8_t ctx[4096];
};

static void protect(const struct resumed *s, struct direction *d, const struct secret *secret)
{
    uint8_t key[HF_AEAD_MAX_KEY_LEN];
    uint8_t iv[HF_AEAD_NONCE_LEN];
    hf_error error = {0};
    const hf_aead *aead = s->provider->aes128gcm;
    assert_true(aead->ctx_size <= sizeof d->ctx);
    rec_clear(&d->keys);
    d->keys.ctx = d->ctx;
    traffic_keys(s->provider->sha256, secret, aead, &silent, key, iv);
    assert_int_equal(rec_set_keys(&d->keys, aead, key, iv, &error), HF_OK);
}

static void seal(struct direction *d, uint8_t type, hf_span content, hf_span expected)
{
    uint8_t record[1024];
    hf_error error = {0};
    const struct rec_seal_args args = {type, 0x0303, content.data, content.len, 0};
    assert_int_equal(rec_sealed_len(&d->keys, content.len, 0), expected.len);
    assert_true(expected.len <= sizeof record);
    assert_int_equal(rec_seal(&d->keys, &args, record, &error), HF_OK);
    assert_memory_equal(record, expected.data, expected.len);
}

static void client_records(const struct resumed *s)
{
    struct direction d = {0};
    const char *data = "send application_data record";
    protect(s, &d, &s->early);
    seal(&d, REC_APPLICATION_DATA, rfc8448(4, HF_CLIENT, data, "payload", 0),
         rfc8448_record(4, HF_CLIENT, "application_data", 0));
    seal(&d, REC_HANDSHAKE, rfc8448_message(4, HF_CLIENT, "EndOfEarlyData", 0),
         rfc8448_record(4, HF_CLIENT, "handshake", 1));
    protect(s, &d, &s->client_hs);
    seal(&d, REC_HANDSHAKE, rfc8448_message(4, HF_CLIENT, "Finished", 0),
         rfc8448_record(4, HF_CLIENT, "handshake", 2));
    protect(s, &d, &s->client_app);
    seal(&d, REC_APPLICATION_DATA, rfc8448(4, HF_CLIENT, data, "payload", 1),
         rfc8448_record(4, HF_CLIENT, "application_data", 1));
    seal(&d, REC_ALERT, span_of("\x01\x00", 2), rfc8448_record(4, HF_CLIENT, "alert", 0));
    rec_clear(&d.keys);
}

static void server_records(const struct resumed *s)
{
    struct direction d = {0};
    uint8_t flight[128];
    const hf_span ee = rfc8448_message(4, HF_SERVER, "EncryptedExtensions", 0);
    const hf_span finished = rfc8448_message(4, HF_SERVER, "Finished", 0);
    assert_true(ee.len + finished.len <= sizeof flight);
    memcpy(flight, ee.data, ee.len);
    memcpy(flight + ee.len, finished.data, finished.len);
    protect(s, &d, &s->server_hs);
    seal(&d, REC_HANDSHAKE, span_of(flight, ee.len + finished.len),
         rfc8448_record(4, HF_SERVER, "handshake", 1));
    protect(s, &d, &s->server_app);
    seal(&d, REC_APPLICATION_DATA,
         rfc8448(4, HF_SERVER, "send application_data record", "payload", 0),
         rfc8448_record(4, HF_SERVER, "application_data", 0));
    seal(&d, REC_ALERT, span_of("\x01\x00", 2), rfc8448_record(4, HF_SERVER, "alert", 0));
    rec_clear(&d.keys);
}

static void section_4(void **state)
{
    (void)state;
    struct resumed s = {.provider = hf_provider_default()};
    /* The ticket of section 3 has the nonce 00 00; its secret is the pre-shared key. */
    const hf_span psk =
        rfc8448(3, HF_SERVER, "generate resumption secret 'tls13 resumption'", "expanded", 0);
    sched13_start(&s.schedule, s.provider->sha256, psk, &silent);
    must_equal("early secret", s.schedule.secret.b,
               rfc8448(4, HF_CLIENT, "extract secret 'early'", "secret", 0));
    check_binder(&s);
    check_schedule(&s);

    struct transcript t;
    transcript_start(&t, s.provider->sha256);
    transcript_add(&t, hello());
    add(&t, 4, HF_SERVER, "ServerHello", 0);
    add(&t, 4, HF_SERVER, "EncryptedExtensions", 0);
    check_finished(&s, HF_SERVER, &s.server_hs, &t);
    add(&t, 4, HF_SERVER, "Finished", 0);
    add(&t, 4, HF_CLIENT, "EndOfEarlyData", 0);
    check_finished(&s, HF_CLIENT, &s.client_hs, &t);

    client_records(&s);
    server_records(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step),
        cmocka_unit_test(transcripts),
        cmocka_unit_test(section_4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
