// runtime/riscv64/start.c: from the first instruction to service_main; the ABI note; failed
// assertions.
#include <assert.h>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/layout.h"
#include "runtime/main.h"
#include "runtime/riscv64/start.h"

// The kernel refuses a program whose note is missing or of another version.
struct abi_note {
    uint32_t name_bytes;
    uint32_t value_bytes;
    uint32_t type;
    char name[sizeof(ABI_NOTE_NAME)];
    uint32_t version;
};
BASE_STATIC_ASSERT(sizeof(ABI_NOTE_NAME) == 8,
                   "an ELF note's name is padded to words, and this one needs none");
BASE_STATIC_ASSERT(sizeof(struct abi_note) == 24, "no padding");

__attribute__((section(".note.tessera"), aligned(4),
               used)) static const struct abi_note abi_note = {
    .name_bytes = sizeof(ABI_NOTE_NAME),
    .value_bytes = sizeof(uint32_t),
    .type = ABI_NOTE_TYPE,
    .name = ABI_NOTE_NAME,
    .version = ABI_VERSION,
};

void runtime_start(struct message_page *page, uint64_t argument, uint32_t instance) {
    struct runtime runtime;
    runtime_init(&runtime, page, argument, instance);
    int code = service_main(&runtime);
    sys_task_exit((uint64_t)(uint32_t)code);
}

// What picolibc's assert() calls. A failed assertion ends the task: its supervisor hears "break"
// and the address.
void __assert_func(const char *file, int line, const char *function, const char *expression) {
    struct runtime runtime;
    runtime_init(&runtime, (struct message_page *)USER_MESSAGE_PAGE, 0, 0);
    log_line(&runtime, "%s:%u: %s: assertion %s", file, (unsigned)line, function, expression);
    runtime_break();
}
