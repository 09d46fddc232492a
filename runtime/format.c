// runtime/format.c: see format.h.
#include "runtime/format.h"

#include <stdbool.h>

enum { DIGITS_MAX = 20 };  // Of 2^64 - 1.

struct conversion {
    bool prefixed;
    bool is_long;
    char letter;
};

static void put_char(struct format_buffer *buffer, char character) {
    if (buffer->count < buffer->capacity) {
        buffer->text[buffer->count] = character >= ' ' && character <= '~' ? character : '?';
        buffer->count++;
    }
}

static void put_text(struct format_buffer *buffer, const char *text) {
    for (; *text != 0 && buffer->count < buffer->capacity; text++) {
        put_char(buffer, *text);
    }
}

static void put_number(struct format_buffer *buffer, uint64_t value, uint32_t radix) {
    char digits[DIGITS_MAX];
    uint32_t count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % radix];
        value /= radix;
    } while (value != 0);
    while (count > 0) {
        put_char(buffer, digits[--count]);
    }
}

// `format` points behind the '%'. Returns the last character of the conversion.
static const char *parse_conversion(const char *format, struct conversion *out) {
    out->prefixed = *format == '#';
    format += out->prefixed;
    out->is_long = *format == 'l';
    format += out->is_long;
    out->letter = *format;
    return format;
}

void format_append_list(struct format_buffer *buffer, const char *format, va_list args) {
    for (; *format != 0; format++) {
        if (*format != '%') {
            put_char(buffer, *format);
            continue;
        }
        struct conversion conversion;
        format = parse_conversion(format + 1, &conversion);
        switch (conversion.letter) {
            case '%':
                put_char(buffer, '%');
                break;
            case 's':
                put_text(buffer, va_arg(args, const char *));
                break;
            case 'c':
                put_char(buffer, (char)va_arg(args, int));
                break;
            case 'u':
            case 'x':
                put_text(buffer, conversion.prefixed ? "0x" : "");
                put_number(
                    buffer,
                    conversion.is_long ? va_arg(args, unsigned long) : va_arg(args, unsigned),
                    conversion.letter == 'u' ? 10 : 16);
                break;
            default:
                put_text(buffer, "%?");
                return;
        }
    }
}

void format_append(struct format_buffer *buffer, const char *format, ...) {
    va_list args;
    va_start(args, format);
    format_append_list(buffer, format, args);
    va_end(args);
}
