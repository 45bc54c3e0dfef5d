/* What the programs of this room share: clients of libhandfast's public interface over sockets that
 * do not block. They are no tests by themselves: test/tool/test_storm.py starts them against a
 * `handfast serve`. One thread each.
 */
#ifndef STORM_PEER_H
#define STORM_PEER_H

#include <stdint.h>

#include <handfast/handfast.h>

/* Whom the clients believe, and who they are where they show a certificate. */
struct peer_world {
    hf_trust_store *trust;
    hf_identity_store *identities; /* NULL: nobody */
};

/* What one kind of client wants. */
struct peer_wish {
    hf_version version; /* this one only */
    bool retry;         /* no share at first, so that a HelloRetryRequest comes */
    bool mutual;        /* shows its certificate */
};

/* ca, cert, key: files in PEM; cert and key may be NULL. False: it was said on stderr why. */
bool peer_world_open(struct peer_world *world, const char *ca, const char *cert, const char *key);
void peer_world_close(struct peer_world *world);

/* A frozen configuration that keeps sessions. NULL: it was said on stderr why. */
hf_config *peer_config(const struct peer_world *world, const struct peer_wish *wish);

/* A client of localhost, its first flight waiting. NULL: no memory. */
hf_conn *peer_new(const hf_config *config, const hf_session *session, bool early_data);

/* A connected socket to a port of loopback that does not block; -1: errno says why. */
int peer_dial(uint16_t port);

/* A clock that does not run back, in milliseconds. */
int64_t peer_clock_ms(void);

/* Random numbers that follow from a seed; *state is not 0. */
uint32_t peer_random(uint64_t *state);
void peer_fill(uint64_t *state, uint8_t *out, size_t len);

/* Bytes that wait for a socket. */
struct peer_out {
    uint8_t *bytes;
    size_t len, cap, sent;
};

/* Room for len more bytes behind what waits; NULL: no memory. */
uint8_t *peer_out_room(struct peer_out *out, size_t len);
/* Writes at most most bytes. False: the socket failed. */
bool peer_out_write(struct peer_out *out, int fd, size_t most);
/* Adds what the engine wants to be sent. False: no memory. */
bool peer_out_flush(struct peer_out *out, hf_conn *conn);

#endif
