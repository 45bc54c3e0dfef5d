/* The document as a whole, and what is said of the handshake at its top. */
#include "recording/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <handfast/inspect.h>
#include <handfast/trust.h>

#include "cli/file.h"
#include "recording/fields.h"
#include "recording/write_int.h"
#include "report/hello.h"
#include "tool.h"

static const struct recorded_message *find(const struct recording *r, hf_role from, uint8_t type);
static void agreed(struct document *d);
static void top(struct document *d);
static void left_out(struct document *d);
static void watched(struct document *d);
static void summary(struct document *d);
static void summary_codes(struct document *d, const struct hello_view *answer);
static int group12(const struct recording *r);
static int scheme12(const struct recording *r);
static unsigned round_trips(const struct recording *r);
static void duration(struct document *d);
static void ending(struct document *d);

enum {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    ENCRYPTED_EXTENSIONS = 8,
    SERVER_KEY_EXCHANGE = 12,
    CERTIFICATE_REQUEST = 13,
    CERTIFICATE_VERIFY = 15,
    FINISHED = 20
};

void recording_write(const struct recording *r, struct text *out)
{
    struct document d = {.r = r, .j = json_begin(out, true)};
    agreed(&d);
    if (!write_name_steps(&d)) {
        out->failed = true;
        return;
    }
    json_object(&d.j, NULL);
    top(&d);
    watched(&d);
    summary(&d);
    write_flights(&d);
    write_records(&d);
    write_messages(&d);
    write_protections(&d);
    write_schedule(&d);
    write_shares(&d);
    write_why(&d);
    ending(&d);
    terms_json(&d.terms, &d.j);
    json_end(&d.j);
    free(d.ids);
}

int recording_save(const struct recording *r, const char *path, struct trouble *trouble)
{
    static const char fix[] = "Name a file in a directory that can be written.";
    const char *obstacle = file_obstacle(path);
    if (obstacle != NULL) {
        return trouble_set(trouble, TOOL_SYSTEM, fix, "the recording %s cannot be written: %s",
                           path, obstacle);
    }
    struct text document = {0};
    struct text other = {0};
    recording_write(r, &document);
    text_addf(&other, "%s.new", path);
    int error = document.failed || other.failed ? ENOMEM : 0;
    /* Secrets may be in it: for the owner alone. */
    const int fd =
        error != 0 ? -1 : open(other.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (error == 0 && fd < 0) {
        error = errno;
    } else if (error == 0) {
        error = text_write(&document, fd) ? 0 : errno;
        error = close(fd) != 0 && error == 0 ? errno : error;
        error = error == 0 && rename(other.ptr, path) != 0 ? errno : error;
        if (error != 0) {
            (void)unlink(other.ptr);
        }
    }
    if (document.ptr != NULL) {
        explicit_bzero(document.ptr, document.len);
    }
    text_free(&document);
    text_free(&other);
    if (error != 0) {
        return trouble_set(trouble, TOOL_SYSTEM, fix, "the recording %s cannot be written: %s",
                           path, strerror(error));
    }
    return 0;
}

/* --- The top ---------------------------------------------------------------------------------- */

/* The version and suite of the last ServerHello: forms and hashes follow them. */
static void agreed(struct document *d)
{
    const struct recorded_message *m = find(d->r, HF_SERVER, SERVER_HELLO);
    struct hello_view hello;
    if (m == NULL) {
        return;
    }
    hello_read(recording_span(&m->bytes), &hello);
    d->version = hello.versions.count > 0 ? hello.versions.code[0] : 0;
    d->cipher_suite = hello.suites.count > 0 ? hello.suites.code[0] : 0;
}

static void top(struct document *d)
{
    static const char *const sources[] = {
        [RECORDING_CONNECT] = "connect",
        [RECORDING_SERVE] = "serve",
        [RECORDING_DEMO] = "demo",
        [RECORDING_PCAP] = "pcap",
    };
    json_string(&d->j, "format", "handfast-recording");
    json_number(&d->j, "version", RECORDING_VERSION);
    json_string(&d->j, "maker", "handfast " HANDFAST_VERSION);
    json_string(&d->j, "source", sources[d->r->source]);
    json_string(&d->j, "title", d->r->title);
    if (d->r->started_unix_ms > 0) {
        json_number(&d->j, "started_unix_ms", d->r->started_unix_ms);
    } else {
        json_null(&d->j, "started_unix_ms");
    }
    json_bool(&d->j, "secrets", d->r->secrets);
    left_out(d);
}

static void left_out(struct document *d)
{
    const struct recording *r = d->r;
    const struct {
        const char *what;
        size_t count;
    } lists[] = {
        {"messages", r->messages.left_out},   {"records", r->records.left_out},
        {"keys", r->keys.left_out},           {"steps of the key schedule", r->steps.left_out},
        {"decisions", r->decisions.left_out}, {"moves of state", r->states.left_out},
        {"operations", r->ops.left_out},      {"alerts", r->alerts.left_out},
        {"notes", r->notes.left_out},         {"key shares", r->shares.left_out},
    };
    json_array(&d->j, "left_out");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        char text[96];
        if (lists[i].count > 0) {
            (void)snprintf(text, sizeof text, "%zu %s: the recording was full", lists[i].count,
                           lists[i].what);
            json_string(&d->j, NULL, text);
        }
    }
    if (r->wire_left_out) {
        json_string(&d->j, NULL, "bytes of records: there were too many");
    }
    if (r->no_memory) {
        json_string(&d->j, NULL, "some parts: memory ran out");
    }
    json_end(&d->j);
}

static void watched(struct document *d)
{
    static const char *const names[] = {[HF_CLIENT] = "client", [HF_SERVER] = "server"};
    json_object(&d->j, "ends");
    for (size_t i = 0; i < 2; i++) {
        json_object(&d->j, names[i]);
        json_bool(&d->j, "observed", d->r->observed[i]);
        json_string(&d->j, "address", d->r->address[i][0] == '\0' ? NULL : d->r->address[i]);
        json_end(&d->j);
    }
    json_end(&d->j);
}

static void summary(struct document *d)
{
    const struct recording *r = d->r;
    struct hello_view offer = {0};
    struct hello_view answer = {0};
    struct hello_view more = {0};
    const struct recorded_message *m = find(r, HF_CLIENT, CLIENT_HELLO);
    if (m != NULL) {
        hello_read(recording_span(&m->bytes), &offer);
    }
    if ((m = find(r, HF_SERVER, SERVER_HELLO)) != NULL) {
        hello_read(recording_span(&m->bytes), &answer);
    }
    if ((m = find(r, HF_SERVER, ENCRYPTED_EXTENSIONS)) != NULL) {
        hello_read(recording_span(&m->bytes), &more);
    }
    bool early = false;
    bool retried = false;
    for (size_t i = 0; i < more.extensions.count; i++) {
        early = early || more.extensions.code[i] == 42;
    }
    for (size_t i = 0; i < r->messages.count; i++) {
        retried = retried || fields_is_retry(recording_span(&r->messages.items[i].bytes));
    }
    const char *alpn = more.alpn[0] != '\0' ? more.alpn : answer.alpn;
    json_object(&d->j, "summary");
    summary_codes(d, &answer);
    json_string(&d->j, "server_name", offer.name[0] == '\0' ? NULL : offer.name);
    json_string(&d->j, "alpn", alpn[0] == '\0' ? NULL : alpn);
    json_bool(&d->j, "psk", answer.psk_count > 0);
    json_bool(&d->j, "early_data", early);
    json_bool(&d->j, "retried", retried);
    json_bool(&d->j, "client_certificate", find(r, HF_SERVER, CERTIFICATE_REQUEST) != NULL);
    json_number(&d->j, "round_trips", round_trips(r));
    duration(d);
    json_object(&d->j, "bytes");
    json_number(&d->j, "client", (int64_t)r->bytes[HF_CLIENT]);
    json_number(&d->j, "server", (int64_t)r->bytes[HF_SERVER]);
    json_end(&d->j);
    json_end(&d->j);
}

static void summary_codes(struct document *d, const struct hello_view *answer)
{
    const struct recorded_message *proof = find(d->r, HF_SERVER, CERTIFICATE_VERIFY);
    if (d->version == 0) {
        write_no_code(d, "version");
        write_no_code(d, "cipher_suite");
    } else {
        write_code(d, "version", d->version, hf_code_name(HF_CODES_VERSION, d->version));
        write_code(d, "cipher_suite", d->cipher_suite,
                   hf_code_name(HF_CODES_CIPHER_SUITE, d->cipher_suite));
    }
    const int group = answer->shares.count > 0 ? answer->shares.code[0] : group12(d->r);
    if (group >= 0) {
        write_code(d, "group", (unsigned)group, hf_code_name(HF_CODES_GROUP, (unsigned)group));
    } else {
        write_no_code(d, "group");
    }
    /* In TLS 1.2 the server signs its key exchange. */
    const int scheme = d->version == HF_TLS12 ? scheme12(d->r)
                       : proof != NULL && proof->bytes.len >= 6
                           ? proof->bytes.ptr[4] << 8 | proof->bytes.ptr[5]
                           : -1;
    if (scheme >= 0) {
        write_code(d, "signature_scheme", (unsigned)scheme,
                   hf_code_name(HF_CODES_SIGNATURE_SCHEME, (unsigned)scheme));
    } else {
        write_no_code(d, "signature_scheme");
    }
}

/* RFC 8422, 5.4: curve_type, namedcurve, the point, and then the signature's scheme. -1: no such
 * message. */
static int group12(const struct recording *r)
{
    const struct recorded_message *m = find(r, HF_SERVER, SERVER_KEY_EXCHANGE);
    const bool named = m != NULL && m->bytes.len >= 8 && m->bytes.ptr[4] == 3;
    return named ? m->bytes.ptr[5] << 8 | m->bytes.ptr[6] : -1;
}

static int scheme12(const struct recording *r)
{
    const struct recorded_message *m = find(r, HF_SERVER, SERVER_KEY_EXCHANGE);
    if (group12(r) < 0) {
        return -1;
    }
    const size_t at = 8 + (size_t)m->bytes.ptr[7];
    return m->bytes.len >= at + 2 ? m->bytes.ptr[at] << 8 | m->bytes.ptr[at + 1] : -1;
}

/* How often the client had sent something and had to wait before both had said Finished. */
static unsigned round_trips(const struct recording *r)
{
    unsigned trips = 0;
    unsigned finished = 0;
    bool waiting = false;
    for (size_t i = 0; i < r->messages.count && finished < 2; i++) {
        const bool by_client = r->messages.items[i].from == HF_CLIENT;
        trips += waiting && !by_client;
        waiting = by_client;
        finished += r->messages.items[i].type == FINISHED;
    }
    return trips;
}

static void duration(struct document *d)
{
    const struct recording *r = d->r;
    uint64_t end = 0;
    for (size_t i = 0; i < 2; i++) {
        end = r->connected[i] && r->connected_ns[i] > end ? r->connected_ns[i] : end;
    }
    for (size_t i = 0; r->source == RECORDING_PCAP && i < r->messages.count; i++) {
        const struct recorded_message *m = &r->messages.items[i];
        end = m->type == FINISHED && m->times.ns[HF_SENT] > end ? m->times.ns[HF_SENT] : end;
    }
    uint64_t start = 0;
    if (r->messages.count > 0) {
        const struct recording_times *first = &r->messages.items[0].times;
        start = first->ns[first->seen[HF_SENT] ? HF_SENT : HF_RECEIVED];
    }
    write_ns(d, "handshake_ns", end > start, end - start);
}

static void ending(struct document *d)
{
    const struct recording *r = d->r;
    const char *kind = "unfinished";
    const char *text = "The recording ends before the handshake does.";
    bool closed = false;
    bool done = r->connected[HF_CLIENT] || r->connected[HF_SERVER];
    const struct recorded_message *last = find(r, HF_CLIENT, FINISHED);
    done = done ||
           (r->source == RECORDING_PCAP && last != NULL && find(r, HF_SERVER, FINISHED) != NULL);
    bool fatal = false;
    for (size_t i = 0; i < r->alerts.count; i++) {
        closed = closed || r->alerts.items[i].description == HF_ALERT_close_notify;
        fatal = fatal || (r->alerts.items[i].description != HF_ALERT_close_notify &&
                          r->alerts.items[i].description != HF_ALERT_user_canceled);
    }
    if (r->errors.count > 0) {
        kind = "failed";
        text = hf_error_words(&r->errors.items[0].error).sentence;
    } else if (fatal) {
        kind = "failed";
        text = "One end sent an alert that ends the connection.";
    } else if (done && closed) {
        kind = "closed";
        text = "The handshake was completed, and the connection closed in good order.";
    } else if (done) {
        kind = "connected";
        text = "The handshake was completed.";
    }
    json_object(&d->j, "end");
    json_string(&d->j, "kind", kind);
    json_string(&d->j, "text", text);
    json_end(&d->j);
}

/* The last message of this end and type that is no HelloRetryRequest, or NULL. */
static const struct recorded_message *find(const struct recording *r, hf_role from, uint8_t type)
{
    for (size_t i = r->messages.count; i > 0; i--) {
        const struct recorded_message *m = &r->messages.items[i - 1];
        if (m->from == from && m->type == type && !fields_is_retry(recording_span(&m->bytes))) {
            return m;
        }
    }
    return NULL;
}

/* --- Members that many have ------------------------------------------------------------------- */

void write_end_name(struct document *d, const char *key, hf_role end)
{
    json_string(&d->j, key, end == HF_CLIENT ? "client" : "server");
}

void write_ns(struct document *d, const char *key, bool known, uint64_t ns)
{
    if (known) {
        json_number(&d->j, key, (int64_t)ns);
    } else {
        json_null(&d->j, key);
    }
}

void write_times(struct document *d, const struct recording_times *times)
{
    write_ns(d, "sent_ns", times->seen[HF_SENT], times->ns[HF_SENT]);
    write_ns(d, "received_ns", times->seen[HF_RECEIVED], times->ns[HF_RECEIVED]);
}

void write_index(struct document *d, const char *key, int index)
{
    if (index == RECORDING_NONE) {
        json_null(&d->j, key);
    } else {
        json_number(&d->j, key, index);
    }
}

void write_level(struct document *d, hf_level level)
{
    static const char *const names[] = {
        [HF_LEVEL_PLAIN] = "plain",
        [HF_LEVEL_EARLY] = "early",
        [HF_LEVEL_HANDSHAKE] = "handshake",
        [HF_LEVEL_APPLICATION] = "application",
    };
    json_string(&d->j, "level", names[level]);
    (void)terms_use_named(&d->terms, "level", names[level], "level.plain");
}

void write_code(struct document *d, const char *key, unsigned value, const char *name)
{
    char second[48];
    (void)snprintf(second, sizeof second, "%s_name", key);
    json_number(&d->j, key, value);
    json_string(&d->j, second, name);
}

void write_no_code(struct document *d, const char *key)
{
    char second[48];
    (void)snprintf(second, sizeof second, "%s_name", key);
    json_null(&d->j, key);
    json_null(&d->j, second);
}
