// runtime/syscall.h: the system calls as C functions, the same on RISC-V and in simulation.
//
// They are inline and cost what the instruction costs. Results come in small structs that stay in
// registers. kernel/abi/syscall.def says what each does.
// Units:     nanoseconds since boot. A deadline is absolute; 0 means do not block.
// Ownership: a call with a frame reads call_out or reply_out of the caller's message page and
//            writes request_in or reply_in (kernel/abi/message.h).
// Blocking:  sys_ipc_call, sys_ipc_recv, sys_ipc_reply_recv and sys_ipc_send with a deadline;
//            sys_task_load takes long but does not wait.
// Errors:    enum status; other results mean something only where kernel/abi/syscall.h says so.
#pragma once

#include <stdbool.h>

#include "kernel/abi/qos.h"
#include "kernel/abi/status.h"
#include "kernel/abi/syscall.h"
#include "kernel/abi/task.h"
#include "runtime/ecall.h"
#include "runtime/types.h"

struct call_result {
    enum status status;
    enum delivery delivery;
};

struct recv_result {
    enum status status;
    enum received received;
    union {
        struct reply_handle reply;  // RECEIVED_CALL
        uint64_t kernel_bits;       // RECEIVED_NOTIFICATION: enum notify_bit.
    };
    uint64_t badge_bits;  // RECEIVED_NOTIFICATION
};

struct slot_result {
    enum status status;
    struct slot slot;
};

struct task_result {
    enum status status;
    struct slot slot;
    uint32_t instance;
};

struct query_result {
    enum status status;
    uint64_t kind_rights;  // cap_query_kind, cap_query_rights
    uint64_t value;        // Of a task: task_query_state and others.
    uint64_t detail;
};

struct load_result {
    enum status status;
    uint64_t reason;  // STATUS_BAD_IMAGE: enum elf_reject.
};

static ALWAYS_INLINE struct call_result syscall_delivery(struct ecall_result result) {
    struct call_result out = {.status = (enum status)result.a0,
                              .delivery = (enum delivery)result.a1};
    return out;
}

static ALWAYS_INLINE struct recv_result syscall_received(struct ecall_result result) {
    struct recv_result out = {.status = (enum status)result.a0,
                              .received = (enum received)result.a1,
                              .kernel_bits = result.a2,
                              .badge_bits = result.a3};
    return out;
}

static ALWAYS_INLINE struct slot_result syscall_slot(struct ecall_result result) {
    struct slot_result out = {.status = (enum status)result.a0, .slot = {.value = result.a1}};
    return out;
}

WARN_UNUSED static ALWAYS_INLINE struct call_result sys_ipc_call(struct slot endpoint,
                                                                 uint64_t deadline_ns) {
    return syscall_delivery(ecall_2(SYSCALL_IPC_CALL, endpoint.value, deadline_ns));
}

WARN_UNUSED static ALWAYS_INLINE struct recv_result sys_ipc_reply_recv(struct reply_handle reply,
                                                                       struct slot endpoint,
                                                                       uint64_t deadline_ns) {
    return syscall_received(
        ecall_3(SYSCALL_IPC_REPLY_RECV, reply.value, endpoint.value, deadline_ns));
}

WARN_UNUSED static ALWAYS_INLINE struct recv_result sys_ipc_recv(struct slot endpoint,
                                                                 uint64_t deadline_ns) {
    return syscall_received(ecall_2(SYSCALL_IPC_RECV, endpoint.value, deadline_ns));
}

WARN_UNUSED static ALWAYS_INLINE enum status sys_ipc_reply(struct reply_handle reply) {
    return (enum status)ecall_1(SYSCALL_IPC_REPLY, reply.value).a0;
}

WARN_UNUSED static ALWAYS_INLINE struct call_result sys_ipc_send(struct slot endpoint,
                                                                 uint64_t deadline_ns) {
    return syscall_delivery(ecall_2(SYSCALL_IPC_SEND, endpoint.value, deadline_ns));
}

WARN_UNUSED static ALWAYS_INLINE enum status sys_ipc_notify(struct slot endpoint) {
    return (enum status)ecall_1(SYSCALL_IPC_NOTIFY, endpoint.value).a0;
}

static ALWAYS_INLINE void sys_yield(void) {
    (void)ecall_0(SYSCALL_YIELD);
}

static ALWAYS_INLINE uint64_t sys_clock_get(void) {
    return ecall_0(SYSCALL_CLOCK_GET).a1;
}

WARN_UNUSED static ALWAYS_INLINE struct slot_result sys_endpoint_create(struct slot factory) {
    return syscall_slot(ecall_1(SYSCALL_ENDPOINT_CREATE, factory.value));
}

WARN_UNUSED static ALWAYS_INLINE enum status sys_endpoint_close(struct slot endpoint) {
    return (enum status)ecall_1(SYSCALL_ENDPOINT_CLOSE, endpoint.value).a0;
}

// Of an endpoint: `badge_or_id` is the badge. Of a factory: the one service_id.
WARN_UNUSED static ALWAYS_INLINE struct slot_result sys_cap_mint(struct slot from,
                                                                 uint64_t badge_or_id,
                                                                 uint32_t rights) {
    return syscall_slot(ecall_3(SYSCALL_CAP_MINT, from.value, badge_or_id, rights));
}

WARN_UNUSED static ALWAYS_INLINE struct slot_result sys_cap_clone(struct slot from,
                                                                  uint32_t rights) {
    return syscall_slot(ecall_2(SYSCALL_CAP_CLONE, from.value, rights));
}

WARN_UNUSED static ALWAYS_INLINE enum status sys_cap_close(struct slot slot) {
    return (enum status)ecall_1(SYSCALL_CAP_CLOSE, slot.value).a0;
}

// Gives up a held call: its caller gets PEER_CLOSED.
WARN_UNUSED static ALWAYS_INLINE enum status sys_reply_close(struct reply_handle reply) {
    return (enum status)ecall_1(SYSCALL_CAP_CLOSE, reply.value).a0;
}

WARN_UNUSED static ALWAYS_INLINE struct query_result sys_cap_query_raw(uint64_t slot_or_handle) {
    struct ecall_result result = ecall_1(SYSCALL_CAP_QUERY, slot_or_handle);
    struct query_result out = {.status = (enum status)result.a0,
                               .kind_rights = result.a1,
                               .value = result.a2,
                               .detail = result.a3};
    return out;
}

WARN_UNUSED static ALWAYS_INLINE struct query_result sys_cap_query(struct slot slot) {
    return sys_cap_query_raw(slot.value);
}

WARN_UNUSED static ALWAYS_INLINE struct query_result sys_reply_query(struct reply_handle reply) {
    return sys_cap_query_raw(reply.value);
}

WARN_UNUSED static ALWAYS_INLINE enum status sys_task_grant(struct slot task,
                                                            struct slot capability,
                                                            uint32_t destination, uint32_t rights) {
    return (enum status)ecall_4(SYSCALL_TASK_GRANT, task.value, capability.value, destination,
                                rights)
        .a0;
}

WARN_UNUSED static ALWAYS_INLINE struct load_result sys_task_load(struct slot task,
                                                                  struct slot image,
                                                                  uint64_t offset, uint64_t bytes) {
    struct ecall_result result = ecall_4(SYSCALL_TASK_LOAD, task.value, image.value, offset, bytes);
    struct load_result out = {.status = (enum status)result.a0, .reason = result.a1};
    return out;
}

// The new task's highest class; at most the caller's own.
WARN_UNUSED static ALWAYS_INLINE struct task_result sys_task_create_up_to(struct slot factory,
                                                                          uint64_t service_id,
                                                                          enum qos ceiling) {
    struct ecall_result result = ecall_3(SYSCALL_TASK_CREATE, factory.value, service_id, ceiling);
    struct task_result out = {.status = (enum status)result.a0,
                              .slot = {.value = result.a1},
                              .instance = (uint32_t)result.a2};
    return out;
}

WARN_UNUSED static ALWAYS_INLINE struct task_result sys_task_create(struct slot factory,
                                                                    uint64_t service_id) {
    return sys_task_create_up_to(factory, service_id, QOS_DEFAULT);
}

WARN_UNUSED static ALWAYS_INLINE enum status sys_set_qos(struct slot task, enum qos qos) {
    return (enum status)ecall_2(SYSCALL_SET_QOS, task.value, qos).a0;
}

// `hart` is an index or TASK_HART_ANY.
WARN_UNUSED static ALWAYS_INLINE enum status sys_task_start(struct slot task, uint64_t argument,
                                                            uint64_t hart) {
    return (enum status)ecall_3(SYSCALL_TASK_START, task.value, argument, hart).a0;
}

WARN_UNUSED static ALWAYS_INLINE enum status sys_task_kill(struct slot task) {
    return (enum status)ecall_1(SYSCALL_TASK_KILL, task.value).a0;
}

static ALWAYS_INLINE void sys_task_exit(uint64_t code) {
    (void)ecall_1(SYSCALL_TASK_EXIT, code);
}

// Prints the first `bytes` of the message page's console line.
WARN_UNUSED static ALWAYS_INLINE enum status sys_console_write(struct slot console,
                                                               uint64_t bytes) {
    return (enum status)ecall_2(SYSCALL_CONSOLE_WRITE, console.value, bytes).a0;
}
