/* The names of the code points that handshakes speak of, as IANA's registries have them, for
 * display. */
#ifndef REPORT_NAMES_H
#define REPORT_NAMES_H

#include <handfast/types.h>

enum name_list {
    NAME_VERSION,
    NAME_SUITE,
    NAME_GROUP,
    NAME_SIGNATURE,
    NAME_EXTENSION,
    NAME_COMPRESSION
};

/* The name of a code point, "GREASE" for the values that RFC 8701 reserves, or "0x1234" written to
 * room. */
const char *name_of(enum name_list list, uint16_t code, char room[8]);

/* Whether RFC 8701 reserves the value. */
bool name_is_grease(uint16_t code);

#endif
