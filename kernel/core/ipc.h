// kernel/core/ipc.h: the six IPC calls. Each takes the current task with its arguments in its
// registers, stores its results there or blocks it, and returns the task to run next on this hart
// (null: idle). They are complete; the common call and reply+receive are done by ipc_fast.c, which
// comes here for anything rare.
// Locking:   at most one endpoint lock at a time.
#pragma once

#include "kernel/core/run_queue.h"

WARN_UNUSED struct task *syscall_ipc_call(struct kernel *kernel, struct hart *hart,
                                          struct task *task);
WARN_UNUSED struct task *syscall_ipc_reply_recv(struct kernel *kernel, struct hart *hart,
                                                struct task *task);
WARN_UNUSED struct task *syscall_ipc_recv(struct kernel *kernel, struct hart *hart,
                                          struct task *task);
WARN_UNUSED struct task *syscall_ipc_reply(struct kernel *kernel, struct hart *hart,
                                           struct task *task);
WARN_UNUSED struct task *syscall_ipc_send(struct kernel *kernel, struct hart *hart,
                                          struct task *task);
WARN_UNUSED struct task *syscall_ipc_notify(struct kernel *kernel, struct hart *hart,
                                            struct task *task);

// The current task's receive_publish has just found something to do. `next` (claimed and with its
// results) runs if the task waits after all, and is woken if it goes on.
WARN_UNUSED struct task *receive_published(struct kernel *kernel, struct hart *hart,
                                           struct task *task, const struct capability *cap,
                                           struct task *next);

// Another step of a receive that has refused many whose family was revoked.
WARN_UNUSED enum step receive_resume(struct kernel *kernel, struct hart *hart, struct task *task);

// Drops a held reply: its caller, if it still waits, gets PEER_CLOSED.
void reply_drop(struct kernel *kernel, struct hart *hart, struct task *task,
                struct reply_entry *entry);
