/* The page around its recordings; made by script/page when the program is built. */
#ifndef WEB_TEMPLATE_H
#define WEB_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t web_before[], web_behind[];
extern const size_t web_before_len, web_behind_len;

#endif
