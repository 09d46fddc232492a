/* testing/spin/reply_race.pml: who ends a caller's wait: the answer, a dropped reply, the end of the endpoint, the deadline, a
   kill. Stands for task_wait, task_claim, call_give, reply_give, reply_drop, kernel_reply_recv (the fast path of an answer),
   wake_early, wake_at_endpoint and endpoint_end.

   The caller lives on hart 0. Server s lives on hart s + 1, or the first one on hart 0 too: then the two never run at once.
   What a hart does between two steps here is one access to the wait word, or is done under the endpoint's lock. */

#ifndef HARTS
#define HARTS 2
#endif
#define SERVERS (HARTS - 1)
#define CALLS 2
#define ENTRIES 2 /* Of a reply table. */
#define STEPS 3   /* Of a server, before it ends. */

/* States of the wait word, {sequence, server, state}. */
#define NONE 0
#define QUEUED 1
#define REPLY 2
#define STATE(word) ((word) & 3)
#define SERVER(word) (((word) >> 2) & 3)
#define WORD(sequence, server, state) (((sequence) << 4) | ((server) << 2) | (state))
#define OVER(word) ((word) & ~15)
#ifdef PLANT_SAME_SEQUENCE
#define NEXT(word, server, state) WORD(1, server, state)
#else
#define NEXT(word, server, state) WORD(((word) >> 4) + 1, server, state)
#endif

mtype = { nothing, answered, dropped, closed, late, killed };

short wait = 16;
mtype result = nothing;
bool running = true; /* The caller; in user mode. */
bool runnable;       /* In its run queue. */
bool dead;
byte calls;

bool shut[SERVERS];  /* The endpoint has ended. */
bool locked[SERVERS];
bool linked[SERVERS];
short entries[SERVERS * ENTRIES];  /* caller_wait; 0 is free. */
byte of_call[SERVERS * ENTRIES];   /* Which call each is for. */
bool on_hart_0;                    /* The first server. */
byte ended;                        /* Servers. */

inline acquire(s) {
    atomic { !locked[s]; locked[s] = true }
}

inline release(s) {
    locked[s] = false
}

/* One compare-and-swap. */
inline task_claim(word, won) {
    atomic {
        won = wait == word;
        if
        :: won -> wait = OVER(word)
        :: else
        fi
    }
}

/* The winner alone comes here. */
inline wake_push(what) {
    atomic {
        assert(!running && !runnable);
        assert(STATE(wait) == NONE);
        result = what;
        runnable = true
    }
}

inline syscall_ipc_call(s) {
    acquire(s);
    if
    :: shut[s]
    :: else ->
        running = false;
        linked[s] = true;
        wait = NEXT(wait, s, QUEUED)
    fi;
    release(s)
}

/* The server takes the queued call; it has the lock. */
inline call_give(s, i) {
    linked[s] = false;
    of_call[i] = calls;
    entries[i] = NEXT(wait, s, REPLY);
    wait = entries[i]
}

inline reply_give(i, won) {
    word = entries[i];
    entries[i] = 0;
    task_claim(word, won);
#ifdef PLANT_REPLY_ANYWAY
    won = true;
#endif
    if
    :: won -> assert(of_call[i] == calls); wake_push(answered)
    :: else
    fi
}

inline reply_drop(i, won) {
    word = entries[i];
    entries[i] = 0;
    task_claim(word, won);
    if
    :: won -> assert(of_call[i] == calls); wake_push(dropped)
    :: else
    fi
}

/* A compare and a store: on the caller's home hart nobody else ends its wait meanwhile. */
inline kernel_reply_recv(i) {
    word = entries[i];
    if
    :: wait != word
    :: else ->
        wait = OVER(word);
        entries[i] = 0;
        assert(of_call[i] == calls);
        wake_push(answered)
    fi
}

/* The lock's holder wins: nobody leaves the queue without it. */
inline endpoint_end(s, won) {
    acquire(s);
    shut[s] = true;
    if
    :: linked[s] ->
        linked[s] = false;
        word = wait;
        task_claim(word, won);
        assert(won);
        wake_push(closed)
    :: else
    fi;
    release(s)
}

inline wake_at_endpoint(word, won) {
    acquire(SERVER(word));
    task_claim(word, won);
    if
    :: won -> assert(linked[SERVER(word)]); linked[SERVER(word)] = false
    :: else
    fi;
    release(SERVER(word))
}

inline wake_early(what, word, won) {
    won = false;
    do
    :: won -> wake_push(what); break
    :: else ->
        word = wait;
        if
        :: STATE(word) == NONE -> break
        :: STATE(word) == QUEUED -> wake_at_endpoint(word, won)
        :: STATE(word) == REPLY -> task_claim(word, won)
        fi
    od
}

#ifdef PLANT_FAST_FROM_ANY_HART
#define FAST(s) true
#else
#define FAST(s) ((s) == 0 && on_hart_0)
#endif

/* One kernel entry of server s. */
inline server_entry(s) {
    if
    :: acquire(s);
       if
       :: linked[s] && entries[s * ENTRIES] == 0 -> call_give(s, s * ENTRIES)
       :: linked[s] && entries[s * ENTRIES + 1] == 0 -> call_give(s, s * ENTRIES + 1)
       :: else
       fi;
       release(s)
    :: entries[s * ENTRIES] != 0 -> i = s * ENTRIES; one_answer(s)
    :: entries[s * ENTRIES + 1] != 0 -> i = s * ENTRIES + 1; one_answer(s)
    fi
}

inline one_answer(s) {
    if
    :: reply_give(i, won)
    :: reply_drop(i, won)
    :: FAST(s) -> kernel_reply_recv(i)
    fi
}

/* Its endpoint ends, then its replies are dropped, each in its turn. */
inline server_end(s) {
    endpoint_end(s, won);
    i = s * ENTRIES;
    do
    :: i == (s + 1) * ENTRIES -> break
    :: else ->
#ifndef PLANT_KEEPS_REPLIES
        if
        :: entries[i] != 0 -> reply_drop(i, won)
        :: else
        fi;
#endif
        i++
    od;
    ended++
}

/* Entries of one hart follow each other: what the home hart of both does is one process. */
proctype home() {
    bool won;
    byte i, s, steps, ticks;
    short word;
    do
    :: running && !dead && calls < CALLS ->
        calls++;
        result = nothing;
        select (s : 0 .. SERVERS - 1);
        syscall_ipc_call(s)
    :: runnable -> atomic { runnable = false; assert(result != nothing); running = true; dead = dead || result == killed }
    :: !running && !runnable && ticks < CALLS -> ticks++; wake_early(late, word, won)
    :: !running && !runnable && ticks < CALLS -> ticks++; wake_early(killed, word, won)
    :: on_hart_0 && steps < STEPS -> steps++; server_entry(0)
    :: on_hart_0 && steps == STEPS -> steps++; server_end(0)
    od
}

proctype server(byte s) {
    bool won;
    byte i, steps;
    short word;
    do
    :: steps < STEPS -> steps++; server_entry(s)
    :: steps == STEPS -> break
    od;
    server_end(s)
}

proctype all_done() {
    timeout;
    assert(ended == SERVERS);
    assert(running && (dead || calls == CALLS)) /* Nobody waits for what cannot come. */
}

init {
    byte s;
    if
    :: on_hart_0 = true
    :: on_hart_0 = false
    fi;
    atomic {
        run home();
        for (s : 0 .. SERVERS - 1) {
            if
            :: s == 0 && on_hart_0
            :: else -> run server(s)
            fi
        }
        run all_done()
    }
}
