// testing/kernel_selftest/cases_memory.c: what the page tables and traps of the real architecture
// hold. selftest's cases_fault.c has the kernel's memory, text, data and the stack's guard.
#include "kernel/abi/layout.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"
#include "testing/kernel_selftest/cases.h"

// The address that a probe names; it is the same in every probe.
static bool ask_address(struct selftest *selftest, uint16_t op, uint64_t *address) {
    struct peer peer;
    if (!peer_start(selftest, TASK_HART_ANY, &peer) || !peer_ask(selftest, &peer, op, 0)) {
        return false;
    }
    *address = peer_reply_word(selftest, 0);
    return peer_ask(selftest, &peer, PROBE_READ, *address) && peer_end(selftest, &peer);
}

bool case_memory_constants(struct selftest *selftest) {
    uint64_t address = 0;
    return ask_address(selftest, PROBE_CONSTANT_ADDRESS, &address) &&
           peer_faults(selftest, PROBE_WRITE, address, EXIT_FAULT_WRITE, address) &&
           peer_faults(selftest, PROBE_EXECUTE, address, EXIT_FAULT_EXEC, address);
}

bool case_memory_stack(struct selftest *selftest) {
    const uint64_t inside = USER_STACK_TOP - 64;
    const uint64_t below = USER_STACK_TOP - USER_STACK_BYTES - sizeof(uint64_t);
    return peer_faults(selftest, PROBE_EXECUTE, inside, EXIT_FAULT_EXEC, inside) &&
           peer_faults(selftest, PROBE_READ, below, EXIT_FAULT_READ, below) &&
           peer_faults(selftest, PROBE_READ, USER_STACK_TOP, EXIT_FAULT_READ, USER_STACK_TOP);
}

bool case_memory_boot_image(struct selftest *selftest) {
    // Mapped for those who hold it: to read, and for nothing else.
    const struct peer_grant image = {slot_at(SELFTEST_SLOT_IMAGE), PROBE_SLOT_FORWARD, RIGHT_READ};
    const struct peer_exit write = {EXIT_FAULT_WRITE, USER_BOOT_IMAGE};
    const struct peer_exit execute = {EXIT_FAULT_EXEC, USER_BOOT_IMAGE};
    // The last page is a secret, which the right to read does not show.
    const struct peer_grant all = {slot_at(SELFTEST_SLOT_IMAGE), PROBE_SLOT_FORWARD, RIGHTS_IMAGE};
    const uint64_t behind = USER_BOOT_IMAGE + selftest->image->bytes;
    const uint64_t secret = behind - BOOT_IMAGE_ALIGN;
    const struct peer_exit read_secret = {EXIT_FAULT_READ, secret};
    const struct peer_exit read_behind = {EXIT_FAULT_READ, behind};
    struct peer peer;
    return peer_start_with(selftest, TASK_HART_ANY, &image, &peer) &&
           peer_ask(selftest, &peer, PROBE_READ, USER_BOOT_IMAGE) &&
           selftest_expect(selftest, "the boot image's first word", peer_reply_word(selftest, 0),
                           BOOT_IMAGE_MAGIC) &&
           peer_end(selftest, &peer) &&
           peer_faults_with(selftest, &image, PROBE_WRITE, USER_BOOT_IMAGE, write) &&
           peer_faults_with(selftest, &image, PROBE_EXECUTE, USER_BOOT_IMAGE, execute) &&
           selftest_expect(selftest, "secret pages", selftest->image->secret_pages, 1) &&
           peer_faults_with(selftest, &image, PROBE_READ, secret, read_secret) &&
           peer_start_with(selftest, TASK_HART_ANY, &all, &peer) &&
           peer_ask(selftest, &peer, PROBE_READ, secret) && peer_end(selftest, &peer) &&
           peer_faults_with(selftest, &all, PROBE_READ, behind, read_behind);
}

bool case_memory_devices(struct selftest *selftest) {
    // Physical addresses of QEMU's machine: test device, timer, interrupt controller, UART, RAM.
    static const uint64_t devices[] = {0x100000,   0x2000000,  0xc000000,
                                       0x10000000, 0x10001000, UINT64_C(0x80000000)};
    for (uint32_t i = 0; i < ARRAY_LEN(devices); i++) {
        if (!peer_faults(selftest, PROBE_READ, devices[i], EXIT_FAULT_READ, devices[i]) ||
            !peer_faults(selftest, PROBE_WRITE, devices[i], EXIT_FAULT_WRITE, devices[i])) {
            return false;
        }
    }
    return true;
}

bool case_trap_misaligned(struct selftest *selftest) {
    const uint64_t address = USER_MESSAGE_PAGE + sizeof(struct message_page) - 32;
    struct peer peer;
    return peer_start(selftest, TASK_HART_ANY, &peer) &&
           peer_ask(selftest, &peer, PROBE_ATOMIC, address) && peer_end(selftest, &peer) &&
           peer_faults(selftest, PROBE_ATOMIC, address + 1, EXIT_FAULT_ALIGN, address + 1);
}

bool case_trap_break(struct selftest *selftest) {
    struct peer peer;
    struct peer_exit end = {.reason = EXIT_NONE};
    if (!peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    struct call_result result = peer_call(selftest, &peer, PROBE_BREAK, 0);
    return selftest_expect_status(selftest, "a call whose receiver's assertion fails",
                                  result.status, STATUS_PEER_CLOSED) &&
           peer_await_exit(selftest, &peer, &end) &&
           selftest_expect(selftest, "the exit reason", end.reason, EXIT_FAULT_BREAK) &&
           selftest_expect(selftest, "a pc outside the image",
                           end.detail < USER_IMAGE_MIN || end.detail >= USER_IMAGE_MAX, false) &&
           peer_close(selftest, &peer);
}
