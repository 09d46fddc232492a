// kernel/core/ipc.h: the six IPC calls. Each takes the current task with its arguments in its
// registers, stores its results there or blocks it, and returns the task to run next on this hart
// (null: idle). A port's trap code may dispatch SYSCALL_IPC_CALL and SYSCALL_IPC_REPLY_RECV itself;
// it then need not store arguments that these do not take.
// Locking:   at most one endpoint lock at a time; a common reply takes none.
#pragma once

#include "kernel/core/kernel.h"

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

// Drops a held reply: its caller, if it still waits, gets PEER_CLOSED.
void reply_drop(struct kernel *kernel, struct hart *hart, struct task *task,
                struct reply_entry *entry);
