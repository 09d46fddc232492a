// kernel/arch/riscv64/syscalls.c: while events are recorded, each system call is one. Linked only
// into //kernel:kernel_syscalls, whose linker puts each `__wrap_` function here between trap.S and
// the kernel's own of that name (--wrap), which is called `__real_`. So a kernel that does not tell
// of each pays nothing for it. The same call again, with nothing else between on that hart, is
// counted in the event that there is: who looks at the clock in a loop does not fill the ring.
//
// As kernel/core/ipc_fast.c it is compiled to expect nothing of callee-saved registers behind a
// call (BUILD.bazel): those functions leave to user mode, or return without them.
// Locking:   none: each hart writes its own ring.
#include "kernel/abi/syscall.h"
#include "kernel/core/event.h"

static COLD void record(struct hart *hart, const struct task *task, uint64_t number) {
    const struct event_ring *ring = &hart->events;
    uint64_t next = atomic_load_u64(&ring->next);
    struct event_words *last = &ring->events[(next - 1) & (event_room(ring) - 1)];
    uint64_t type = number < SYSCALL_COUNT ? number : SYSCALL_COUNT;  // It has 16 bits.
    uint64_t head = event_head(EVENT_SYSCALL, type, task->instance);
    if (next != 0 && atomic_load_u64(&last->words[1]) == (head | ring->tag)) {
        atomic_store_u64(&last->words[3], atomic_load_u64(&last->words[3]) + 1);
        return;
    }
    event_put(hart, head, 0, 1);
}

static ALWAYS_INLINE void note(struct hart *hart, const struct task *task, uint64_t number) {
    if (event_is_on(hart)) {
        record(hart, task, number);
    }
}

struct task *__real_kernel_call(uint64_t slot, uint64_t deadline_ns, struct task *task,
                                struct hart *hart);
struct task *__wrap_kernel_call(uint64_t slot, uint64_t deadline_ns, struct task *task,
                                struct hart *hart);
struct task *__wrap_kernel_call(uint64_t slot, uint64_t deadline_ns, struct task *task,
                                struct hart *hart) {
    note(hart, task, SYSCALL_IPC_CALL);
    return __real_kernel_call(slot, deadline_ns, task, hart);
}

struct task *__real_kernel_reply_recv(uint64_t handle, uint64_t slot, uint64_t deadline_ns,
                                      struct task *task, struct hart *hart);
struct task *__wrap_kernel_reply_recv(uint64_t handle, uint64_t slot, uint64_t deadline_ns,
                                      struct task *task, struct hart *hart);
struct task *__wrap_kernel_reply_recv(uint64_t handle, uint64_t slot, uint64_t deadline_ns,
                                      struct task *task, struct hart *hart) {
    note(hart, task, SYSCALL_IPC_REPLY_RECV);
    return __real_kernel_reply_recv(handle, slot, deadline_ns, task, hart);
}

struct task *__real_kernel_syscall(struct kernel *kernel, struct hart *hart, struct task *task,
                                   uint64_t number);
struct task *__wrap_kernel_syscall(struct kernel *kernel, struct hart *hart, struct task *task,
                                   uint64_t number);
struct task *__wrap_kernel_syscall(struct kernel *kernel, struct hart *hart, struct task *task,
                                   uint64_t number) {
    note(hart, task, number);
    return __real_kernel_syscall(kernel, hart, task, number);
}
