// services/virtioblkd/virtioblkd.h: what lies between callers and the disk: their SUBMITs in order
// of arrival, barriers, results, and a device that does not answer. No system calls.
//
// Items are given to the device in order of arrival of their SUBMITs, as many as there is room for;
// one that waits for room holds back all behind it, so that none waits for ever. One that waits at
// a barrier holds back its own SUBMIT only. ipc/block_item.h says what barriers and epochs promise.
// Units:     sectors, bytes; a round is the time between two virtioblkd_tick.
// Ownership: the caller owns the struct. A window's memory stays mapped until
//            virtioblkd_let_go of its channel.
// Blocking:  never, but for a reset of the device (disk_begin).
// Errors:    enum wire_status; enum block_result of each item. A device that does not come back
//            from a reset, or needs RESETS_MAX of them in a row, is `dead`: everything is answered,
//            and nothing more is taken.
#pragma once

#include "ipc/block_item.h"
#include "ipc/types.h"
#include "ipc/wire/codec.h"
#include "services/virtioblkd/disk.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    VIRTIOBLKD_SUBMISSIONS = 8,       // Under way at a time,
    VIRTIOBLKD_SUBMISSIONS_EACH = 4,  // and of one caller.
    VIRTIOBLKD_ROUNDS = 2,  // A request that was out for so many whole rounds is too late.
    VIRTIOBLKD_RESETS_MAX = 3,
};

// What somebody asks for, and where its data is.
struct virtioblkd_request {
    struct kept_call call;
    uint32_t owner;  // Instance.
    uint32_t channel;
    uint8_t *window;
    uint64_t window_bytes;
    uint64_t unflushed;  // Epoch; 0: none.
    uint64_t first;      // The caller's part of the disk, which is its sector 0,
    uint64_t sectors;    // and how long that is.
    struct wire_bytes items;
};

struct virtioblkd_submission {
    struct kept_call call;
    uint32_t owner;
    uint32_t channel;
    uint8_t *window;  // Null: let go.
    uint64_t unflushed;
    uint64_t epoch;  // In which it was begun.
    uint32_t count;
    uint32_t next;  // The first item that was not begun.
    uint32_t out;   // Items that the device has.
    bool used;
    bool failed;  // An item was not OK.
    bool gone;    // Its caller has left: there is nobody to answer.
    struct block_item items[BLOCK_ITEMS_MAX];
};

struct virtioblkd_answer {
    struct kept_call call;
    bool gone;
    uint64_t epoch;
    uint32_t count;
    uint8_t results[BLOCK_ITEMS_MAX];
};

// What a request number of the disk is, while it is out.
struct virtioblkd_out {
    uint8_t submission;
    uint8_t item;
    bool used;
    uint32_t round;  // In which it was begun.
};

struct virtioblkd_counts {
    uint64_t submissions;
    uint64_t requests;
    uint64_t flushes;
    uint64_t read_bytes;
    uint64_t written_bytes;
    uint64_t failed;
    uint64_t unknown;
    uint64_t refused;
    uint64_t bells;
    uint32_t deepest;
};

struct virtioblkd {
    struct disk disk;
    uint64_t epoch;
    uint32_t round;
    uint32_t resets;  // Since a request came back.
    bool dead;
    uint32_t line_count;
    uint8_t line[VIRTIOBLKD_SUBMISSIONS];  // Of submissions, by arrival.
    struct virtioblkd_out outs[DISK_DEPTH];
    struct virtioblkd_counts counts;
    struct virtioblkd_submission submissions[VIRTIOBLKD_SUBMISSIONS];
};

// `epoch`: the first one, not 0 and higher than any that an instance before had. The disk is begun
// here.
WARN_UNUSED enum disk_result virtioblkd_init(struct virtioblkd *blk, const struct disk_place *place,
                                             uint64_t epoch);

// WIRE_OK: it is under way, or `*over` and its results are in `answer`, for an item was refused.
// WIRE_MALFORMED: no items, or too many; WIRE_OVERLOAD: too many are under way, of all or of this
// caller; WIRE_UNAVAILABLE: dead. After an error nothing has changed.
WARN_UNUSED enum wire_status virtioblkd_submit(struct virtioblkd *blk,
                                               const struct virtioblkd_request *request, bool *over,
                                               struct virtioblkd_answer *answer);

// Takes what the device has finished and gives it what it can have. After virtioblkd_submit, an
// interrupt, and a tick.
void virtioblkd_work(struct virtioblkd *blk);

// One SUBMIT that is over; false: there is none.
WARN_UNUSED bool virtioblkd_take_answer(struct virtioblkd *blk, struct virtioblkd_answer *answer);

// A round has passed: a request that is too late resets the device. True: requests are out, and
// another tick is wanted.
bool virtioblkd_tick(struct virtioblkd *blk);

// The caller of a kept call has left. What was not begun is not.
void virtioblkd_left(struct virtioblkd *blk, struct reply_handle reply);

// The window of the channel is not touched any more.
void virtioblkd_let_go(struct virtioblkd *blk, uint32_t channel);

// Whether a SUBMIT through the channel is under way.
WARN_UNUSED bool virtioblkd_uses(const struct virtioblkd *blk, uint32_t channel);

#ifdef __cplusplus
}
#endif
