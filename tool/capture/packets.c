/* From link layer to TCP. Every header is checked against the bytes that were captured. */
#include "capture/packets.h"

#include <string.h>

#include <pcap/pcap.h>

#include "tool.h"

enum { IPV4 = 0x0800, IPV6 = 0x86dd, VLAN_TAGS_MAX = 4, EXTENSIONS_MAX = 8, TCP = 6 };

struct packet {
    hf_span left; /* not looked at yet */
    struct packets *seen;
    struct segment segment;
};

static bool link_known(int type);
static uint16_t link_layer(struct packet *p, int type);
static uint16_t ethernet(struct packet *p, size_t at);
static bool internet(struct packet *p, uint16_t ether_type);
static bool ipv4(struct packet *p);
static bool ipv6(struct packet *p);
static bool tcp(struct packet *p);
static uint32_t number(hf_span s, size_t at, size_t n);
static bool skip(struct packet *p, size_t n);

int packets_read(const char *what, FILE *file, struct streams *streams, struct packets *seen,
                 struct trouble *trouble)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    *seen = (struct packets){0};
    pcap_t *pcap =
        pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
    if (pcap == NULL) {
        (void)fclose(file);
        return trouble_set(trouble, TOOL_USAGE,
                           "Name a file that tcpdump, tshark or Wireshark has written.",
                           "%s is not a capture: %.200s", what, error);
    }
    const int type = pcap_datalink(pcap);
    if (!link_known(type)) {
        const char *name = pcap_datalink_val_to_name(type);
        (void)trouble_set(trouble, TOOL_USAGE,
                          "Capture on Ethernet, loopback or 'any', or as raw IP.",
                          "%s is a capture of a link layer that is not read here: %s (%d)", what,
                          name == NULL ? "unknown" : name, type);
    }
    struct pcap_pkthdr *header = NULL;
    const u_char *bytes = NULL;
    int got = 0;
    while (trouble->exit_code == 0 && (got = pcap_next_ex(pcap, &header, &bytes)) == 1) {
        struct packet p = {.left = {bytes, header->caplen}, .seen = seen};
        seen->all++;
        seen->cut += header->caplen < header->len;
        p.segment.ns = (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec;
        if (internet(&p, link_layer(&p, type))) {
            seen->tcp++;
            streams_add(streams, &p.segment);
        }
    }
    if (got == PCAP_ERROR) {
        (void)snprintf(seen->ended, sizeof seen->ended, "%s", pcap_geterr(pcap));
    }
    pcap_close(pcap);
    return trouble->exit_code;
}

/* --- Link layers ------------------------------------------------------------------------------ */

static bool link_known(int type)
{
    static const int known[] = {DLT_EN10MB, DLT_RAW,  DLT_IPV4,      DLT_IPV6,
                                DLT_NULL,   DLT_LOOP, DLT_LINUX_SLL, DLT_LINUX_SLL2};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i] == type) {
            return true;
        }
    }
    return false;
}

/* Takes the link layer away; what is inside, as an EtherType, or 0. */
static uint16_t link_layer(struct packet *p, int type)
{
    switch (type) {
    case DLT_EN10MB:
        return ethernet(p, 12);
    case DLT_LINUX_SLL:
        return ethernet(p, 14);
    case DLT_LINUX_SLL2: {
        const uint16_t inside = (uint16_t)number(p->left, 0, 2);
        return skip(p, 20) ? inside : 0;
    }
    case DLT_NULL:
    case DLT_LOOP:
        if (!skip(p, 4)) {
            return 0;
        }
        break; /* the family's number differs by system: the packet itself tells */
    default:
        break;
    }
    const unsigned version = number(p->left, 0, 1) >> 4;
    return version == 4 ? IPV4 : version == 6 ? IPV6 : 0;
}

/* An EtherType at this place, behind any VLAN tags (IEEE 802.1Q). */
static uint16_t ethernet(struct packet *p, size_t at)
{
    uint16_t type = (uint16_t)number(p->left, at, 2);
    if (!skip(p, at + 2)) {
        return 0;
    }
    for (int tags = 0; tags < VLAN_TAGS_MAX; tags++) {
        if (type != 0x8100 && type != 0x88a8 && type != 0x9100) {
            break;
        }
        type = (uint16_t)number(p->left, 2, 2);
        if (!skip(p, 4)) {
            return 0;
        }
    }
    return type;
}

/* --- IP and TCP ------------------------------------------------------------------------------- */

static bool internet(struct packet *p, uint16_t ether_type)
{
    const bool is_tcp = (ether_type == IPV4 && ipv4(p)) || (ether_type == IPV6 && ipv6(p));
    if (!is_tcp || !tcp(p)) {
        p->seen->others++;
        return false;
    }
    return true;
}

/* RFC 791, 3.1 */
static bool ipv4(struct packet *p)
{
    const size_t head = (number(p->left, 0, 1) & 15) * 4;
    const size_t total = number(p->left, 2, 2);
    const uint32_t fragment = number(p->left, 6, 2) & 0x3fff;
    if (p->left.len < 20 || head < 20 || number(p->left, 9, 1) != TCP) {
        return false;
    }
    if (fragment != 0) {
        p->seen->fragments++;
        return false;
    }
    memcpy(p->segment.from.address, p->left.data + 12, 4);
    memcpy(p->segment.to.address, p->left.data + 16, 4);
    p->segment.from.address_len = p->segment.to.address_len = 4;
    /* Ethernet pads short packets. A total of 0 is one that the card was to cut up (offload). */
    if (total >= head && total < p->left.len) {
        p->left.len = total;
    }
    return skip(p, head);
}

/* RFC 8200, 3 and 4: the headers before TCP are skipped. */
static bool ipv6(struct packet *p)
{
    if (p->left.len < 40) {
        return false;
    }
    uint32_t next = number(p->left, 6, 1);
    const size_t len = number(p->left, 4, 2);
    memcpy(p->segment.from.address, p->left.data + 8, 16);
    memcpy(p->segment.to.address, p->left.data + 24, 16);
    p->segment.from.address_len = p->segment.to.address_len = 16;
    if (!skip(p, 40)) {
        return false;
    }
    if (len > 0 && len < p->left.len) {
        p->left.len = len;
    }
    for (int i = 0; i < EXTENSIONS_MAX && next != TCP; i++) {
        if (next == 44) { /* Fragment */
            p->seen->fragments++;
            return false;
        }
        if (next != 0 && next != 43 && next != 60) { /* Hop-by-Hop, Routing, Destination */
            return false;
        }
        next = number(p->left, 0, 1);
        if (!skip(p, (number(p->left, 1, 1) + 1) * 8)) {
            return false;
        }
    }
    return next == TCP;
}

/* RFC 9293, 3.1 */
static bool tcp(struct packet *p)
{
    struct segment *s = &p->segment;
    const size_t head = (number(p->left, 12, 1) >> 4) * 4;
    const uint32_t flags = number(p->left, 13, 1);
    if (p->left.len < 20 || head < 20) {
        return false;
    }
    s->from.port = (uint16_t)number(p->left, 0, 2);
    s->to.port = (uint16_t)number(p->left, 2, 2);
    s->seq = number(p->left, 4, 4);
    s->fin = (flags & 1) != 0;
    s->syn = (flags & 2) != 0;
    s->rst = (flags & 4) != 0;
    s->ack = (flags & 16) != 0;
    if (!skip(p, head)) {
        return false;
    }
    s->data = p->left;
    return true;
}

static uint32_t number(hf_span s, size_t at, size_t n)
{
    uint32_t value = 0;
    if (at + n > s.len) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        value = value << 8 | s.data[at + i];
    }
    return value;
}

static bool skip(struct packet *p, size_t n)
{
    if (n > p->left.len) {
        return false;
    }
    p->left.data += n;
    p->left.len -= n;
    return true;
}
