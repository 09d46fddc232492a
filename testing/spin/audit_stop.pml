/* testing/spin/audit_stop.pml: hart 0 stops the others for an audit, and lets them go, while they come online.
   Stands for stop_begin, stop_end, stop_wait, stop_pass, kernel_hart_start and arch_idle.

   `online` and the claim of the request are atomics, which act on memory. The auditor stores that it is over and looks who is
   online; who comes online says so and looks whether somebody asks: without the fence between both may miss the other. */

#ifndef HARTS
#define HARTS 2
#endif
#define VARIABLES (2 * HARTS)
#define REQUEST 0                       /* kernel->stop_request: 1, hart 0 asks. */
#define STOPPED(h) (h)                  /* hart->stopped, of harts 1 and on. */
#define DOORBELL(h) (HARTS + (h))

#include "memory.pml"

byte online;       /* kernel->harts_online: a bit each. */
bool ipi[HARTS];   /* Pending. */
bool runs[HARTS];  /* It does something else than to be stopped. */
bool audits;
bool ended;

inline ring(by, to) {
    store(by, DOORBELL(to), 1);
    fence(by);
    ipi[to] = true
}

/* Looks at the doorbell; then wfi. */
inline sleep(h) {
    if
    :: LOAD(h, DOORBELL(h)) != 0
    :: else -> ipi[h]
    fi;
    ipi[h] = false
}

inline stop_pass(h) {
    do
    :: LOAD(h, REQUEST) == 0 -> break
    :: else ->
        if
        :: LOAD(h, STOPPED(h)) != 1 ->
            store_release(h, STOPPED(h), 1);
            ring(h, 0)
        :: else
        fi;
        store(h, DOORBELL(h), 0);
        fence(h);
        if
        :: LOAD(h, REQUEST) == 1 -> sleep(h)
        :: else
        fi
    od
}

proctype stopped_hart(byte h) {
    online = online | (1 << h); /* kernel_hart_start */
#ifndef PLANT_STARTS_WITHOUT_LOOKING
    fence(h);
    stop_pass(h);
#endif
    runs[h] = true;
end_runs:
    do
    :: ipi[h] ->
        ipi[h] = false;
        runs[h] = false;
        stop_pass(h);
        runs[h] = true
    od
}

proctype auditor() {
    byte others;
    byte h;
    byte left;
    memory[REQUEST] = 1; /* stop_begin */
    fence(0);
    others = online;
    for (h : 1 .. HARTS - 1) {
        if
        :: (others >> h) & 1 -> ring(0, h)
        :: else
        fi
    }
    do
    :: store(0, DOORBELL(0), 0);
       fence(0);
       left = 0;
       for (h : 1 .. HARTS - 1) {
           left = left + (((others >> h) & 1) && LOAD(0, STOPPED(h)) != 1)
       }
       if
       :: left == 0 -> break
       :: else -> sleep(0)
       fi
    od;
    audits = true;
    for (h : 1 .. HARTS - 1) {
        assert(!runs[h])
    }
    audits = false;
    store_release(0, REQUEST, 0); /* stop_end */
#ifndef PLANT_ENDS_WITHOUT_FENCE
    fence(0);
#endif
    others = online;
    for (h : 1 .. HARTS - 1) {
        if
        :: (others >> h) & 1 ->
            store(0, DOORBELL(h), 1);
            fence(0);
#ifndef PLANT_ENDS_WITHOUT_IPI
            ipi[h] = true
#endif
        :: else
        fi
    }
    ended = true
}

/* When nobody can go on, the audit is over and every hart runs. */
proctype all_done() {
    byte h;
    timeout;
    assert(ended);
    for (h : 1 .. HARTS - 1) {
        assert(runs[h])
    }
}

init {
    byte h;
    atomic {
        for (h : 0 .. HARTS - 1) {
            run buffer_of(h)
        }
        run auditor();
        for (h : 1 .. HARTS - 1) {
            run stopped_hart(h)
        }
        run all_done()
    }
}
