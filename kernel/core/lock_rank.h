// kernel/core/lock_rank.h: every lock of the kernel, outermost first. A hart takes locks in rising
// rank only.
//
// FAMILY    who supervises whom: making, killing and reclaiming tasks.
// DEVICE    every device's holder and binding, and the interrupt controller.
// ENDPOINT  one endpoint's queue, receiver and send storage. The only lock of a common call.
// QUIESCE   who waits for the other harts to leave the kernel.
// RUN_QUEUE one hart's queue of runnable tasks, its deadlines and its killed tasks: taken by
//           wakers, under an endpoint lock, the quiesce lock or none.
// POOL      one pool's free list.
// CONSOLE   the transmit side of the console.
#pragma once

enum lock_rank {
    LOCK_RANK_FAMILY,
    LOCK_RANK_DEVICE,
    LOCK_RANK_ENDPOINT,
    LOCK_RANK_QUIESCE,
    LOCK_RANK_RUN_QUEUE,
    LOCK_RANK_POOL,
    LOCK_RANK_CONSOLE,
    LOCK_RANK_COUNT
};
