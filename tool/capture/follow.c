/* Records of a captured connection, in the order in which they could be read. */
#include "capture/follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/follow_int.h"
#include "tool.h"

enum { HEADER_LEN = 5, RECORD_MAX = 16384 + 2048, CCS = 20, ALERT = 21, HANDSHAKE = 22, DATA = 23 };

static int advance(struct follow *f);
static int records(struct follow *f, hf_role from);
static int record(struct follow *f, hf_role from, hf_span bytes);
static int protected_record(struct follow *f, hf_role from, hf_span bytes);
static int content(struct follow *f, hf_role from, uint8_t type, hf_span bytes);
static int handshake(struct follow *f, hf_role from, hf_span bytes);
static int gap(struct follow *f);
static const char *name_of(hf_role from);

static const char fix_capture[] =
    "Capture again, from before the connection is made, with a larger buffer and whole packets.";

int follow_stream(const struct stream *stream, const struct follow_keys *keys,
                  struct recorder *recorder, struct trouble *trouble)
{
    struct follow f = {
        .stream = stream, .keys = keys, .recorder = recorder, .trouble = trouble, .patient = true};
    for (size_t i = 0; i < stream->chunk_count && trouble->exit_code == 0; i++) {
        const struct chunk *chunk = &stream->chunks[i];
        f.ns = chunk->ns;
        f.side[chunk->side].end = chunk->end;
        (void)advance(&f);
    }
    f.patient = false;
    (void)advance(&f);
    if (trouble->exit_code == 0) {
        (void)gap(&f);
    }
    for (size_t i = 0; i < 2; i++) {
        hf_opener_free(f.side[i].opener);
        free(f.side[i].handshake);
        explicit_bzero(f.side[i].secret, sizeof f.side[i].secret);
    }
    explicit_bzero(f.master, sizeof f.master);
    free(f.messages);
    return trouble->exit_code;
}

void follow_event(struct follow *f, hf_role from, hf_event event)
{
    event.role = from;
    event.at_ns = f->ns;
    recorder_event(f->recorder, &event);
}

/* All that can be read now. What one end says may have been captured before what it answers. */
static int advance(struct follow *f)
{
    size_t before = 0;
    do {
        before = f->side[HF_CLIENT].at + f->side[HF_SERVER].at;
        (void)records(f, HF_CLIENT);
        (void)records(f, HF_SERVER);
    } while (f->trouble->exit_code == 0 && f->side[HF_CLIENT].at + f->side[HF_SERVER].at != before);
    return f->trouble->exit_code;
}

/* Whether the end's next record follows from something that has not been read yet. */
static bool is_ahead(const struct follow *f, hf_role from, uint8_t type)
{
    if (from == HF_SERVER) {
        /* The server's keys follow from what the client has sent, if that is to be decrypted. */
        return !f->hello_seen || (type == CCS && f->version == HF_TLS12 && !f->has_master &&
                                  f->keys->rsa_decrypt != NULL);
    }
    return (type == DATA || type == CCS) && !f->answered && !f->retried && !f->early_offered;
}

/* Whole records of one end. */
static int records(struct follow *f, hf_role from)
{
    struct follow_side *side = &f->side[from];
    const size_t end = side->end;
    const uint8_t *bytes = f->stream->side[from].bytes;
    while (f->trouble->exit_code == 0 && end - side->at >= HEADER_LEN) {
        const uint8_t *head = bytes + side->at;
        const size_t len = (size_t)head[3] << 8 | head[4];
        if (head[0] < CCS || head[0] > 24 || head[1] != 3 || len > RECORD_MAX) {
            return trouble_set(f->trouble, TOOL_USAGE, fix_capture,
                               "byte %zu of what the %s sent begins no TLS record (%02x %02x %02x)",
                               side->at, name_of(from), head[0], head[1], head[2]);
        }
        if (end - side->at < HEADER_LEN + len || (f->patient && is_ahead(f, from, head[0]))) {
            break;
        }
        side->at += HEADER_LEN + len;
        side->records++;
        (void)record(f, from, (hf_span){head, HEADER_LEN + len});
    }
    return f->trouble->exit_code;
}

static void tell_record(struct follow *f, hf_role from, hf_span bytes, const hf_opened *inside)
{
    const struct follow_side *side = &f->side[from];
    const bool plain = side->opener == NULL || bytes.data[0] == CCS;
    follow_event(f, from,
                 (hf_event){.kind = HF_EV_RECORD,
                            .u.record = {.direction = HF_SENT,
                                         .level = plain ? HF_LEVEL_PLAIN : side->level,
                                         .type = inside->type,
                                         .header = {bytes.data, HEADER_LEN},
                                         .len = bytes.len - HEADER_LEN,
                                         .plain_len = inside->len,
                                         .padding = inside->padding,
                                         .sequence = inside->sequence}});
}

static int record(struct follow *f, hf_role from, hf_span bytes)
{
    struct follow_side *side = &f->side[from];
    const uint8_t type = bytes.data[0];
    const hf_span inside = {bytes.data + HEADER_LEN, bytes.len - HEADER_LEN};
    if (side->guessing && type == DATA && follow_guess_early(f, from, bytes) != 0) {
        return f->trouble->exit_code;
    }
    follow_event(f, from,
                 (hf_event){.kind = HF_EV_WIRE, .u.wire = {.direction = HF_SENT, .bytes = bytes}});
    const hf_opened plain = {.type = type, .len = inside.len};
    if (type == CCS) {
        tell_record(f, from, bytes, &plain);
        return follow_change_cipher_spec(f, from);
    }
    /* RFC 9846, 6.2: who could not follow to the new keys says so in the clear. */
    const bool plain_alert = type == ALERT && f->version != HF_TLS12 && inside.len == 2;
    if (side->blind && !plain_alert) {
        return 0;
    }
    if (side->opener != NULL && !plain_alert) {
        return protected_record(f, from, bytes);
    }
    if (type == DATA) {
        return 0; /* early data, for which there are no keys */
    }
    tell_record(f, from, bytes, &plain);
    return content(f, from, type, inside);
}

static int protected_record(struct follow *f, hf_role from, hf_span bytes)
{
    struct follow_side *side = &f->side[from];
    uint8_t *copy = malloc(bytes.len);
    hf_opened inside;
    if (copy == NULL) {
        return trouble_set(f->trouble, TOOL_SYSTEM, NULL, "no memory for a record");
    }
    memcpy(copy, bytes.data, bytes.len);
    if (hf_opener_open(side->opener, copy, bytes.len, &inside) == HF_OK) {
        side->may_not_open = side->early;
        tell_record(f, from, bytes, &inside);
        (void)content(f, from, inside.type, (hf_span){inside.data, inside.len});
    } else if (!side->may_not_open) {
        (void)trouble_set(
            f->trouble, TOOL_USAGE, "Use the key log that was written for this very connection.",
            "record %llu of the %s does not open: the secret is another one, or the bytes were "
            "changed",
            (unsigned long long)side->records, name_of(from));
    }
    explicit_bzero(copy, bytes.len);
    free(copy);
    return f->trouble->exit_code;
}

static int content(struct follow *f, hf_role from, uint8_t type, hf_span bytes)
{
    if (type == HANDSHAKE) {
        return handshake(f, from, bytes);
    }
    if (type == ALERT && bytes.len == 2) {
        const char *name = hf_alert_name(bytes.data[1]);
        follow_event(f, from,
                     (hf_event){.kind = HF_EV_ALERT,
                                .u.alert = {.direction = HF_SENT,
                                            .level = bytes.data[0],
                                            .description = bytes.data[1],
                                            .name = name == NULL ? "unknown" : name}});
    }
    return 0;
}

/* Messages may be spread over records, and several may stand in one (RFC 9846, 5.1). */
static int handshake(struct follow *f, hf_role from, hf_span bytes)
{
    struct follow_side *side = &f->side[from];
    uint8_t *grown = bytes.len == 0 || side->handshake_len + bytes.len > MESSAGE_MAX
                         ? NULL
                         : realloc(side->handshake, side->handshake_len + bytes.len);
    if (grown == NULL) {
        return trouble_set(f->trouble, TOOL_USAGE, fix_capture,
                           "a handshake message of the %s has no good length", name_of(from));
    }
    side->handshake = grown;
    memcpy(side->handshake + side->handshake_len, bytes.data, bytes.len);
    side->handshake_len += bytes.len;
    size_t at = 0;
    while (f->trouble->exit_code == 0 && side->handshake_len - at >= 4) {
        const uint8_t *m = side->handshake + at;
        const size_t len = 4 + ((size_t)m[1] << 16 | (size_t)m[2] << 8 | m[3]);
        if (len > MESSAGE_MAX || side->handshake_len - at < len) {
            break;
        }
        follow_event(f, from,
                     (hf_event){.kind = HF_EV_MESSAGE,
                                .u.message = {.direction = HF_SENT,
                                              .level = side->level,
                                              .type = m[0],
                                              .name = hf_code_name(HF_CODES_HANDSHAKE_TITLE, m[0]),
                                              .bytes = {m, len},
                                              .offset = side->handshake_at}});
        (void)follow_message(f, from, (hf_span){m, len});
        side->handshake_at += len;
        at += len;
    }
    side->handshake_len -= at;
    memmove(side->handshake, side->handshake + at, side->handshake_len);
    return f->trouble->exit_code;
}

/* A hole in what one end sent is no matter once the handshake is over. */
static int gap(struct follow *f)
{
    for (int from = HF_CLIENT; from <= HF_SERVER && f->finished < 2; from++) {
        const struct stream_side *side = &f->stream->side[from];
        const size_t lost = stream_lost(side);
        if (lost > 0) {
            return trouble_set(f->trouble, TOOL_USAGE, fix_capture,
                               "the capture has lost %zu bytes of what the %s sent, after its "
                               "first %zu: the handshake is not whole",
                               lost, name_of((hf_role)from), side->len);
        }
        if (side->overflowed) {
            return trouble_set(f->trouble, TOOL_USAGE, fix_capture,
                               "the %s sent more than is kept before the handshake was over",
                               name_of((hf_role)from));
        }
    }
    return 0;
}

static const char *name_of(hf_role from)
{
    return from == HF_CLIENT ? "client" : "server";
}
