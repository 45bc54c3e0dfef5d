/* The modes of the demo: what each shows, how its two ends are configured, and what must come of
 * it. */
#ifndef TOOL_DEMO_MODES_H
#define TOOL_DEMO_MODES_H

#include <handfast/types.h>

/* What a mode does with the session of an earlier connection. */
enum demo_resume {
    DEMO_FULL,    /* nothing: there was none */
    DEMO_RESUMED, /* offers it */
    DEMO_EARLY,   /* and sends early data */
    DEMO_REPLAYED /* and then sends the recorded first flight of that again */
};

struct demo_mode {
    const char *name;
    const char *title;
    const char *about; /* a few sentences for a newcomer */
    /* Lists for the configurations; NULL: the default. */
    const char *client_groups, *key_shares, *server_groups, *ciphers;
    hf_version version; /* the only one; 0: TLS 1.3 */
    bool rsa;           /* the server shows an RSA certificate */
    bool stored;        /* the server keeps its sessions, and hands out no tickets */
    bool mutual, psk, update_keys;
    enum demo_resume resume;
    /* What it must come to. */
    const char *group;    /* "": none */
    unsigned round_trips; /* of the handshake */
    unsigned data_trips;  /* before the client's first data */
    bool retried, post_quantum, forward_secrecy, certificate_seen;
};

enum { DEMO_MODE_COUNT = 13 };
extern const struct demo_mode demo_modes[DEMO_MODE_COUNT];

#endif
