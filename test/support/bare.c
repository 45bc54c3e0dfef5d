#include "support/bare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/hex.h"
#include "support/pair.h"

/* --- The sink -----------------------------------------------------------------------------------
 */

static uint8_t *sink_reserve(void *owner, hf_level level, size_t n)
{
    struct bare *b = owner;
    (void)level;
    return n <= sizeof b->said - b->said_len ? b->said + b->said_len : NULL;
}

static hf_status sink_commit(void *owner, size_t n)
{
    struct bare *b = owner;
    b->said_len += n;
    return HF_OK;
}

static hf_status sink_install(void *owner, hf_direction direction, hf_level level,
                              const struct suite *suite, const struct secret *secret)
{
    struct bare *b = owner;
    (void)suite;
    assert_true(b->key_count < BARE_KEYS_MAX);
    b->key[b->key_count++] = (struct bare_key){direction, level, *secret};
    return HF_OK;
}

static hf_status sink_ccs(void *owner)
{
    struct bare *b = owner;
    b->ccs_count++;
    return HF_OK;
}

static void sink_drop(void *owner)
{
    struct bare *b = owner;
    b->drop_count++;
}

static const struct hs_sink sink = {sink_reserve, sink_commit, sink_install,
                                    NULL,         sink_drop,   sink_ccs};

/* --- Made and ended -----------------------------------------------------------------------------
 */

hf_config *bare_config(hf_role role)
{
    hf_config *config = hf_config_new(role, NULL);
    assert_non_null(config);
    assert_int_equal(hf_config_set_verify(config, HF_VERIFY_NONE), HF_OK);
    if (role == HF_SERVER) {
        assert_int_equal(hf_config_external_ops(config, HF_OP_BIT(HF_OP_CHOOSE_IDENTITY)), HF_OK);
    } else {
        assert_int_equal(hf_config_set_grease(config, false), HF_OK);
    }
    return config;
}

void bare_open_for(struct bare *b, hf_config *config, const char *sni)
{
    memset(b, 0, sizeof *b);
    b->config = config;
    b->result.chosen_identity = -1;
    assert_int_equal(hf_config_set_random(config, pair_random, &b->seed), HF_OK);
    assert_int_equal(hf_config_freeze(config), HF_OK);
    const struct hs_args args = {.config = config,
                                 .sink = &sink,
                                 .owner = b,
                                 .error = &b->error,
                                 .tr = &b->tr,
                                 .in = &b->in,
                                 .result = &b->result,
                                 .sni = sni};
    b->hs = hs_new(&args);
    assert_non_null(b->hs);
}

void bare_open(struct bare *b, hf_config *config)
{
    bare_open_for(b, config, NULL);
}

void bare_close(struct bare *b)
{
    hs_free(b->hs);
    inbox_clear(&b->in);
    hs_result_clear(&b->result);
    hf_config_free(b->config);
}

hf_err bare_error(struct bare *b)
{
    const hf_err code = b->error.code;
    b->error = (hf_error){0};
    return code;
}

/* --- Extensions ---------------------------------------------------------------------------------
 */

void bare_must_write(struct bare *b, bare_write_fn *write, const char *expected)
{
    uint8_t room[2048];
    struct wr w = wr_of(room, sizeof room);
    const bool is_written = write(b->hs, &w);
    assert_int_equal(is_written, expected != NULL);
    if (expected == NULL) {
        return;
    }
    const struct hex bytes = hex(expected);
    assert_false(w.bad);
    assert_int_equal(w.len, bytes.len);
    assert_memory_equal(room, bytes.bytes, bytes.len);
    for (size_t cap = 0; cap < bytes.len; cap++) {
        uint8_t *exact = malloc(cap == 0 ? 1 : cap);
        assert_non_null(exact);
        struct wr small = wr_of(exact, cap);
        (void)write(b->hs, &small);
        assert_true(small.bad);
        free(exact);
    }
}

/* A copy in the handshake's arena: exact for the sanitizers as far as its alignment allows, and
 * alive as long as the offer. */
static hf_span keep(struct bare *b, const uint8_t *bytes, size_t len)
{
    const uint8_t *copy = arena_copy(&b->hs->arena, span_of(bytes, len));
    assert_non_null(copy);
    return span_of(copy, len);
}

hf_err bare_read(struct bare *b, bare_read_fn *read, const char *body)
{
    const struct hex bytes = hex(body);
    const hf_status s = read(b->hs, keep(b, bytes.bytes, bytes.len), &b->hs->s.offer);
    assert_int_equal(s == HF_OK, b->error.code == HF_E_NONE);
    return bare_error(b);
}

hf_err bare_answered(struct bare *b, bare_answered_fn *answered, const char *body)
{
    const struct hex bytes = hex(body);
    const hf_status s = answered(b->hs, keep(b, bytes.bytes, bytes.len));
    assert_int_equal(s == HF_OK, b->error.code == HF_E_NONE);
    return bare_error(b);
}

/* One of the two is NULL. */
static hf_err read_exact(struct bare *b, bare_read_fn *read, bare_answered_fn *answered,
                         const uint8_t *bytes, size_t len)
{
    uint8_t *exact = malloc(len == 0 ? 1 : len);
    struct hs_offer offer = b->hs->s.offer;
    assert_non_null(exact);
    memcpy(exact, bytes, len);
    (void)(read != NULL ? read(b->hs, span_of(exact, len), &offer)
                        : answered(b->hs, span_of(exact, len)));
    free(exact);
    return bare_error(b);
}

static void must_be_whole(struct bare *b, bare_read_fn *read, bare_answered_fn *answered,
                          const char *body)
{
    struct hex bytes = hex(body);
    assert_true(bytes.len < sizeof bytes.bytes);
    assert_int_equal(read_exact(b, read, answered, bytes.bytes, bytes.len), HF_E_NONE);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(read_exact(b, read, answered, bytes.bytes, len), HF_E_DECODE_EXTENSION);
    }
    bytes.bytes[bytes.len] = 0;
    assert_int_equal(read_exact(b, read, answered, bytes.bytes, bytes.len + 1),
                     HF_E_DECODE_EXTENSION);
}

void bare_must_be_whole(struct bare *b, bare_read_fn *read, const char *body)
{
    must_be_whole(b, read, NULL, body);
}

void bare_must_be_whole_answer(struct bare *b, bare_answered_fn *answered, const char *body)
{
    must_be_whole(b, NULL, answered, body);
}
