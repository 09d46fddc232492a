// services/selftest/listener/listener.c: takes a line from the console's receiver: notified of each
// interrupt, reads what there is, acknowledges.
#include <string.h>

#include "images/markers.h"
#include "ipc/ready.h"
#include "runtime/main.h"

enum {
    IRQ_BIT = 3,
    LINE_MAX = 128,
};

// Longer than any test; a line that does not come ends the program with a failure.
#define PATIENCE_NS UINT64_C(20000000000)

struct listener {
    struct runtime *runtime;
    uint32_t interrupts;
    uint32_t count;
    char line[LINE_MAX + 1];
};

// Reads until the receiver is empty. False once the line is whole, or too long.
static bool read_all(struct listener *listener) {
    struct slot console = slot_at(SLOT_CONSOLE);
    struct input_result got = sys_console_read(console);
    for (; got.status == STATUS_OK && got.count != 0; got = sys_console_read(console)) {
        for (uint32_t i = 0; i < got.count; i++) {
            char byte = (char)(got.bytes >> (8 * i));
            if (byte == '\n' || listener->count == LINE_MAX) {
                return false;
            }
            listener->line[listener->count++] = byte;
        }
    }
    return got.status == STATUS_OK;
}

static bool listen(struct listener *listener) {
    bool more = true;
    while (more) {  // Until the line ends, or none comes any more.
        struct recv_result event =
            sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + PATIENCE_NS);
        if (event.status != STATUS_OK || event.badge_bits != UINT64_C(1) << IRQ_BIT) {
            log_line(listener->runtime, "listener: no input: %s", status_name(event.status));
            return false;
        }
        more = read_all(listener);
        listener->interrupts += (uint32_t)sys_irq_ack(slot_at(SLOT_CONSOLE)).count;
    }
    return true;
}

int service_main(struct runtime *runtime) {
    struct listener listener = {.runtime = runtime};
    if (!runtime_expect(runtime, slot_at(SLOT_CONSOLE), CAP_CONSOLE, RIGHTS_CONSOLE,
                        "the console") ||
        sys_irq_bind(slot_at(SLOT_CONSOLE), slot_at(SLOT_ENDPOINT), IRQ_BIT) != STATUS_OK) {
        return 1;
    }
    marker_text(runtime, MARKER_LISTENER_READY);
    if (ipc_ready(runtime) != STATUS_OK || !listen(&listener)) {
        return 1;
    }
    log_line(runtime, "listener: '%s' by %u interrupts", listener.line, listener.interrupts);
    if (strcmp(listener.line, "the quick brown fox jumps over the lazy dog") != 0) {
        return 1;
    }
    marker_text(runtime, MARKER_LISTENER_LINE);
    return 0;
}
