/* testing/spin/receive_wake.pml: a receiver that is about to wait at its endpoint, others that notify it, and its deadline.
   Stands for receive_publish, receive_now, notify_locked, endpoint_claim_receiver_locked and wake_at_endpoint; a caller or
   sender that adds its work looks at the receiver in the same way (ipc_serve_waiting_locked). */

#ifndef HARTS
#define HARTS 2
#endif
#define VARIABLES 4
#define WAIT 0 /* receiver->wait: 1 is WAIT_RECV. */
#define WORK 1 /* endpoint->work and what it announces: a bit each notifier. */
#define LOCK 2 /* endpoint->lock */
#define RUN 3  /* The receiver is in its run queue: whoever takes it out sees what was stored before. */

#include "memory.pml"

#define ALL ((1 << HARTS) - 2)

byte got;       /* What the receiver was told. */
byte notified;  /* Harts that have nothing more to say. */
byte ticks;

/* Under the lock; `bits` is what the claimed receiver gets. */
inline endpoint_claim_receiver_locked(h, claimed) {
    claimed = LOAD(h, WAIT) == 1;
    if
    :: claimed -> store(h, WAIT, 0)
    :: else
    fi
}

inline wake_push(h) {
    assert(LOAD(h, RUN) == 0);
    store_release(h, RUN, 1)
}

inline notify_locked(h, claimed) {
    store(h, WORK, LOAD(h, WORK) | (1 << h));
#ifndef PLANT_NOTIFIER_WITHOUT_FENCE
    fence(h);
#endif
    endpoint_claim_receiver_locked(h, claimed);
    if
    :: claimed -> got = got | LOAD(h, WORK); store(h, WORK, 0)
    :: else
    fi
}

proctype notifier(byte h) {
    bool claimed;
    lock_acquire(h, LOCK);
    notify_locked(h, claimed);
    lock_release(h, LOCK);
    if
    :: claimed -> wake_push(h)
    :: else
    fi;
    notified++
}

/* One access to memory that is ordered after all earlier and before all later ones. */
inline receive_publish(h, found) {
#ifdef PLANT_RECEIVER_WITHOUT_FENCE
    store(h, WAIT, 1);
#else
    atomic { fence(h); memory[WAIT] = 1 }
#endif
#ifdef PLANT_NO_SECOND_LOOK
    found = false
#else
    found = LOAD(h, WORK) != 0
#endif
}

/* Takes the published wait back, unless somebody has ended it meanwhile. */
inline receive_now(h, served) {
    lock_acquire(h, LOCK);
    served = LOAD(h, WAIT) == 0;
    if
    :: served
    :: else ->
        store(h, WAIT, 0);
        got = got | LOAD(h, WORK);
        store(h, WORK, 0)
    fi;
    lock_release(h, LOCK)
}

/* The home hart's tick: claims the receiver out of its wait. */
inline wake_at_endpoint(h, won) {
    lock_acquire(h, LOCK);
    won = false;
    atomic {
        if
        :: memory[WAIT] == 1 && !OWN(h, WAIT) -> memory[WAIT] = 0; won = true
        :: else
        fi
    }
    lock_release(h, LOCK)
}

proctype home() {
    bool found, served, won;
    do
    :: got == ALL -> break
    :: else ->
        receive_publish(0, found);
        served = true;
        if
        :: found -> receive_now(0, served)
        :: else
        fi;
        if
        :: !served /* It has taken what there was. */
        :: else ->
            /* Waits, or was served and is about to be made runnable. */
            do
            :: LOAD(0, RUN) == 1 -> store(0, RUN, 0); break
            :: ticks < 1 ->
                ticks++;
                wake_at_endpoint(0, won);
                if
                :: won -> wake_push(0)
                :: else
                fi
            od
        fi
    od
}

proctype all_done() {
    timeout;
    assert(notified == HARTS - 1);
    assert(got == ALL)
}

init {
    byte h;
    atomic {
        for (h : 0 .. HARTS - 1) {
            run buffer_of(h)
        }
        run home();
        for (h : 1 .. HARTS - 1) {
            run notifier(h)
        }
        run all_done()
    }
}
