/* testing/spin/revoke.pml: a family is revoked while other harts are about to hand frames over through it.
   Stands for syscall_grant_revoke, grant_bump, quiesce_wait, quiesce_pass, pass_locked, grant_is_stale and, of those who look at
   the epoch, syscall_ipc_send (hands over or stores at once) and next_locked (looks again when a queued frame is handed over). */

#ifndef HARTS
#define HARTS 2
#endif
#define VARIABLES 5
#define EPOCH 0     /* kernel->grant_epochs: 0 is the family's. */
#define REQUESTED 1 /* quiesce->requested */
#define QUIESCE 2   /* quiesce->lock */
#define ENDPOINT 3  /* endpoint->lock */
#define RUN 4       /* The task that revokes is in its run queue. */
#define ENTRIES 2   /* Kernel entries of each other hart, besides interrupts. */

#include "memory.pml"

/* Guarded by the quiesce lock. */
byte quiesced[HARTS];
bool waits;
/* Guarded by the endpoint's lock. */
byte queued;

bool ipi[HARTS];
bool returned; /* grant_revoke has. */

/* A frame of the old family reaches its receiver. */
inline serve() {
    assert(!returned)
}

inline grant_is_stale(h, stale) {
    stale = LOAD(h, EPOCH) != 0
}

inline grant_bump(h) {
    atomic { fence(h); memory[EPOCH] = 1 } /* A compare-and-swap. */
}

/* The last hart to say so wakes who waits. */
inline pass_locked(h) {
    quiesced[h] = LOAD(h, REQUESTED);
    k = 0;
    do
    :: k == HARTS -> break
    :: k < HARTS && quiesced[k] == 0 -> break
    :: else -> k++
    od;
    if
    :: waits && k == HARTS -> waits = false; store_release(h, RUN, 1)
    :: else
    fi
}

inline quiesce_pass(h) {
    if
    :: LOAD(h, REQUESTED) == quiesced[h]
    :: else ->
        lock_acquire(h, QUIESCE);
        pass_locked(h);
        lock_release(h, QUIESCE)
    fi
}

inline quiesce_wait(h, blocks) {
    lock_acquire(h, QUIESCE);
    store_release(h, REQUESTED, 1);
    pass_locked(h);
    blocks = k < HARTS;
    waits = blocks;
    lock_release(h, QUIESCE);
    fence(h);
#ifndef PLANT_NO_IPI
    for (k : 1 .. HARTS - 1) {
        ipi[k] = true
    }
#endif
    k = 0
}

proctype revoker() {
    byte k;
    bool blocks;
    grant_bump(0);
#ifndef PLANT_NO_QUIESCE
    quiesce_wait(0, blocks);
    if
    :: blocks -> LOAD(0, RUN) == 1
    :: else
    fi;
#endif
    returned = true
}

inline kernel_interrupt(h) {
    ipi[h] = false;
    fence(h);
    quiesce_pass(h)
}

/* A send: checks the family, then hands over, or queues for a receiver that does not wait. */
inline syscall_ipc_send(h) {
    grant_is_stale(h, stale);
    if
    :: stale
    :: else ->
#ifdef PLANT_PASSES_INSIDE
        if
        :: ipi[h] -> kernel_interrupt(h)
        :: true
        fi;
#endif
        lock_acquire(h, ENDPOINT);
        if
        :: serve()
        :: queued++
        fi;
        lock_release(h, ENDPOINT)
    fi
}

/* A receive: what was queued is looked at again. */
inline next_locked(h) {
    lock_acquire(h, ENDPOINT);
    if
    :: queued > 0 ->
        queued--;
#ifdef PLANT_NO_SECOND_LOOK
        stale = false;
#else
        grant_is_stale(h, stale);
#endif
        if
        :: stale
        :: else -> serve()
        fi
    :: else
    fi;
    lock_release(h, ENDPOINT)
}

/* Interrupts are taken between entries only. */
proctype user(byte h) {
    bool stale;
    byte k, entries;
    do
    :: ipi[h] -> kernel_interrupt(h)
    :: entries < ENTRIES -> entries++; syscall_ipc_send(h)
    :: entries < ENTRIES -> entries++; next_locked(h)
    od
}

proctype all_done() {
    timeout;
    assert(returned) /* Nobody waits for ever. */
}

init {
    byte h;
    atomic {
        for (h : 0 .. HARTS - 1) {
            run buffer_of(h)
        }
        run revoker();
        for (h : 1 .. HARTS - 1) {
            run user(h)
        }
        run all_done()
    }
}
