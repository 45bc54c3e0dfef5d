#include "wire/ext.h"

#include "base/status.h"
#include "wire/iana.h"

enum { EXT_FEW = 32 }; /* unknown extensions that are compared one by one */

struct ext_row {
    uint16_t code;
    uint16_t where;
};

static const struct ext_row rows[EXT_COUNT] = {
#define X(name, code, where) {(code), (where)},
#include "wire/ext.def"
#undef X
};

static int index_of(uint16_t code)
{
    for (int i = 0; i < EXT_COUNT; i++) {
        if (rows[i].code == code) {
            return i;
        }
    }
    return -1;
}

static hf_status stands_twice(uint16_t code, hf_error *error)
{
    return err_raise(error, HF_E_DUPLICATE_EXTENSION, "extension %u stands there twice",
                     (unsigned)code);
}

static hf_status take_unknown(struct ext_view *out, uint16_t code, uint16_t *few, hf_error *error)
{
    if (out->unknown_count == 0) {
        out->first_unknown = code;
    }
    if (out->unknown_count < EXT_FEW) {
        for (size_t i = 0; i < out->unknown_count; i++) {
            if (few[i] == code) {
                return stands_twice(code, error);
            }
        }
        few[out->unknown_count] = code;
    }
    out->unknown_count++;
    return HF_OK;
}

/* A message may hold thousands of extensions that mean nothing to us (RFC 9846, 4.3): one bit for
 * each code point keeps the search for doubles linear. */
static hf_status find_double(hf_span block, hf_error *error)
{
    uint8_t seen[(UINT16_MAX + 1) / 8] = {0};
    struct rd r = rd_of(block);
    while (rd_left(&r) > 0) {
        const uint16_t code = rd_u16(&r);
        (void)rd_vec16(&r, 0, 0xffff);
        const uint8_t bit = (uint8_t)(1u << (code % 8));
        if ((seen[code / 8] & bit) != 0) {
            return stands_twice(code, error);
        }
        seen[code / 8] |= bit;
    }
    return HF_OK;
}

static hf_status misplaced(uint16_t code, hf_error *error)
{
    return err_raise(error, HF_E_MISPLACED_EXTENSION, "%s does not belong into this message",
                     iana_extension_name(code));
}

hf_status ext_check_placed(const struct ext_view *view, unsigned where, hf_error *error)
{
    for (int i = 0; i < EXT_COUNT; i++) {
        if ((view->present & EXT_BIT(i)) != 0 && (rows[i].where & where) == 0) {
            return misplaced(rows[i].code, error);
        }
    }
    return HF_OK;
}

hf_status ext_parse(hf_span block, unsigned where, hf_error *error, struct ext_view *out)
{
    uint16_t few[EXT_FEW] = {0};
    struct rd r = rd_of(block);
    *out = (struct ext_view){0};
    while (rd_left(&r) > 0) {
        uint16_t code = rd_u16(&r);
        hf_span body = rd_vec16(&r, 0, 0xffff);
        if (r.bad) {
            break;
        }
        out->last_code = code;
        int i = index_of(code);
        if (i < 0) {
            TRY(take_unknown(out, code, few, error));
            continue;
        }
        if ((out->present & EXT_BIT(i)) != 0) {
            return err_raise(error, HF_E_DUPLICATE_EXTENSION, "%s stands there twice",
                             iana_extension_name(code));
        }
        if ((rows[i].where & where) == 0) {
            return misplaced(code, error);
        }
        out->present |= EXT_BIT(i);
        out->body[i] = body;
    }
    if (!rd_done(&r)) {
        return err_raise(error, HF_E_DECODE, "the extensions' lengths do not add up");
    }
    return out->unknown_count > EXT_FEW ? find_double(block, error) : HF_OK;
}

hf_status ext_check_solicited(const struct ext_view *view, uint32_t asked, hf_error *error)
{
    for (int i = 0; i < EXT_COUNT; i++) {
        if ((view->present & ~asked & EXT_BIT(i)) != 0) {
            return err_raise(error, HF_E_UNSOLICITED_EXTENSION, "%s was not sent by this end",
                             iana_extension_name(rows[i].code));
        }
    }
    if (view->unknown_count > 0) {
        return err_raise(error, HF_E_UNSOLICITED_EXTENSION, "extension %u was not sent by this end",
                         (unsigned)view->first_unknown);
    }
    return HF_OK;
}

uint16_t ext_code_of(enum ext_index index)
{
    return rows[index].code;
}
