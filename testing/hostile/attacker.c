// testing/hostile/attacker.c: the hostile task: told what to do by its start argument, tells what
// it found by how it ends.
#include <string.h>

#include "kernel/abi/vmo.h"
#include "runtime/main.h"
#include "testing/hostile/acts.h"
#include "testing/hostile/arguments.h"
#include "testing/hostile/attempt.h"

// Where entry.S keeps x0..x31.
#define ENTRY_REGISTERS (USER_STACK_TOP - 256)

enum {
    STACK_WORDS_UNUSED = 512,
    REGISTER_COUNT = 32,
    X_SP = 2,
    X_A0 = 10,
};

static void report(enum hostile_finding finding, uint64_t number, uint32_t where, uint32_t value) {
    sys_task_exit(hostile_finding_pack(finding, number, where, value));
}

// Nothing of an earlier life, of the kernel or of others lies in what it was given.
static void check_memory(const struct message_page *page) {
    const uint64_t *words = (const uint64_t *)(const void *)page;
    for (uint32_t i = 0; i < sizeof(*page) / sizeof(*words); i++) {
        if (words[i] != 0) {
            report(HOSTILE_FOUND_START_MEMORY, 0, 1, i);
        }
    }
    words = (const uint64_t *)(USER_STACK_TOP - USER_STACK_BYTES);
    for (uint32_t i = 0; i < STACK_WORDS_UNUSED; i++) {
        if (words[i] != 0) {
            report(HOSTILE_FOUND_START_MEMORY, 0, 2, i);
        }
    }
}

// kernel/abi/layout.h: four registers say something, the rest is zero.
static void check_registers(const struct runtime *runtime) {
    const uint64_t *words = (const uint64_t *)ENTRY_REGISTERS;
    const uint64_t wanted[REGISTER_COUNT] = {
        [X_SP] = ENTRY_REGISTERS,
        [X_A0] = USER_MESSAGE_PAGE,
        [X_A0 + 1] = runtime->argument,
        [X_A0 + 2] = runtime->instance,
    };
    for (uint32_t i = 0; i < REGISTER_COUNT; i++) {
        if (words[i] != wanted[i]) {
            report(HOSTILE_FOUND_START_REGISTER, 0, i, (uint32_t)words[i]);
        }
    }
}

static void check(const struct attempt *attempt, uint64_t allowed) {
    struct attempt_verdict verdict = attempt_check(attempt);
    if (verdict.finding != 0) {
        report(verdict.finding, attempt->number, verdict.where, verdict.value);
    }
    bool may = attempt->number < SYSCALL_COUNT && ((allowed >> attempt->number) & 1) != 0;
    if (attempt_status(attempt) == STATUS_OK && !may) {
        report(HOSTILE_FOUND_SUCCESS, attempt->number, 0, (uint32_t)attempt->args[0]);
    }
}

// A mapping has no more rights than the capability that was given.
static void check_mapping(const struct attempt *attempt, const struct hostile_round *round) {
    uint64_t access = attempt->args[3] & VMO_MAP_ACCESS_MASK;
    if (round->source == HOSTILE_FROM_MEMORY && attempt->number == SYSCALL_VMO_MAP &&
        attempt_status(attempt) == STATUS_OK && (access & ~(uint64_t)round->rights) != 0) {
        report(HOSTILE_FOUND_SUCCESS, attempt->number, 3, (uint32_t)access);
    }
}

static void try_calls(struct runtime *runtime, struct hostile_order order) {
    const struct hostile_round *round = &hostile_rounds[order.round];
    struct arguments arguments = {.random = order.seed, .far = round->far};
    struct attempt attempt;
    for (uint32_t i = 0; i < order.tries; i++) {
        arguments.now_ns = sys_clock_get();
        arguments_scribble(&arguments, runtime->page);
        arguments_choose(&arguments, &attempt);
        attempt_call(&attempt);
        check(&attempt, HOSTILE_AMBIENT | round->allowed);
        check_mapping(&attempt, round);
    }
}

// The call is handed over, its receiver dies of what it does, and this task finds in its registers
// what the contract says.
static void call_the_victim(struct runtime *runtime) {
    struct attempt attempt = {.number = SYSCALL_IPC_CALL, .args = {HOSTILE_SLOT, UINT64_MAX}};
    memset(&runtime->page->call_out, 0, sizeof(runtime->page->call_out));
    attempt_call(&attempt);
    check(&attempt, 0);
    if (attempt_status(&attempt) != STATUS_PEER_CLOSED ||
        attempt_result(&attempt, 1) != DELIVERY_HANDED_OVER) {
        report(HOSTILE_FOUND_CALL, attempt.number, (uint32_t)attempt_result(&attempt, 1),
               (uint32_t)attempt_status(&attempt));
    }
}

static void wait_for_a_call(void) {
    struct attempt attempt = {.number = SYSCALL_IPC_RECV, .args = {HOSTILE_SLOT, UINT64_MAX}};
    attempt_call(&attempt);
    check(&attempt, HOSTILE_CALL(IPC_RECV));
    if (attempt_status(&attempt) != STATUS_OK || attempt_result(&attempt, 1) != RECEIVED_CALL) {
        report(HOSTILE_FOUND_CALL, attempt.number, (uint32_t)attempt_result(&attempt, 1),
               (uint32_t)attempt_status(&attempt));
    }
}

int service_main(struct runtime *runtime) {
    check_registers(runtime);
    check_memory(runtime->page);
    struct hostile_order order = hostile_order_unpack(runtime->argument);
    if (order.serves) {
        wait_for_a_call();
    } else if (hostile_rounds[order.round].source == HOSTILE_FROM_VICTIM) {
        call_the_victim(runtime);
    } else {
        try_calls(runtime, order);
    }
    act_do((enum hostile_act)order.act);
    report(HOSTILE_FOUND_ALIVE, 0, 0, order.act);
    return 1;
}
