// services/console/print.h: lines of a table, put together column by column. Each line begins with
// two blanks, so that none looks like a marker, whatever text of others it holds.
// Units:     columns, from 0.
// Ownership: the caller owns the struct; `line` gets text that is valid during the call.
// Blocking:  as `line` does.
// Errors:    what does not fit in a console line is cut off.
#pragma once

#include "kernel/abi/message.h"
#include "runtime/format.h"

#ifdef __cplusplus
extern "C" {
#endif

struct print {
    void (*line)(void *context, const char *text, uint32_t bytes);
    void *context;
    struct format_buffer at;
    char text[CONSOLE_LINE_MAX];
};

void print_init(struct print *print, void (*line)(void *, const char *, uint32_t), void *context);

// Adds to the line.
void print_add(struct print *print, const char *format, ...) PRINTF_LIKE(2, 3);

// Goes on at that column, or one blank further if the line is there already.
void print_column(struct print *print, uint32_t column);

// A number that ends before that column, if there is room for it.
void print_number(struct print *print, uint32_t column, uint64_t value);

// Thousandths as a number with one digit behind the point, ending before that column.
void print_share(struct print *print, uint32_t column, uint64_t thousandths);

// Bytes of somebody else: what is not printable becomes '?'.
void print_bytes(struct print *print, const uint8_t *bytes, uint32_t count);

// Gives the line out, without blanks at its end, and begins the next.
void print_end(struct print *print);

// A whole line.
void print_line(struct print *print, const char *format, ...) PRINTF_LIKE(2, 3);

#ifdef __cplusplus
}
#endif
