/* testing/spin/idle_wake.pml: a hart that goes to sleep, and others that give it a task.
   Stands for kernel_idle, run_queue_push, run_queue_next and arch_idle.

   The fences are one of two reasons why it is right: the queue is looked at under its lock, and whoever takes the lock later
   sees what was stored before it was released. A look without the lock needs them. */

#ifndef HARTS
#define HARTS 2
#endif
#define VARIABLES 4
#define QUEUE 0    /* hart->run_count */
#define LOCK 1     /* hart->run_lock */
#define DOORBELL 2 /* hart->doorbell */
#define IDLE 3     /* hart->idle */

#include "memory.pml"

bool ipi;    /* Pending at hart 0. */
bool asleep; /* Hart 0 is in wfi. */
byte ran;    /* Tasks that hart 0 has run. */
byte pushed; /* Harts that have nothing more to give. */

/* A task in the run queue of hart 0, put there by hart h. */
inline run_queue_push(h) {
    lock_acquire(h, LOCK);
    store(h, QUEUE, LOAD(h, QUEUE) + 1);
    lock_release(h, LOCK);
    store(h, DOORBELL, 1);
    fence(h);
#ifdef PLANT_NO_IPI
    skip
#else
    if
    :: LOAD(h, IDLE) != 0 -> ipi = true
    :: else
    fi
#endif
}

inline run_queue_next(h, found) {
    lock_acquire(h, LOCK);
    found = LOAD(h, QUEUE) != 0;
    if
    :: found -> store(h, QUEUE, LOAD(h, QUEUE) - 1)
    :: else
    fi;
    lock_release(h, LOCK)
}

/* Looks at the doorbell; then wfi, which ends at once if an interrupt is pending. */
inline arch_idle(h) {
    if
    :: LOAD(h, DOORBELL) != 0
    :: else ->
        asleep = true;
        ipi;
        asleep = false
    fi;
    ipi = false
}

inline kernel_idle(h, found) {
    do
    :: store(h, DOORBELL, 0);
#ifndef PLANT_SLEEPER_LOOKS_FIRST
       store(h, IDLE, 1);
#endif
#ifdef PLANT_LOOKS_WITHOUT_LOCK_AND_FENCE
       if
       :: LOAD(h, QUEUE) != 0 -> run_queue_next(h, found)
       :: else -> found = false
       fi;
#else
       fence(h);
       run_queue_next(h, found);
#endif
       if
       :: found -> store(h, IDLE, 0); break
       :: else
       fi;
#ifdef PLANT_SLEEPER_LOOKS_FIRST
       store(h, IDLE, 1);
#endif
       arch_idle(h);
       store(h, IDLE, 0)
    od
}

proctype sleeper() {
    bool found;
end_asleep: /* Without a task: `all_done` says whether that is right. */
    do
    :: kernel_idle(0, found);
       ran++
    od
}

proctype waker(byte h) {
    run_queue_push(h);
    pushed++
}

/* When nobody can go on, every task has run. */
proctype all_done() {
    timeout;
    assert(pushed == HARTS - 1);
    assert(ran == HARTS - 1)
}

init {
    byte h;
    atomic {
        for (h : 0 .. HARTS - 1) {
            run buffer_of(h)
        }
        run sleeper();
        for (h : 1 .. HARTS - 1) {
            run waker(h)
        }
        run all_done()
    }
}
