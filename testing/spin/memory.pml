/* testing/spin/memory.pml: memory as harts see it. A store waits in its hart's buffer and reaches memory later, stores to
   different places in any order; its own hart sees it at once. That is what RVWMO allows of stores and later accesses. A
   fence waits until the buffer is empty; a release store reaches memory after the stores before it; atomics act on memory.
   Loads happen in program order. The including file defines HARTS and VARIABLES. */

byte memory[VARIABLES];
byte buffered[HARTS * VARIABLES];
byte behind[HARTS * VARIABLES]; /* Which of this hart's stores must reach memory before this one: a bit each. */
byte waiting[HARTS];            /* Which stores are in the buffer: a bit each. */

inline store(h, v, x) {
    d_step {
        buffered[(h) * VARIABLES + (v)] = x;
        behind[(h) * VARIABLES + (v)] = 0;
        waiting[h] = waiting[h] | (1 << (v))
    }
}

inline store_release(h, v, x) {
    d_step {
        buffered[(h) * VARIABLES + (v)] = x;
        behind[(h) * VARIABLES + (v)] = waiting[h] & ~(1 << (v));
        waiting[h] = waiting[h] | (1 << (v))
    }
}

/* No conditional expression: none may stand in an argument. */
#define OWN(h, v) ((waiting[h] >> (v)) & 1)
#define LOAD(h, v) (OWN(h, v) * buffered[(h) * VARIABLES + (v)] + (1 - OWN(h, v)) * memory[v])

inline fence(h) {
    waiting[h] == 0
}

inline lock_acquire(h, v) {
    atomic { memory[v] == 0 && !(waiting[h] & (1 << (v))); memory[v] = 1 }
}

inline lock_release(h, v) {
    store_release(h, v, 0)
}

#define COMMIT(v)                                                                         \
    :: d_step {                                                                           \
           OWN(h, v) && (waiting[h] & behind[h * VARIABLES + (v)]) == 0;                  \
           memory[v] = buffered[h * VARIABLES + (v)];                                     \
           buffered[h * VARIABLES + (v)] = 0;                                             \
           behind[h * VARIABLES + (v)] = 0;                                               \
           waiting[h] = waiting[h] & ~(1 << (v))                                          \
       }

/* Brings the stores of one hart to memory, each at any time. */
proctype buffer_of(byte h) {
    do
        COMMIT(0)
        COMMIT(1)
#if VARIABLES > 2
        COMMIT(2)
#endif
#if VARIABLES > 3
        COMMIT(3)
#endif
#if VARIABLES > 4
        COMMIT(4)
#endif
#if VARIABLES > 5
        COMMIT(5)
#endif
    od
}
