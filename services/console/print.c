// services/console/print.c: see print.h.
#include "services/console/print.h"

enum { DIGITS_MAX = 20 };  // Of 2^64 - 1.

static void begin(struct print *print) {
    print->at =
        (struct format_buffer){.text = print->text, .capacity = sizeof(print->text), .count = 0};
    format_append(&print->at, "  ");
}

void print_init(struct print *print, void (*line)(void *, const char *, uint32_t), void *context) {
    print->line = line;
    print->context = context;
    begin(print);
}

void print_add(struct print *print, const char *format, ...) {
    va_list args;
    va_start(args, format);
    format_append_list(&print->at, format, args);
    va_end(args);
}

static void blanks_until(struct print *print, uint32_t column) {
    while (print->at.count < column && print->at.count < print->at.capacity) {
        format_append(&print->at, " ");
    }
}

void print_column(struct print *print, uint32_t column) {
    print_add(print, " ");
    blanks_until(print, column);
}

static uint32_t digits_of(uint64_t value) {
    uint32_t digits = 1;
    for (; value >= 10 && digits < DIGITS_MAX; value /= 10) {
        digits++;
    }
    return digits;
}

static void blanks_before(struct print *print, uint32_t column, uint32_t width) {
    print_column(print, column > width ? column - width : 0);
}

void print_number(struct print *print, uint32_t column, uint64_t value) {
    blanks_before(print, column, digits_of(value));
    print_add(print, "%lu", (unsigned long)value);
}

void print_share(struct print *print, uint32_t column, uint64_t thousandths) {
    blanks_before(print, column, digits_of(thousandths / 10) + 2);
    print_add(print, "%lu.%lu", (unsigned long)(thousandths / 10),
              (unsigned long)(thousandths % 10));
}

void print_bytes(struct print *print, const uint8_t *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        print_add(print, "%c", bytes[i]);
    }
}

void print_end(struct print *print) {
    uint32_t bytes = print->at.count;
    while (bytes > 0 && print->text[bytes - 1] == ' ') {
        bytes--;
    }
    print->line(print->context, print->text, bytes);
    begin(print);
}

void print_line(struct print *print, const char *format, ...) {
    va_list args;
    va_start(args, format);
    format_append_list(&print->at, format, args);
    va_end(args);
    print_end(print);
}
