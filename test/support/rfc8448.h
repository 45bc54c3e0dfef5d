/* The traces of RFC 8448, and connections that are made to walk through them.
 *
 *     struct replay r;
 *     replay_open(&r, 3, config);               // section 3; the role is the configuration's
 *     replay_draw(&r, rfc8448(3, HF_SERVER, "create an ephemeral x25519 key pair", "private key",
 *     0));
 *     replay_feed(&r, rfc8448_record(3, HF_CLIENT, "handshake", 0));
 *     replay_expect(&r, rfc8448_record(3, HF_SERVER, "handshake", 0));
 *     replay_check_keys(&r);
 *     replay_close(&r);
 *
 * Randomness is drawn from the trace, in the order in which the engine asks. Certificates and
 * signatures are the recorded ones, and a recorded signature is first verified, by libcrypto, over
 * what the engine wants signed. Identity and verification are answered as operations from outside;
 * the signature comes from the provider instead, as a stop in the middle of a flight would end the
 * record under way, and the recorded flights are one record. Whatever differs ends the test.
 */
#ifndef TEST_SUPPORT_RFC8448_H
#define TEST_SUPPORT_RFC8448_H

#include <handfast/handfast.h>

#include "conn/conn.h"

/* A value by section, actor, step and item (rfc8448.inc), the nth of that name. */
hf_span rfc8448(int section, hf_role actor, const char *step, const char *item, size_t nth);
/* The nth record that an actor sends as "handshake", "application_data", "alert" or
 * "change_cipher_spec". */
hf_span rfc8448_record(int section, hf_role actor, const char *kind, size_t nth);
/* The nth message by the RFC's name: "ClientHello". */
hf_span rfc8448_message(int section, hf_role actor, const char *name, size_t nth);

/* One step of a key schedule; the text's names for HKDF's arguments. */
struct rfc8448_step {
    const char *name; /* of the step in the text */
    const char *kind; /* "Extract" or "Expand-Label" */
    hf_span in;       /* IKM or PRK */
    hf_span context;  /* salt or hash */
    hf_span out;
};
enum { RFC8448_STEPS_MAX = 64 };
/* All steps that a section shows, without those that one end says again. Returns how many. */
size_t rfc8448_steps(int section, struct rfc8448_step out[RFC8448_STEPS_MAX]);

enum { REPLAY_DRAWS = 4, REPLAY_SECRETS = 8, REPLAY_OUT = 4096, REPLAY_KEY_BYTES = 48 };

struct replay_key_step {
    const char *kind;
    size_t in_len, context_len, out_len;
    uint8_t in[REPLAY_KEY_BYTES], context[REPLAY_KEY_BYTES], out[REPLAY_KEY_BYTES];
};

struct replay_secret {
    char label[48];
    uint8_t client_random[32];
    size_t len;
    uint8_t bytes[REPLAY_KEY_BYTES];
};

struct replay {
    int section;
    hf_role role;
    hf_conn *conn;
    hf_trace trace;
    hf_provider provider; /* the default one, with a key that signs as recorded */
    /* Randomness to come. */
    hf_span draw[REPLAY_DRAWS];
    size_t draw_count, draw_next;
    /* Sees an operation before it is answered; NULL: nobody. */
    void (*on_op)(struct replay *r, hf_op *op);
    void *ctx;
    /* To be set between the configuration and replay_open. */
    int64_t now_ms;
    const hf_session *session; /* client: offered, with early data */
    hf_span ticket_state;      /* server: what is in the ticket that comes; empty: unknown */
    /* Steps that the text does not show although they belong there. */
    size_t unshown;
    /* What was said and not yet expected. */
    uint8_t out[REPLAY_OUT];
    size_t out_len;
    uint8_t data[256]; /* application data received */
    size_t data_len;
    bool got_close;
    struct replay_key_step step[RFC8448_STEPS_MAX];
    size_t step_count;
    struct replay_secret secret[REPLAY_SECRETS];
    size_t secret_count;
};

/* A configuration over the trace, not frozen: randomness and signatures from r, identity and
 * verification from outside. */
hf_config *replay_config(struct replay *r, hf_role role);
/* Starts a connection. The configuration must be frozen; watch: with a trace of keys, which the
 * engine then computes in full instead of from constants. */
void replay_open(struct replay *r, int section, const hf_config *config, bool watch);
void replay_close(struct replay *r);

void replay_draw(struct replay *r, hf_span bytes);
/* Continues without input. */
void replay_drive(struct replay *r);
/* Feeds one record, which must be taken whole. */
void replay_feed(struct replay *r, hf_span record);
/* What comes next out of the connection must be these bytes. */
void replay_expect(struct replay *r, hf_span record);
/* Sends data, and the record must be this one. */
void replay_send(struct replay *r, hf_span data, hf_span record);
/* Nothing is left: no output, no randomness. */
void replay_expect_end(struct replay *r);

/* All steps that the section shows were computed, but those whose name begins with one of `but`
 * (NULL at its end), and nothing else was. Nothing to do without watch. */
void replay_check_keys(const struct replay *r, const char *const *but);
/* The key log has exactly the secrets of the section: five, and with early data two more. */
void replay_check_log(const struct replay *r);

#endif
