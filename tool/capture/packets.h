/* Packets of a capture file (pcap or pcapng, read by libpcap), down to their TCP segments. */
#ifndef CAPTURE_PACKETS_H
#define CAPTURE_PACKETS_H

#include <stdio.h>

#include "capture/streams.h"
#include "cli/trouble.h"

/* What was met on the way, for messages. */
struct packets {
    size_t all, tcp;
    size_t fragments; /* of IP: not put together */
    size_t cut;       /* captured with fewer bytes than they had */
    size_t others;    /* neither IPv4 nor IPv6, or not TCP */
    char ended[160];  /* what libpcap said when the file ended early; "" */
};

/* Reads all of file, and closes it, into streams. what names it. Returns 0 or the exit
 * code of *trouble: not a capture, or a link layer that is not known. */
int packets_read(const char *what, FILE *file, struct streams *streams, struct packets *seen,
                 struct trouble *trouble);

#endif
