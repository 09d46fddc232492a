// runtime/runtime.c: console lines and the check of a program's slots.
#include "runtime/runtime.h"

#include <stdarg.h>

#include "runtime/format.h"

void runtime_init(struct runtime *runtime, struct message_page *page, uint64_t argument,
                  uint32_t instance) {
    struct query_result console = sys_cap_query(slot_at(SLOT_CONSOLE));
    runtime->page = page;
    runtime->argument = argument;
    runtime->instance = instance;
    runtime->marker_right = console.status == STATUS_OK &&
                            cap_query_kind(console.kind_rights) == CAP_CONSOLE &&
                            (cap_query_rights(console.kind_rights) & RIGHT_MARKER) != 0;
}

// Without the right the kernel adds a prefix, which counts.
static uint32_t line_capacity(const struct runtime *runtime) {
    return runtime->marker_right ? CONSOLE_LINE_MAX : CONSOLE_LINE_MAX - 2;
}

static void line_write(uint32_t bytes) {
    status_ignore(sys_console_write(slot_at(SLOT_CONSOLE), bytes),
                  "there is no other place to report it");
}

void marker(const struct runtime *runtime, const char *format, ...) {
    struct format_buffer line = {.text = runtime->page->console,
                                 .capacity = line_capacity(runtime)};
    va_list args;
    va_start(args, format);
    format_append_list(&line, format, args);
    va_end(args);
    line_write(line.count);
}

void marker_text(const struct runtime *runtime, const char *text) {
    marker(runtime, "%s", text);
}

void log_line(const struct runtime *runtime, const char *format, ...) {
    struct format_buffer line = {.text = runtime->page->console,
                                 .capacity = line_capacity(runtime)};
    if (runtime->marker_right) {  // The kernel does it for the others.
        format_append(&line, "| ");
    }
    va_list args;
    va_start(args, format);
    format_append_list(&line, format, args);
    va_end(args);
    line_write(line.count);
}

bool runtime_expect(const struct runtime *runtime, struct slot slot, enum cap_kind kind,
                    uint32_t rights, const char *what) {
    struct query_result found = sys_cap_query(slot);
    enum cap_kind found_kind =
        found.status == STATUS_OK ? cap_query_kind(found.kind_rights) : CAP_NONE;
    uint32_t found_rights = found.status == STATUS_OK ? cap_query_rights(found.kind_rights) : 0;
    if (found_kind == kind && (found_rights & rights) == rights) {
        return true;
    }
    log_line(runtime,
             "slot %lu should be %s: kind %u with rights %#x, found kind %u with rights %#x",
             slot.value, what, (unsigned)kind, rights, (unsigned)found_kind, found_rights);
    return false;
}
