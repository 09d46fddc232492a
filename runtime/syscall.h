// runtime/syscall.h: the system calls as C functions, the same on RISC-V and in simulation.
//
// They are inline and cost what the instruction costs. Results come in small structs that stay in
// registers. kernel/abi/syscall.def says what each does.
// Units:     nanoseconds since boot. A deadline is absolute; 0 means do not block.
// Ownership: a call with a frame reads call_out or reply_out of the caller's message page and
//            writes request_in or reply_in (kernel/abi/message.h).
// Blocking:  sys_ipc_call, sys_ipc_recv, sys_ipc_reply_recv and sys_ipc_send with a deadline;
//            sys_task_load, sys_vmo_create, sys_vmo_map, sys_vmo_unmap and sys_cap_close of a VMO
//            may take long but do not wait.
// Errors:    enum status; other results mean something only where kernel/abi/syscall.h says so.
#pragma once

#include <stdbool.h>

#include "kernel/abi/stats.h"
#include "kernel/abi/status.h"
#include "kernel/abi/syscall.h"
#include "kernel/abi/task.h"
#include "kernel/abi/vmo.h"
#include "runtime/ecall.h"
#include "runtime/types.h"

struct call_result {
    enum status status;
    enum delivery delivery;
};

// Status and kind are words apart: side by side a compiler compares them in memory.
struct recv_result {
    enum status status;
    union {
        struct reply_handle reply;  // RECEIVED_CALL
        uint64_t kernel_bits;       // RECEIVED_NOTIFICATION: enum notify_bit.
        struct sequence sequence;   // RECEIVED_REPLY: which request is over.
    };
    enum received received;
    union {
        uint64_t badge_bits;  // RECEIVED_NOTIFICATION
        uint64_t outcome;     // RECEIVED_REPLY: async_outcome_status, async_outcome_delivery.
    };
};

struct request_result {
    enum status status;
    enum delivery delivery;
    struct sequence sequence;  // What its answer will come with.
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
    uint64_t value;        // Of a task: task_query_state and others. Of a VMO: its pages.
    uint64_t detail;       // Of a VMO: VMO_QUERY_SEALED.
};

struct map_result {
    enum status status;
    uint64_t window;  // Addresses; the arena's is 0 if there is none to map.
    uint64_t arena;
};

struct ack_result {
    enum status status;
    uint64_t count;  // Interrupts since the last one.
};

struct input_result {
    enum status status;
    uint32_t count;
    uint64_t bytes;  // The first is the lowest.
};

struct load_result {
    enum status status;
    uint64_t reason;  // STATUS_BAD_IMAGE: enum elf_reject.
};

struct vmo_map_result {
    enum status status;
    uint64_t address;
};

static ALWAYS_INLINE struct call_result syscall_delivery(struct ecall_result result) {
    struct call_result out = {.status = (enum status)result.a0,
                              .delivery = (enum delivery)result.a1};
    return out;
}

static ALWAYS_INLINE struct recv_result syscall_received(struct ecall_result result) {
    struct recv_result out = {.status = (enum status)result.a0,
                              .kernel_bits = result.a2,
                              .received = (enum received)result.a1,
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
    return syscall_received(ecall_3(SYSCALL_IPC_RECV, endpoint.value, deadline_ns, 0));
}

// The same, but if the next frame carries a capability, that is closed: what to do after
// STATUS_NO_SPACE.
WARN_UNUSED static ALWAYS_INLINE struct recv_result sys_ipc_recv_drop_cap(struct slot endpoint,
                                                                          uint64_t deadline_ns) {
    return syscall_received(ecall_3(SYSCALL_IPC_RECV, endpoint.value, deadline_ns, RECV_DROP_CAP));
}

WARN_UNUSED static ALWAYS_INLINE enum status sys_ipc_reply(struct reply_handle reply) {
    return (enum status)ecall_1(SYSCALL_IPC_REPLY, reply.value).a0;
}

WARN_UNUSED static ALWAYS_INLINE struct call_result sys_ipc_send(struct slot endpoint,
                                                                 uint64_t deadline_ns) {
    return syscall_delivery(ecall_2(SYSCALL_IPC_SEND, endpoint.value, deadline_ns));
}

// An asynchronous request: FRAME_WANT_REPLY is set in call_out. Its answer comes to `own`, an
// endpoint of which the caller holds RECV, as RECEIVED_REPLY. Never waits: STATUS_WOULD_BLOCK when
// MAX_ASYNC requests are under way, or what the endpoint stores of one sender is.
WARN_UNUSED static ALWAYS_INLINE struct request_result sys_ipc_request(struct slot endpoint,
                                                                       struct slot own) {
    struct ecall_result result = ecall_3(SYSCALL_IPC_SEND, endpoint.value, 0, own.value);
    struct request_result out = {.status = (enum status)result.a0,
                                 .delivery = (enum delivery)result.a1,
                                 .sequence = {.value = result.a2}};
    return out;
}

// The caller no longer wants the answer to its asynchronous request: from here on it does not come.
// Errors: STATUS_BAD_CAP: the request is over.
WARN_UNUSED static ALWAYS_INLINE enum status sys_request_cancel(struct sequence sequence) {
    return (enum status)ecall_1(SYSCALL_CAP_CLOSE, sequence.value).a0;
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
    return syscall_slot(ecall_2(SYSCALL_ENDPOINT_CREATE, factory.value, 0));
}

// An endpoint to which capabilities may be sent (FRAME_CAP_MOVE). Without a free slot its receiver
// gets STATUS_NO_SPACE, and the frame waits.
WARN_UNUSED static ALWAYS_INLINE struct slot_result sys_endpoint_create_accepting(
    struct slot factory) {
    return syscall_slot(ecall_2(SYSCALL_ENDPOINT_CREATE, factory.value, ENDPOINT_ACCEPT_CAPS));
}

WARN_UNUSED static ALWAYS_INLINE enum status sys_endpoint_close(struct slot endpoint) {
    return (enum status)ecall_1(SYSCALL_ENDPOINT_CLOSE, endpoint.value).a0;
}

// One-shot: NOTIFY_TIMER comes to the endpoint at `at_ns` or soon after, once; another call
// replaces it, 0 stops it. `endpoint` needs RECV. `count`: how often it has expired so far.
struct timer_result {
    enum status status;
    uint64_t count;
};

WARN_UNUSED static ALWAYS_INLINE struct timer_result sys_timer_set(struct slot endpoint,
                                                                   uint64_t at_ns) {
    struct ecall_result result = ecall_2(SYSCALL_TIMER_SET, endpoint.value, at_ns);
    struct timer_result out = {.status = (enum status)result.a0, .count = result.a1};
    return out;
}

// Of an endpoint: `badge_or_id` is the badge. Of a factory: the one service_id.
WARN_UNUSED static ALWAYS_INLINE struct slot_result sys_cap_mint(struct slot from,
                                                                 uint64_t badge_or_id,
                                                                 uint32_t rights) {
    return syscall_slot(ecall_4(SYSCALL_CAP_MINT, from.value, badge_or_id, rights, CAP_SLOT_NONE));
}

// A badged endpoint capability of the grant's family: good until grant_revoke. Errors:
// STATUS_REVOKED when `grant` is of a family that was revoked already.
WARN_UNUSED static ALWAYS_INLINE struct slot_result sys_cap_mint_under(struct slot from,
                                                                       uint64_t badge,
                                                                       uint32_t rights,
                                                                       struct slot grant) {
    return syscall_slot(ecall_4(SYSCALL_CAP_MINT, from.value, badge, rights, grant.value));
}

// A new family. The factory needs RIGHT_MAKE_GRANT; the result has MINT_UNDER, which may be cloned,
// and REVOKE, which may not.
WARN_UNUSED static ALWAYS_INLINE struct slot_result sys_grant_create(struct slot factory) {
    return syscall_slot(ecall_1(SYSCALL_GRANT_CREATE, factory.value));
}

// Revokes every capability of the family, clones of the grant included. Waits, a bounded time,
// until nothing more is served through them. `grant` itself goes on with a new family.
WARN_UNUSED static ALWAYS_INLINE enum status sys_grant_revoke(struct slot grant) {
    return (enum status)ecall_1(SYSCALL_GRANT_REVOKE, grant.value).a0;
}

WARN_UNUSED static ALWAYS_INLINE struct slot_result sys_cap_clone(struct slot from,
                                                                  uint32_t rights) {
    return syscall_slot(ecall_2(SYSCALL_CAP_CLONE, from.value, rights));
}

WARN_UNUSED static ALWAYS_INLINE enum status sys_cap_close(struct slot slot) {
    return (enum status)ecall_1(SYSCALL_CAP_CLOSE, slot.value).a0;
}

// Closes what is there, if anything is; nothing for CAP_SLOT_NONE.
static inline void slot_release(struct slot slot) {
    if (slot.value != CAP_SLOT_NONE) {
        status_ignore(sys_cap_close(slot), "a slot that is free already is as good");
    }
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

// What a new task may hold, be and use (kernel/abi/task.h).
struct task_plan {
    struct task_limits limits;
    enum qos ceiling;
    struct task_shares shares;
};

// What it may hold comes out of what the caller may hold. Its class is the ceiling at first.
WARN_UNUSED static ALWAYS_INLINE struct task_result sys_task_create_as(struct slot factory,
                                                                       uint64_t service_id,
                                                                       struct task_plan plan) {
    struct ecall_result result =
        ecall_4(SYSCALL_TASK_CREATE, factory.value, service_id,
                task_limits_pack(plan.limits) | task_ceiling_pack(plan.ceiling),
                task_shares_pack(plan.shares));
    struct task_result out = {.status = (enum status)result.a0,
                              .slot = {.value = result.a1},
                              .instance = (uint32_t)result.a2};
    return out;
}

// The same for one that is not bounded in what it uses.
WARN_UNUSED static ALWAYS_INLINE struct task_result sys_task_create_up_to(struct slot factory,
                                                                          uint64_t service_id,
                                                                          struct task_limits limits,
                                                                          enum qos ceiling) {
    struct task_plan plan = {limits, ceiling, {0, 0}};
    return sys_task_create_as(factory, service_id, plan);
}

// The same with the class that a task has if nobody says otherwise.
WARN_UNUSED static ALWAYS_INLINE struct task_result sys_task_create_limited(
    struct slot factory, uint64_t service_id, struct task_limits limits) {
    return sys_task_create_up_to(factory, service_id, limits, QOS_DEFAULT);
}

// The same for a small program that makes nothing.
WARN_UNUSED static ALWAYS_INLINE struct task_result sys_task_create(struct slot factory,
                                                                    uint64_t service_id) {
    struct task_limits limits = {.pages = 32, .tasks = 0, .endpoints = 0, .vmos = 0, .slots = 63};
    return sys_task_create_limited(factory, service_id, limits);
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

// `hart` is an index or TASK_HART_ANY.
WARN_UNUSED static ALWAYS_INLINE enum status sys_task_start(struct slot task, uint64_t argument,
                                                            uint64_t hart) {
    return (enum status)ecall_3(SYSCALL_TASK_START, task.value, argument, hart).a0;
}

WARN_UNUSED static ALWAYS_INLINE enum status sys_task_kill(struct slot task) {
    return (enum status)ecall_1(SYSCALL_TASK_KILL, task.value).a0;
}

// Gives a task a class up to its ceiling; slot CAP_SLOT_NONE is the caller itself. Errors:
// STATUS_DENIED (above it), STATUS_BUSY (it has ended).
WARN_UNUSED static ALWAYS_INLINE enum status sys_set_qos(struct slot task, enum qos qos) {
    return (enum status)ecall_2(SYSCALL_SET_QOS, task.value, (uint64_t)qos).a0;
}

static ALWAYS_INLINE void sys_task_exit(uint64_t code) {
    (void)ecall_1(SYSCALL_TASK_EXIT, code);
}

// Prints the first `bytes` of the message page's console line.
WARN_UNUSED static ALWAYS_INLINE enum status sys_console_write(struct slot console,
                                                               uint64_t bytes) {
    return (enum status)ecall_2(SYSCALL_CONSOLE_WRITE, console.value, bytes).a0;
}

// Maps the window of a device, and with RIGHT_DEVICE_DMA its arena (kernel/abi/device.h).
WARN_UNUSED static ALWAYS_INLINE struct map_result sys_mmio_map(struct slot device) {
    struct ecall_result result = ecall_1(SYSCALL_MMIO_MAP, device.value);
    struct map_result out = {
        .status = (enum status)result.a0, .window = result.a1, .arena = result.a2};
    return out;
}

// `bit` is the badge bit that arrives at the endpoint, which must be the caller's own. `device` may
// be the console: its receiver.
WARN_UNUSED static ALWAYS_INLINE enum status sys_irq_bind(struct slot device, struct slot endpoint,
                                                          uint32_t bit) {
    return (enum status)ecall_3(SYSCALL_IRQ_BIND, device.value, endpoint.value, bit).a0;
}

WARN_UNUSED static ALWAYS_INLINE struct ack_result sys_irq_ack(struct slot device) {
    struct ecall_result result = ecall_1(SYSCALL_IRQ_ACK, device.value);
    struct ack_result out = {.status = (enum status)result.a0, .count = result.a1};
    return out;
}

WARN_UNUSED static ALWAYS_INLINE struct input_result sys_console_read(struct slot console) {
    struct ecall_result result = ecall_1(SYSCALL_CONSOLE_READ, console.value);
    struct input_result out = {
        .status = (enum status)result.a0, .count = (uint32_t)result.a1, .bytes = result.a2};
    return out;
}

struct stats_result {
    enum status status;
    uint64_t count;  // Records that are in the message page's `stats` now, or what stats_what says.
    uint64_t next;
    uint64_t lost;
};

// kernel/abi/stats.h says what there is to ask for, and what a request makes of `index` and `from`.
WARN_UNUSED static ALWAYS_INLINE struct stats_result sys_kernel_stats(struct slot stats,
                                                                      enum stats_what what,
                                                                      uint64_t index,
                                                                      uint64_t from) {
    struct ecall_result result = ecall_4(SYSCALL_KERNEL_STATS, stats.value, what, index, from);
    struct stats_result out = {
        .status = (enum status)result.a0, .count = result.a1, .next = result.a2, .lost = result.a3};
    return out;
}

// Zeroed memory; all rights.
WARN_UNUSED static ALWAYS_INLINE struct slot_result sys_vmo_create(struct slot factory,
                                                                   uint64_t page_count) {
    return syscall_slot(ecall_2(SYSCALL_VMO_CREATE, factory.value, page_count));
}

// `address_access`: RIGHT_VMO_READ, alone or with one of RIGHT_VMO_WRITE and RIGHT_VMO_EXECUTE, and
// a page's address if it is not for the kernel to choose.
WARN_UNUSED static ALWAYS_INLINE struct vmo_map_result sys_vmo_map(struct slot vmo,
                                                                   uint64_t page_first,
                                                                   uint64_t page_count,
                                                                   uint64_t address_access) {
    struct ecall_result result =
        ecall_4(SYSCALL_VMO_MAP, vmo.value, page_first, page_count, address_access);
    struct vmo_map_result out = {.status = (enum status)result.a0, .address = result.a1};
    return out;
}

// A whole mapping, by where it begins.
WARN_UNUSED static ALWAYS_INLINE enum status sys_vmo_unmap(struct slot vmo, uint64_t address) {
    return (enum status)ecall_2(SYSCALL_VMO_UNMAP, vmo.value, address).a0;
}

WARN_UNUSED static ALWAYS_INLINE enum status sys_vmo_seal(struct slot vmo) {
    return (enum status)ecall_1(SYSCALL_VMO_SEAL, vmo.value).a0;
}
