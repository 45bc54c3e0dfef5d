#include "support/wycheproof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/counted.h"

struct wycheproof {
    json_t *root;
    char name[64];
};

static void require(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "wycheproof: %s\n", what);
        exit(1);
    }
}

struct wycheproof *wycheproof_open(const char *name)
{
    const char *directory = getenv("HF_VECTORS");
    char path[4096];
    const int len = snprintf(path, sizeof path, "%s/wycheproof/%s",
                             directory != NULL ? directory : "../shared/vectors", name);
    require(len > 0 && (size_t)len < sizeof path, "path too long");
    if (access(path, F_OK) != 0) {
        return NULL;
    }
    struct wycheproof *file = calloc(1, sizeof *file);
    json_error_t error;
    require(file != NULL, "out of memory");
    file->root = json_load_file(path, 0, &error);
    require(file->root != NULL, error.text);
    (void)snprintf(file->name, sizeof file->name, "%s", name);
    return file;
}

void wycheproof_close(struct wycheproof *file)
{
    json_decref(file->root);
    free(file);
}

size_t wycheproof_count(const struct wycheproof *file)
{
    return (size_t)wycheproof_number(file->root, "numberOfTests");
}

size_t wycheproof_each(const struct wycheproof *file,
                       void (*run)(void *ctx, const json_t *group, const json_t *test), void *ctx)
{
    const json_t *groups = json_object_get(file->root, "testGroups");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i);
        const json_t *tests = json_object_get(group, "tests");
        for (size_t k = 0; k < json_array_size(tests); k++) {
            run(ctx, group, json_array_get(tests, k));
            count++;
        }
    }
    char what[100];
    (void)snprintf(what, sizeof what, "cases of %s", file->name);
    counted((long)count, what);
    return count;
}

static unsigned nibble(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    require(at != NULL, "not hexadecimal");
    return (unsigned)(at - digits);
}

hf_span wycheproof_bytes(const json_t *object, const char *member)
{
    const char *hex = json_string_value(json_object_get(object, member));
    require(hex != NULL, member);
    const size_t len = strlen(hex) / 2;
    uint8_t *bytes = malloc(len + 1);
    require(bytes != NULL, "out of memory");
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    }
    return (hf_span){bytes, len};
}

void wycheproof_free(hf_span bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

long long wycheproof_number(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);
    require(json_is_integer(value), member);
    return json_integer_value(value);
}

enum wycheproof_result wycheproof_expected(const json_t *test)
{
    const char *result = json_string_value(json_object_get(test, "result"));
    require(result != NULL, "result");
    if (strcmp(result, "valid") == 0) {
        return WYCHEPROOF_VALID;
    }
    if (strcmp(result, "acceptable") == 0) {
        return WYCHEPROOF_ACCEPTABLE;
    }
    require(strcmp(result, "invalid") == 0, result);
    return WYCHEPROOF_INVALID;
}

bool wycheproof_has_flag(const json_t *test, const char *flag)
{
    const json_t *flags = json_object_get(test, "flags");
    for (size_t i = 0; i < json_array_size(flags); i++) {
        if (strcmp(json_string_value(json_array_get(flags, i)), flag) == 0) {
            return true;
        }
    }
    return false;
}

long long wycheproof_id(const json_t *test)
{
    return wycheproof_number(test, "tcId");
}
