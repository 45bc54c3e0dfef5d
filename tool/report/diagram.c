/* Draws the flights of a handshake. */
#include "report/diagram.h"

#include <stdio.h>
#include <string.h>

enum {
    TIME_COLUMNS = 9,   /* left of the client's pole */
    RIGHT_COLUMNS = 18, /* right of the server's pole: keys, RFC place */
    DATA_ROWS_MAX = 4,
    CHANGE_CIPHER_SPEC = 20,
    APPLICATION_DATA = 23
};

/* The characters of the drawing. */
struct glyphs {
    const char *pole, *line, *dots, *to_right, *to_left, *join_left, *join_right;
};

static const struct glyphs unicode = {"│", "─", "╌", "▶", "◀", "├", "┤"};
static const struct glyphs ascii = {"|", "-", ".", ">", "<", "+", "+"};

/* One drawing under way. */
struct pen {
    const struct diagram *d;
    const struct glyphs *g;
    struct text *out;
    size_t lane; /* columns between the poles */
    hf_level level;
    bool drew_any;
    unsigned data_rows;
};

/* What a row shows. */
struct row {
    bool to_server;
    uint64_t at_ns;
    const char *name;
    size_t bytes;
    const char *size_note; /* behind the size; "" */
    enum tint tint;
    hf_level level;
    const char *words; /* "": no second line */
    const char *place;
};

static void draw_item(struct pen *pen, size_t index);
static void draw_message(struct pen *pen, size_t index);
static void draw_record(struct pen *pen, const struct obs_item *item);
static void draw_alert(struct pen *pen, const struct obs_item *item, size_t index);
static void draw_row(struct pen *pen, const struct row *row);
static void draw_words(struct pen *pen, const struct row *row);
static void draw_divider(struct pen *pen, const char *words);
static void enter_level(struct pen *pen, hf_level level);
static hf_level level_at(const struct diagram *d, size_t index);
static bool is_to_server(const struct pen *pen, hf_direction direction);
static void add_time(struct pen *pen, uint64_t at_ns);
static enum tint tint_of(hf_level level);

void diagram_draw(const struct diagram *d, struct text *out)
{
    struct pen pen = {
        .d = d, .g = d->style->utf8 ? &unicode : &ascii, .out = out, .level = HF_LEVEL_PLAIN};
    pen.lane = d->style->width - TIME_COLUMNS - RIGHT_COLUMNS - 2;
    text_fill(out, " ", TIME_COLUMNS - 2);
    text_addf(out, "%sclient%s", style_on(d->style, TINT_BOLD), style_off(d->style));
    text_fill(out, " ", pen.lane - 6);
    text_addf(out, "%sserver%s\n", style_on(d->style, TINT_BOLD), style_off(d->style));
    for (size_t i = 0; i < d->context.observer->count; i++) {
        draw_item(&pen, i);
    }
    if (pen.drew_any && d->context.info->connected && pen.level != HF_LEVEL_APPLICATION) {
        enter_level(&pen, HF_LEVEL_APPLICATION);
    }
}

void diagram_json(const struct diagram *d, struct json *j, const char *key)
{
    json_array(j, key);
    for (size_t i = 0; i < d->context.observer->count; i++) {
        const struct obs_item *item = &d->context.observer->items[i];
        if (item->kind != HF_EV_MESSAGE) {
            continue;
        }
        struct text words = {0};
        const char *place = explain_message(&words, &d->context, i);
        const bool from_client =
            (d->context.info->role == HF_CLIENT) == (item->u.message.direction == HF_SENT);
        json_object(j, NULL);
        json_string(j, "from", from_client ? "client" : "server");
        json_string(j, "name", explain_name(item));
        json_number(j, "type", item->u.message.type);
        json_number(j, "bytes", (int64_t)item->u.message.len);
        json_string(j, "keys", explain_level(item->u.message.level));
        json_decimal(j, "at_us", (double)(item->at_ns - d->start_ns) / 1e3);
        json_string(j, "explanation", words.ptr);
        json_string(j, "place", place);
        json_end(j);
        text_free(&words);
    }
    json_end(j);
}

static void draw_item(struct pen *pen, size_t index)
{
    const struct obs_item *item = &pen->d->context.observer->items[index];
    if (item->kind == HF_EV_MESSAGE) {
        draw_message(pen, index);
    } else if (item->kind == HF_EV_RECORD) {
        draw_record(pen, item);
    } else if (item->kind == HF_EV_ALERT) {
        draw_alert(pen, item, index);
    }
}

static void draw_message(struct pen *pen, size_t index)
{
    const struct obs_item *item = &pen->d->context.observer->items[index];
    struct text words = {0};
    const char *place = explain_message(&words, &pen->d->context, index);
    draw_row(pen, &(struct row){
                      .to_server = is_to_server(pen, item->u.message.direction),
                      .at_ns = item->at_ns,
                      .name = explain_name(item),
                      .bytes = item->u.message.len,
                      .size_note = "",
                      .tint = tint_of(item->u.message.level),
                      .level = item->u.message.level,
                      .words = words.ptr == NULL ? "" : words.ptr,
                      .place = place,
                  });
    text_free(&words);
}

/* Records are drawn only where they are no handshake message: application data,
 * change_cipher_spec. */
static void draw_record(struct pen *pen, const struct obs_item *item)
{
    const bool data =
        item->u.record.type == APPLICATION_DATA &&
        (item->u.record.level == HF_LEVEL_EARLY || item->u.record.level == HF_LEVEL_APPLICATION);
    const bool early = data && item->u.record.level == HF_LEVEL_EARLY;
    const bool compat = item->u.record.type == CHANGE_CIPHER_SPEC && pen->d->records;
    if ((!data && !compat) || (data && item->u.record.plain_len == 0) ||
        (data && pen->data_rows >= DATA_ROWS_MAX && !pen->d->records)) {
        return;
    }
    pen->data_rows += data;
    const bool is_12 = pen->d->context.info->version == HF_TLS12;
    char note[48] = "";
    if (data) {
        (void)snprintf(note, sizeof note, " in %zu", item->u.record.wire_len);
    }
    draw_row(
        pen,
        &(struct row){
            .to_server = is_to_server(pen, item->u.record.direction),
            .at_ns = item->at_ns,
            .name = early  ? "early data"
                    : data ? "application data"
                           : "change_cipher_spec",
            .bytes = data ? item->u.record.plain_len : item->u.record.wire_len,
            .size_note = note,
            .tint = data ? tint_of(item->u.record.level) : TINT_DIM,
            .level = item->u.record.level,
            .words = early   ? "data before the server has answered: a copy of it may be a replay"
                     : data  ? ""
                     : is_12 ? "what follows from this end is under the new keys"
                             : "means nothing in TLS 1.3: lets old middleboxes believe in TLS 1.2",
            .place = early   ? "RFC 9846, 2.3"
                     : data  ? ""
                     : is_12 ? "RFC 5246, 7.1"
                             : "RFC 9846, E.4",
        });
}

static void draw_alert(struct pen *pen, const struct obs_item *item, size_t index)
{
    const bool closing = item->u.alert.description == HF_ALERT_close_notify;
    const char *known = hf_alert_name(item->u.alert.description);
    char name[64];
    (void)snprintf(name, sizeof name, "alert %s", known == NULL ? "of unknown kind" : known);
    draw_row(pen, &(struct row){
                      .to_server = is_to_server(pen, item->u.alert.direction),
                      .at_ns = item->at_ns,
                      .name = name,
                      .bytes = 2,
                      .size_note = "",
                      .tint = closing ? TINT_APPLICATION : TINT_BAD,
                      .level = level_at(pen->d, index),
                      .words = closing ? "nothing more comes from this side"
                                       : hf_alert_cause(item->u.alert.description),
                      .place = closing ? "RFC 9846, 6.1" : "RFC 9846, 6.2",
                  });
}

/* time │ name ───────── size ▶│ keys, or mirrored for what the server sends. */
static void draw_row(struct pen *pen, const struct row *row)
{
    enter_level(pen, row->level);
    const struct style *style = pen->d->style;
    char size[64];
    (void)snprintf(size, sizeof size, "%zu bytes%s", row->bytes, row->size_note);
    const size_t words =
        text_columns(row->name) + text_columns(size) + 4; /* the spaces around both */
    const size_t line = pen->lane > words + 3 ? pen->lane - words - 2
                                              : 1; /* one more dash, and the head of the arrow */
    add_time(pen, row->at_ns);
    text_addf(pen->out, "%s%s", pen->g->pole, style_on(style, row->tint));
    if (row->to_server) {
        text_addf(pen->out, " %s ", row->name);
        text_fill(pen->out, pen->g->line, line);
        text_addf(pen->out, " %s %s%s", size, pen->g->line, pen->g->to_right);
    } else {
        text_addf(pen->out, "%s%s %s ", pen->g->to_left, pen->g->line, size);
        text_fill(pen->out, pen->g->line, line);
        text_addf(pen->out, " %s ", row->name);
    }
    text_addf(pen->out, "%s%s %s%s%s\n", style_off(style), pen->g->pole,
              style_on(style, tint_of(row->level)), explain_level(row->level), style_off(style));
    draw_words(pen, row);
    pen->drew_any = true;
}

/* The explanation, between the poles, with the RFC's place at the right of its first line. */
static void draw_words(struct pen *pen, const struct row *row)
{
    const struct style *style = pen->d->style;
    if (row->words[0] == '\0') {
        return;
    }
    struct text wrapped = {0};
    text_add_wrapped(&wrapped, row->words, 0, 0, pen->lane - 4);
    const char *place = row->place;
    for (char *at = wrapped.ptr; at != NULL && *at != '\0';) {
        char *end = at + strcspn(at, "\n");
        const bool last = *end == '\0';
        *end = '\0';
        const size_t used = text_columns(at) + 3;
        text_fill(pen->out, " ", TIME_COLUMNS);
        text_addf(pen->out, "%s   %s%s%s", pen->g->pole, style_on(style, TINT_DIM), at,
                  style_off(style));
        text_fill(pen->out, " ", used < pen->lane ? pen->lane - used : 0);
        text_add(pen->out, pen->g->pole);
        if (place[0] != '\0') {
            text_addf(pen->out, " %s%s%s", style_on(style, TINT_DIM), place, style_off(style));
        }
        text_add(pen->out, "\n");
        place = "";
        at = last ? end : end + 1;
    }
    text_free(&wrapped);
}

/* Says so when the keys change between two rows. */
static void enter_level(struct pen *pen, hf_level level)
{
    if (level == pen->level) {
        return;
    }
    /* Rows of the two directions may overlap around a change; it is announced once, and never
     * back. */
    if (level > pen->level) {
        draw_divider(pen, level == HF_LEVEL_EARLY ? "early data, under keys from the ticket"
                          : level == HF_LEVEL_HANDSHAKE
                              ? "encrypted from here on, under handshake keys"
                          : pen->d->context.info->version == HF_TLS12
                              ? "encrypted from here on, under the connection's keys"
                              : "application keys: both ends may send data");
        pen->level = level;
    }
}

static void draw_divider(struct pen *pen, const char *words)
{
    const size_t used = text_columns(words) + 2;
    const size_t left = pen->lane > used ? (pen->lane - used) / 2 : 0;
    text_fill(pen->out, " ", TIME_COLUMNS);
    text_addf(pen->out, "%s%s", pen->g->join_left, style_on(pen->d->style, TINT_DIM));
    text_fill(pen->out, pen->g->dots, left);
    text_addf(pen->out, " %s ", words);
    text_fill(pen->out, pen->g->dots, pen->lane > used + left ? pen->lane - used - left : 0);
    text_addf(pen->out, "%s%s\n", style_off(pen->d->style), pen->g->join_right);
}

/* Under which keys an alert at this place travels: those of its direction. */
static hf_level level_at(const struct diagram *d, size_t index)
{
    const hf_direction direction = d->context.observer->items[index].u.alert.direction;
    hf_level level = HF_LEVEL_PLAIN;
    for (size_t i = 0; i < index; i++) {
        const struct obs_item *item = &d->context.observer->items[i];
        if (item->kind == HF_EV_KEYS && item->u.keys.direction == direction) {
            level = item->u.keys.level;
        }
    }
    return level;
}

static bool is_to_server(const struct pen *pen, hf_direction direction)
{
    return (pen->d->context.info->role == HF_CLIENT) == (direction == HF_SENT);
}

static void add_time(struct pen *pen, uint64_t at_ns)
{
    const uint64_t since = at_ns > pen->d->start_ns ? at_ns - pen->d->start_ns : 0;
    text_addf(pen->out, "%s%5.*f ms%s ", style_on(pen->d->style, TINT_DIM),
              since < 100000000u ? 2 : 0, (double)since / 1e6, style_off(pen->d->style));
}

static enum tint tint_of(hf_level level)
{
    static const enum tint tints[] = {TINT_PLAIN, TINT_EARLY, TINT_HANDSHAKE, TINT_APPLICATION};
    return (size_t)level < 4 ? tints[level] : TINT_NONE;
}
