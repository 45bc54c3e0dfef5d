/* What the modes of the demo are. */
#include "demo_modes.h"

const struct demo_mode demo_modes[DEMO_MODE_COUNT] = {
    {
        .name = "full",
        .title = "a full handshake",
        .about = "Two ends that have never met agree on keys in one round trip: each sends a key "
                 "share (X25519), the server "
                 "proves who it is with a certificate and a signature. From the third message on "
                 "all is encrypted.",
        .client_groups = "x25519",
        .server_groups = "x25519",
        .group = "x25519",
        .round_trips = 1,
        .data_trips = 1,
        .forward_secrecy = true,
    },
    {
        .name = "post-quantum",
        .title = "safe from quantum computers",
        .about = "What browsers offer today, and our default: the key exchange joins X25519 with "
                 "ML-KEM-768. Who records "
                 "this now and has a quantum computer one day learns nothing. The price: about 2.3 "
                 "kB more.",
        .group = "X25519MLKEM768",
        .round_trips = 1,
        .data_trips = 1,
        .forward_secrecy = true,
        .post_quantum = true,
    },
    {
        .name = "retry",
        .title = "HelloRetryRequest",
        .about = "The client guesses wrong: it sends a share of x25519, but the server wants "
                 "secp256r1. The server says so, "
                 "the client starts again with the right share. That costs one round trip more.",
        .client_groups = "x25519,secp256r1",
        .key_shares = "x25519",
        .server_groups = "secp256r1",
        .group = "secp256r1",
        .round_trips = 2,
        .data_trips = 2,
        .forward_secrecy = true,
        .retried = true,
    },
    {
        .name = "mutual",
        .title = "mutual authentication",
        .about =
            "The server wants to know who the client is: it asks for a certificate, and the client "
            "shows one and signs "
            "as well. Its certificate travels encrypted, so nobody on the way learns who it is.",
        .client_groups = "x25519",
        .server_groups = "x25519",
        .mutual = true,
        .group = "x25519",
        .round_trips = 1,
        .data_trips = 1,
        .forward_secrecy = true,
    },
    {
        .name = "psk",
        .title = "a pre-shared key",
        .about = "Both ends were given the same key beforehand, as small devices are. No "
                 "certificates and no signatures: a "
                 "binder in the ClientHello proves that the client has the key. The key exchange "
                 "is still done, so that a "
                 "stolen key does not open recordings.",
        .client_groups = "x25519",
        .server_groups = "x25519",
        .psk = true,
        .group = "x25519",
        .round_trips = 1,
        .data_trips = 1,
        .forward_secrecy = true,
    },
    {
        .name = "key-update",
        .title = "new keys on the way",
        .about = "A connection may live for years. Either end can change to new keys at any time, "
                 "and ask the other to do "
                 "the same; old keys are forgotten, so whoever steals the new ones cannot read "
                 "what came before.",
        .client_groups = "x25519",
        .server_groups = "x25519",
        .update_keys = true,
        .group = "x25519",
        .round_trips = 1,
        .data_trips = 1,
        .forward_secrecy = true,
    },
    {
        .name = "resumed",
        .title = "a session resumed",
        .about = "The two have met before: the server gave the client a ticket, and the client now "
                 "offers it. A binder "
                 "proves that it holds the ticket's key, so no certificate and no signature is "
                 "needed. A fresh key "
                 "exchange is done all the same: a stolen ticket key does not open recordings.",
        .client_groups = "x25519",
        .server_groups = "x25519",
        .resume = DEMO_RESUMED,
        .group = "x25519",
        .round_trips = 1,
        .data_trips = 1,
        .forward_secrecy = true,
    },
    {
        .name = "early-data",
        .title = "data with the first flight (0-RTT)",
        .about = "As before, but the client does not wait: its first message goes along with the "
                 "ClientHello, under a "
                 "key made from the ticket. Nothing is quicker. Its price: the message has no "
                 "forward secrecy, and "
                 "whoever records it can send it again.",
        .client_groups = "x25519",
        .server_groups = "x25519",
        .resume = DEMO_EARLY,
        .group = "x25519",
        .round_trips = 1,
        .data_trips = 0,
        .forward_secrecy = true,
    },
    {
        .name = "replay",
        .title = "the first flight sent again by somebody else",
        .about = "Somebody on the way has recorded the first flight of such a connection, and "
                 "sends the same bytes "
                 "again. To the server they look as good as new, binder and all. But it remembers "
                 "the first flights "
                 "of its window: the session is resumed, the early data is thrown away unread, and "
                 "as the replayer "
                 "holds no key, nothing comes of the rest.",
        .client_groups = "x25519",
        .server_groups = "x25519",
        .resume = DEMO_REPLAYED,
        .group = "x25519",
    },
    {
        .name = "tls12",
        .title = "TLS 1.2, a full handshake",
        .about = "The version before: one round trip more, as the server must first say what it "
                 "chooses, and the "
                 "certificates travel in the clear, so whoever listens learns who is spoken to. "
                 "The key exchange is as "
                 "strong.",
        .client_groups = "x25519,secp256r1", /* the certificate's curve too: RFC 8422, 5.1 */
        .server_groups = "x25519",
        .version = HF_TLS12,
        .group = "x25519",
        .round_trips = 2,
        .data_trips = 2,
        .forward_secrecy = true,
        .certificate_seen = true,
    },
    {
        .name = "tls12-ticket",
        .title = "TLS 1.2 resumed, by ticket",
        .about = "The client offers the ticket of an earlier connection. Both ends make new keys "
                 "from the old secret "
                 "and both their random numbers: one round trip, no certificate, no signature, and "
                 "no key exchange "
                 "either, so whoever gets the ticket's key later reads this connection too.",
        .client_groups = "x25519,secp256r1",
        .server_groups = "x25519",
        .version = HF_TLS12,
        .resume = DEMO_RESUMED,
        .round_trips = 1,
        .data_trips = 1,
        .group = "",
    },
    {
        .name = "tls12-id",
        .title = "TLS 1.2 resumed, by identifier",
        .about = "The same with a server that remembers its sessions itself: the client names the "
                 "one it means. It is "
                 "the oldest way, and needs a store that all servers of a name share.",
        .client_groups = "x25519,secp256r1",
        .server_groups = "x25519",
        .version = HF_TLS12,
        .resume = DEMO_RESUMED,
        .stored = true,
        .round_trips = 1,
        .data_trips = 1,
        .group = "",
    },
    {
        .name = "static-rsa",
        .title = "TLS 1.2 with RSA key transport",
        .about = "WARNING: never use this. The client encrypts the secret to the key in the "
                 "server's certificate. There "
                 "is no forward secrecy: who gets that key, even years later, reads everything "
                 "that was recorded. It is "
                 "off unless asked for by name, and is here to be looked at.",
        .ciphers = "TLS_RSA_WITH_AES_128_GCM_SHA256",
        .version = HF_TLS12,
        .rsa = true,
        .group = "",
        .round_trips = 2,
        .data_trips = 2,
        .certificate_seen = true,
    },
};
