// services/selftest/probe/protocol.h: what selftest asks of its probes. The operation is the
// frame's type; the payload is u64 words unless said otherwise.
#pragma once

#include <stdint.h>

#include "runtime/slots.h"

enum probe_slot {
    PROBE_SLOT_REPORT = SLOT_FIRST_OWN,  // RIGHT_SEND to selftest; one of a crowd: RIGHT_CALL.
    PROBE_SLOT_TIMED,                    // RIGHT_CALL
    PROBE_SLOT_DEVICE,                   // All rights; for some.
    PROBE_SLOT_VMO,                      // The same.
    PROBE_SLOT_FORWARD,                  // RIGHT_CALL to another probe, for PROBE_FORWARD.
};

// Replies carry the same type.
enum probe_op {
    PROBE_ECHO = 1,      // Bytes in; the same bytes, each XOR PROBE_ECHO_KEY, out.
    PROBE_WHO,           // Out: what the kernel said of this request (enum probe_who).
    PROBE_DROP,          // Closes the reply.
    PROBE_HOLD,          // Keeps the reply.
    PROBE_ANSWER_HELD,   // Answers the kept one. Out: the status of that.
    PROBE_EXIT,          // In: the code. Ends without an answer.
    PROBE_READ,          // In: an address. Out: the word there.
    PROBE_WRITE,         // In: an address. Writes a word there.
    PROBE_EXECUTE,       // In: an address. Calls it.
    PROBE_ILLEGAL,       // An instruction that does not exist.
    PROBE_FLOAT,         // An instruction of the floating-point unit, which is off.
    PROBE_TEXT_ADDRESS,  // Out: an address of its code.
    PROBE_SPIN,          // Answers, then computes for ever without a system call.
    PROBE_SAY,           // Bytes in: a console line. Out: the status of printing it.
    PROBE_SLEEP,  // In: a deadline, an enum timed_class. Answers, then sleeps through timed, then
                  // reports (enum probe_report).
    PROBE_MAP_DEVICE,  // Out: the status of mapping its device, and the window's address.
    PROBE_MAP_VMO,     // In: the access. Out: the status of mapping its VMO whole, and the address.
    PROBE_BREAK,       // An assertion that fails.
    PROBE_ATOMIC,      // In: an address. An atomic access to it.
    PROBE_CONSTANT_ADDRESS,  // Out: an address of its constants.
    PROBE_COMPUTE,  // In: ns. Answers, then computes for so long. Result: enum probe_compute.
    // In: ns. Answers, then computes until it did not have the hart for so long in one piece, at
    // most PROBE_COMPUTE_MAX_NS. Result: as PROBE_COMPUTE.
    PROBE_COMPUTE_TO_GAP,
    PROBE_FORWARD,    // In: how often. Answers, then echoes a word so often through
                      // PROBE_SLOT_FORWARD. Result: enum probe_forward.
    PROBE_CALL_ON,    // In: an operation. Answers, then asks for it through PROBE_SLOT_FORWARD.
                      // Result: enum probe_forward.
    PROBE_REQUEST,    // In: how many. Answers, then makes so many asynchronous requests through
                      // PROBE_SLOT_REPORT. Result: enum probe_forward.
    PROBE_REGISTERS,  // In: ns. Answers, then computes for so long with a known word in every
                      // register. Result: enum probe_registers.
    PROBE_RESULT,     // Out: the result of what it did last.
    // In: enum probe_bulk. Out: an enum bulk_error, and a value.
    PROBE_BULK_OPEN,    // With a window. The value is its channel.
    PROBE_BULK_SUM,     // The value is the sum of the range's bytes.
    PROBE_BULK_SEALED,  // With sealed bulk. The same.
    PROBE_BULK_OPENED,  // The value is how many windows it has opened.
    PROBE_RING,         // With the writer's window of a ring, its own is in PROBE_SLOT_VMO. Out: 1,
                        // or 0 if it is none. Then reads until an empty record. Result: enum
                        // probe_ring.
    // In: a frame's type, and the payload of a request. Makes it through PROBE_SLOT_FORWARD. Out:
    // the status of that, and the status in the answer.
    PROBE_ASK_ON,
};

enum probe_bulk { PROBE_BULK_CHANNEL, PROBE_BULK_OFFSET, PROBE_BULK_BYTES, PROBE_BULK_WORDS };

enum probe_ring {
    PROBE_RING_TAKEN,  // Records.
    PROBE_RING_RIGHT,  // Of them, those that came in their order and with their bytes.
    PROBE_RING_WOKEN,  // How often the bell woke it.
    PROBE_RING_ENDED,  // 1: by the empty record.
    PROBE_RING_WORDS
};

enum {
    PROBE_RING_BYTES = 2 * 4096,  // Of the writer's window: its head, and a page of records.
    PROBE_RING_OWN_BYTES = 4096,
    PROBE_RING_RECORD_MAX = 256,
};

// How long record number `at` is; byte number i of it is (uint8_t)(at + i).
static inline uint32_t probe_ring_bytes(uint64_t at) {
    return 1 + (uint32_t)(at * 37 % PROBE_RING_RECORD_MAX);
}

#define PROBE_ECHO_KEY UINT8_C(0x5a)
#define PROBE_HELD_ANSWER UINT64_C(0x600d)

enum probe_who {
    PROBE_WHO_SERVICE_ID,
    PROBE_WHO_BADGE,
    PROBE_WHO_INSTANCE,
    PROBE_WHO_SRC,
    PROBE_WHO_DST,
    PROBE_WHO_LEN,
    PROBE_WHO_WORDS
};

enum { PROBE_RESULT_WORDS_MAX = 4 };

enum probe_compute {
    PROBE_COMPUTE_BEGIN_NS,
    PROBE_COMPUTE_END_NS,
    PROBE_COMPUTE_GAP_NS,  // The longest time in between that it did not have the hart.
    PROBE_COMPUTE_GAPS,    // How often that was longer than PROBE_GAP_NS.
    PROBE_COMPUTE_WORDS
};
#define PROBE_GAP_NS UINT64_C(100000)
#define PROBE_COMPUTE_MAX_NS UINT64_C(1000000000)

enum probe_forward {
    PROBE_FORWARD_STATUS,  // Of the last call.
    PROBE_FORWARD_DELIVERY,
    PROBE_FORWARD_RIGHT,  // Answers that were right.
    PROBE_FORWARD_WORDS
};

enum probe_registers {
    PROBE_REGISTERS_ROUNDS,  // Of the loop, which needs two registers for itself.
    PROBE_REGISTERS_WRONG,   // Bit i: xi held another word at the end.
    PROBE_REGISTERS_WORDS
};

enum probe_report {
    PROBE_REPORT_ARGUMENT,  // task_start's.
    PROBE_REPORT_STATUS,    // Of the call; then timed's own status.
    PROBE_REPORT_NOW_NS,
    PROBE_REPORT_WAKE_ORDER,
    PROBE_REPORT_WORDS
};
