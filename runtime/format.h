// runtime/format.h: a bounded formatter for console lines: no heap, no locale, no state.
//
// Conversions: %s, %c, %u, %x, %#x (with 0x), %lu, %lx, %#lx (64 bits), %%. What does not fit is
//              cut off; a character that the console refuses (control or not
// ASCII) becomes '?'. Any other conversion ends the text with "%?".
// Ownership:  the caller's buffer; no final zero is written.
#pragma once

#include <stdarg.h>
#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

struct format_buffer {
    char *text;
    uint32_t capacity;
    uint32_t count;
};

void format_append(struct format_buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
void format_append_list(struct format_buffer *buffer, const char *format, va_list args)
    PRINTF_LIKE(2, 0);

#ifdef __cplusplus
}
#endif
