// kernel/core/print.c: the kernel's own lines: a bounded formatter, one line at a time.
#include <stdarg.h>
#include <stdbool.h>

#include "kernel/core/kernel.h"
#include "kernel/core/panic.h"

struct line {
    char text[CONSOLE_LINE_MAX + 1];  // With the line feed.
    uint32_t count;
};

static void line_char(struct line *line, char character) {
    if (line->count < CONSOLE_LINE_MAX) {
        line->text[line->count++] = character;
    }
}

// Up to the end of the text or a character that stops it: where that is.
static const char *line_run(struct line *line, const char *text, char stop) {
    size_t count = line->count;
    for (; *text != 0 && *text != stop; text++) {
        if (count < CONSOLE_LINE_MAX) {
            line->text[count++] = *text;
        }
    }
    line->count = (uint32_t)count;
    return text;
}

static void line_text(struct line *line, const char *text) {
    const char *end = line_run(line, text, 0);
    (void)end;
}

static void line_number(struct line *line, uint64_t value, uint32_t radix) {
    char digits[20];
    uint32_t count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % radix];
        value /= radix;
    } while (value != 0);
    while (count > 0) {
        line_char(line, digits[--count]);
    }
}

// One conversion; `format` points behind the '%'. Returns where the format goes on.
static const char *line_conversion(struct line *line, const char *format, va_list *args) {
    bool prefixed = *format == '#';
    format += prefixed;
    bool is_long = *format == 'l';
    format += is_long;
    if (*format == 's') {
        line_text(line, va_arg(*args, const char *));
    } else if (*format == 'c') {
        line_char(line, (char)va_arg(*args, int));
    } else if (*format == 'u' || *format == 'x') {
        uint64_t value = is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned);
        line_text(line, prefixed ? "0x" : "");
        line_number(line, value, *format == 'u' ? 10 : 16);
    } else {
        line_char(line, *format);
    }
    return *format == 0 ? format : format + 1;
}

static void line_format(struct line *line, const char *format, va_list *args) {
    for (format = line_run(line, format, '%'); *format != 0; format = line_run(line, format, '%')) {
        format = line_conversion(line, format + 1, args);
    }
}

void kernel_print(struct kernel *kernel, struct hart *hart, const char *format, ...) {
    struct line line;
    line.count = 0;
    va_list args;
    va_start(args, format);
    line_format(&line, format, &args);
    va_end(args);
    line.text[line.count++] = '\n';
    lock_acquire(&hart->locks, &kernel->console_lock);
    if (arch_console_open()) {
        arch_console_write("\n", 1);
    }
    arch_console_write(line.text, line.count);
    lock_release(&hart->locks, &kernel->console_lock);
}

// Takes no lock: the holder may be the one that panics.
void kernel_panic(const char *format, ...) {
    struct line line;
    line.count = 0;
    line_text(&line, "kernel: PANIC ");
    va_list args;
    va_start(args, format);
    line_format(&line, format, &args);
    va_end(args);
    line.text[line.count++] = '\n';
    if (arch_console_open()) {
        arch_console_write("\n", 1);
    }
    arch_console_write(line.text, line.count);
    arch_panic_stop();
}
