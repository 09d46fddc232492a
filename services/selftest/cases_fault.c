// services/selftest/cases_fault.c: a task that touches what is not its own ends with a reason, its
// caller and its supervisor hear of it, and all others go on.
#include <stddef.h>
#include <string.h>

#include "kernel/abi/layout.h"
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"

// Where the kernel maps its text and the start of RAM (kernel/arch/riscv64).
#define KERNEL_TEXT UINT64_C(0xffffffc080200000)
#define KERNEL_RAM UINT64_C(0xffffffc080000000)

// An address that no table can map (Sv39 wants bits 63..39 equal).
#define NON_CANONICAL UINT64_C(0x4000000000)

bool case_fault_kernel_memory(struct selftest *selftest) {
    return peer_faults(selftest, PROBE_READ, KERNEL_TEXT, EXIT_FAULT_READ, KERNEL_TEXT) &&
           peer_faults(selftest, PROBE_READ, KERNEL_RAM, EXIT_FAULT_READ, KERNEL_RAM) &&
           peer_faults(selftest, PROBE_WRITE, KERNEL_RAM, EXIT_FAULT_WRITE, KERNEL_RAM) &&
           peer_faults(selftest, PROBE_EXECUTE, KERNEL_TEXT, EXIT_FAULT_EXEC, KERNEL_TEXT) &&
           peer_faults(selftest, PROBE_READ, NON_CANONICAL, EXIT_FAULT_READ, NON_CANONICAL);
}

// The same address in two tasks is two memories.
static bool same_address_is_other_memory(struct selftest *selftest) {
    const uint64_t secret = UINT64_C(0x5ec4e75ec4e75ec4);
    struct message_page *page = selftest->runtime->page;
    memcpy(page->stats, &secret, sizeof(secret));
    struct peer peer;
    return peer_start(selftest, TASK_HART_ANY, &peer) &&
           peer_ask(selftest, &peer, PROBE_READ,
                    USER_MESSAGE_PAGE + offsetof(struct message_page, stats)) &&
           selftest_expect(selftest, "another task's view of a secret",
                           peer_reply_word(selftest, 0), 0) &&
           peer_end(selftest, &peer);
}

bool case_fault_other_memory(struct selftest *selftest) {
    // Mapped here, readable here, and not mapped in a probe, which is linked elsewhere.
    uint64_t own_code = (uint64_t)&case_fault_other_memory & ~UINT64_C(7);
    return peer_faults(selftest, PROBE_READ, own_code, EXIT_FAULT_READ, own_code) &&
           peer_faults(selftest, PROBE_WRITE, own_code, EXIT_FAULT_WRITE, own_code) &&
           peer_faults(selftest, PROBE_READ, USER_BOOT_IMAGE, EXIT_FAULT_READ, USER_BOOT_IMAGE) &&
           peer_faults(selftest, PROBE_READ, 0, EXIT_FAULT_READ, 0) &&
           same_address_is_other_memory(selftest);
}

bool case_fault_execute_data(struct selftest *selftest) {
    // The second word of the request holds two `ret` instructions: were it executable, the probe
    // would answer.
    const uint64_t returns = UINT64_C(0x8082808280828082);
    struct message_page *page = selftest->runtime->page;
    struct peer peer;
    struct peer_exit end = {.reason = EXIT_NONE};
    if (!peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    uint64_t address =
        USER_MESSAGE_PAGE + offsetof(struct message_page, request_in.payload) + sizeof(address);
    memcpy(page->call_out.payload, &address, sizeof(address));
    memcpy(page->call_out.payload + sizeof(address), &returns, sizeof(returns));
    struct call_result result = peer_call_bytes(
        selftest, &peer, PROBE_EXECUTE, sizeof(address) + sizeof(returns), selftest_patience());
    return selftest_expect_status(selftest, "a call whose receiver executes data", result.status,
                                  STATUS_PEER_CLOSED) &&
           peer_await_exit(selftest, &peer, &end) &&
           selftest_expect(selftest, "the exit reason", end.reason, EXIT_FAULT_EXEC) &&
           selftest_expect(selftest, "the fault's address", end.detail, address) &&
           peer_close(selftest, &peer);
}

bool case_fault_write_text(struct selftest *selftest) {
    struct peer peer;
    if (!peer_start(selftest, TASK_HART_ANY, &peer) ||
        !peer_ask(selftest, &peer, PROBE_TEXT_ADDRESS, 0)) {
        return false;
    }
    uint64_t address = peer_reply_word(selftest, 0);
    // It can be read: what follows is about writing.
    return peer_ask(selftest, &peer, PROBE_READ, address) && peer_end(selftest, &peer) &&
           peer_faults(selftest, PROBE_WRITE, address, EXIT_FAULT_WRITE, address);
}

bool case_fault_stack_guard(struct selftest *selftest) {
    uint64_t below = USER_STACK_TOP - USER_STACK_BYTES - sizeof(uint64_t);
    return peer_faults(selftest, PROBE_WRITE, below, EXIT_FAULT_WRITE, below) &&
           peer_faults(selftest, PROBE_WRITE, USER_STACK_TOP, EXIT_FAULT_WRITE, USER_STACK_TOP);
}

// The detail of these is the program counter, which only the probe knows: it must lie in the
// probe's image.
static bool peer_ends_at_instruction(struct selftest *selftest, uint16_t op) {
    struct peer peer;
    struct peer_exit end = {.reason = EXIT_NONE};
    if (!peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    struct call_result result = peer_call(selftest, &peer, op, 0);
    return selftest_expect_status(selftest, "a call whose receiver faults", result.status,
                                  STATUS_PEER_CLOSED) &&
           peer_await_exit(selftest, &peer, &end) &&
           selftest_expect(selftest, "the exit reason", end.reason, EXIT_FAULT_INSTRUCTION) &&
           selftest_expect(selftest, "a pc outside the image",
                           end.detail < USER_IMAGE_MIN || end.detail >= USER_IMAGE_MAX, false) &&
           peer_close(selftest, &peer);
}

bool case_fault_instruction(struct selftest *selftest) {
    return peer_ends_at_instruction(selftest, PROBE_ILLEGAL) &&
           peer_ends_at_instruction(selftest, PROBE_FLOAT);
}
