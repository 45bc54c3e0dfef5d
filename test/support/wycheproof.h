/* Wycheproof's vectors for tests: one JSON file with groups of tests.
 *
 *     static void run_one(void *ctx, const json_t *group, const json_t *test) { ... }
 *
 *     struct wycheproof *file = wycheproof_open("x25519_test.json");
 *     if (file == NULL) {
 *         test_skip("no vectors: set HF_VECTORS");
 *     }
 *     assert_int_equal(wycheproof_each(file, run_one, &ctx), wycheproof_count(file));
 *     wycheproof_close(file);
 *
 * The directory is $HF_VECTORS/wycheproof, or ../shared/vectors/wycheproof where that is not set. A
 * file that is there and cannot be read ends the test program: only absence is a reason to skip.
 */
#ifndef TEST_SUPPORT_WYCHEPROOF_H
#define TEST_SUPPORT_WYCHEPROOF_H

#include <jansson.h>

#include <handfast/types.h>

struct wycheproof;

enum wycheproof_result { WYCHEPROOF_VALID, WYCHEPROOF_ACCEPTABLE, WYCHEPROOF_INVALID };

/* NULL: there is no such file. */
struct wycheproof *wycheproof_open(const char *name);
void wycheproof_close(struct wycheproof *file);

/* How many tests the file says it has. */
size_t wycheproof_count(const struct wycheproof *file);

/* Calls run for each test and gives, and says (counted.h), how many there were. */
size_t wycheproof_each(const struct wycheproof *file,
                       void (*run)(void *ctx, const json_t *group, const json_t *test), void *ctx);

/* The bytes of a hexadecimal member; the caller frees data. The empty span has data too. */
hf_span wycheproof_bytes(const json_t *object, const char *member);
void wycheproof_free(hf_span bytes);

long long wycheproof_number(const json_t *object, const char *member);
enum wycheproof_result wycheproof_expected(const json_t *test);
bool wycheproof_has_flag(const json_t *test, const char *flag);

/* For messages of failures. */
long long wycheproof_id(const json_t *test);

#endif
