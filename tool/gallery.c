#include "gallery.h"

#include <string.h>

#include "recording/write.h"
#include "web/document.h"

static const uint64_t SECOND_NS = 1000000000;

static void write_for_page(const struct gallery *gallery, struct recorder *recorder,
                           struct text *out);
static bool is_path(const struct request *request, const char *path);
static void wipe(struct text *text);

void gallery_free(struct gallery *gallery)
{
    for (size_t i = 0; i < GALLERY_FAILURES_MAX; i++) {
        wipe(&gallery->failures[i]);
    }
}

bool gallery_enter(struct gallery *gallery, uint64_t now_ns)
{
    if (now_ns - gallery->second_ns >= SECOND_NS) {
        gallery->second_ns = now_ns;
        gallery->in_second = 0;
    }
    if (gallery->recorded >= GALLERY_RECORDED_MAX || gallery->in_second >= GALLERY_PER_SECOND) {
        return false;
    }
    gallery->in_second++;
    gallery->recorded++;
    return true;
}

void gallery_left(struct gallery *gallery)
{
    gallery->recorded--;
}

void gallery_keep(struct gallery *gallery, struct recorder *recorder)
{
    struct text *place = &gallery->failures[gallery->failed++ % GALLERY_FAILURES_MAX];
    wipe(place);
    write_for_page(gallery, recorder, place);
    if (place->failed) {
        wipe(place);
    }
}

bool gallery_document(const struct gallery *gallery, const struct request *request,
                      const struct gallery_visitor *visitor, struct text *out)
{
    if (request->state == REQUEST_BAD || request->form != REQUEST_HTML) {
        return false;
    }
    if (visitor->is_local && is_path(request, "/last-failures")) {
        document_begin(out, DOCUMENT_FAILURES, gallery->lab);
        for (size_t i = 1; i <= GALLERY_FAILURES_MAX && i <= gallery->failed; i++) {
            const struct text *kept =
                &gallery->failures[(gallery->failed - i) % GALLERY_FAILURES_MAX];
            if (kept->len > 0) {
                document_add(out, (hf_span){(const uint8_t *)kept->ptr, kept->len});
            }
        }
        document_end(out);
        return true;
    }
    if (visitor->recorder == NULL || !is_path(request, "/")) {
        return false;
    }
    struct text recording = {0};
    write_for_page(gallery, visitor->recorder, &recording);
    document_begin(out, DOCUMENT_CONNECTION, gallery->lab);
    document_add(out, (hf_span){(const uint8_t *)recording.ptr, recording.len});
    document_end(out);
    out->failed = out->failed || recording.failed;
    wipe(&recording);
    return true;
}

/* What a file may hold and what a page may show are asked for separately. */
static void write_for_page(const struct gallery *gallery, struct recorder *recorder,
                           struct text *out)
{
    const bool secrets = recorder->recording.secrets;
    recorder->recording.secrets = gallery->lab;
    recording_write(&recorder->recording, out);
    recorder->recording.secrets = secrets;
}

/* The path, whatever query follows. */
static bool is_path(const struct request *request, const char *path)
{
    const size_t len = strlen(path);
    return strncmp(request->path, path, len) == 0 &&
           (request->path[len] == '\0' || request->path[len] == '?');
}

static void wipe(struct text *text)
{
    if (text->ptr != NULL) {
        explicit_bzero(text->ptr, text->cap);
    }
    text_free(text);
}
