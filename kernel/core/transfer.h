// kernel/core/transfer.h: moving a frame from one message page to another, and naming the reply. A
// frame's type, flags and length are loaded once (frame_load) and the checked word travels with the
// task.
// Locking:   the caller owns both tasks: they are claimed, current, or blocked under a held
//            endpoint lock.
#pragma once

#include "base/words.h"
#include "kernel/core/wake.h"

// The second word of a frame header: type, flags, length. Little-endian machine.
static ALWAYS_INLINE uint64_t frame_word_load(const struct message_area *area) {
    const aliasing_word *words = (const aliasing_word *)(const void *)&area->header;
    return words[1];
}

static ALWAYS_INLINE uint32_t frame_word_len(uint64_t word) {
    return (uint32_t)(word >> 32);
}

WARN_UNUSED static ALWAYS_INLINE enum status frame_word_check(uint64_t word) {
    if (UNLIKELY(frame_word_len(word) > FRAME_PAYLOAD_MAX)) {
        return STATUS_TOO_LARGE;
    }
    return UNLIKELY((uint32_t)word >> 16 != 0) ? STATUS_BAD_ARG : STATUS_OK;
}

static ALWAYS_INLINE uint32_t frame_word_flags(uint64_t word) {
    return (uint32_t)(word >> 16) & 0xffff;
}

static ALWAYS_INLINE bool frame_wants_reply(uint64_t word) {
    return (frame_word_flags(word) & FRAME_WANT_REPLY) != 0;
}

static ALWAYS_INLINE bool frame_moves_cap(uint64_t word) {
    return (frame_word_flags(word) & FRAME_CAP_MOVE) != 0;
}

// The slot of the capability that rides on a frame, to be loaded once.
static ALWAYS_INLINE uint64_t frame_slot_load(const struct message_area *area) {
    const aliasing_word *words = (const aliasing_word *)(const void *)&area->meta;
    return words[2] >> 32;
}

// Of a frame that may have some flags.
WARN_UNUSED static inline enum status frame_word_check_flags(uint64_t word, uint32_t allowed) {
    return frame_word_check(word & ~((uint64_t)allowed << 16));
}

// Metadata and header of a frame on its way, from whoever sent it.
static ALWAYS_INLINE void frame_head_write(struct message_area *to, uint64_t word,
                                           uint64_t service_id, uint32_t instance, uint64_t badge) {
    uint64_t source = instance;
    aliasing_word *words = (aliasing_word *)(void *)to;
    words[0] = service_id;
    words[1] = badge;
    words[2] = source;  // The instance, and no slot.
    words[3] = 0;
    words[4] = source;  // The header's src; dst is 0.
    words[5] = word;
}

static ALWAYS_INLINE void frame_head_copy(struct message_area *to, uint64_t word,
                                          const struct task *sender, uint64_t badge) {
    frame_head_write(to, word, sender->service_id, sender->instance, badge);
}

// Whole words, the last zeroed beyond the length.
static ALWAYS_INLINE void payload_copy(uint8_t *to, const uint8_t *from, uint64_t len) {
    arch_words_copy(to, from, len / 8);
    uint64_t rest = len % 8;
    if (rest != 0) {
        const aliasing_word *last_from = (const aliasing_word *)(const void *)(from + (len - rest));
        aliasing_word *last_to = (aliasing_word *)(void *)(to + (len - rest));
        *last_to = *last_from & ((UINT64_C(1) << (rest * 8)) - 1);
    }
}

static ALWAYS_INLINE void frame_copy(struct message_area *to, const struct message_area *from,
                                     uint64_t word, const struct task *sender, uint64_t badge) {
    frame_head_copy(to, word, sender, badge);
    payload_copy(to->payload, from->payload, frame_word_len(word));
}

// A handle of the receiver for the caller that waits with `caller_word`. The receiver has a free
// entry.
WARN_UNUSED static ALWAYS_INLINE uint64_t reply_make(struct task *receiver, struct task *caller,
                                                     uint64_t caller_word) {
    struct reply_entry *entry = receiver->reply_free;
    // A receiver without a free entry waits in WAIT_RECV_NOCALL, where no call claims it.
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference)
    receiver->reply_free = entry->next;
    atomic_store_shared(&entry->caller_wait, caller_word);
    atomic_store_shared(&entry->task, caller);
    return entry->handle;
}

// The entry of a handle; null if the handle is not one of a reply that is held.
WARN_UNUSED static ALWAYS_INLINE struct reply_entry *reply_find(struct task *task,
                                                                uint64_t handle) {
    struct reply_entry *entry = &task->replies[handle & REPLY_HANDLE_INDEX_MASK];
    return handle == entry->handle && entry->caller_wait != 0 ? entry : 0;
}

// `handle` is the entry's. 2^58 answers pass before a generation comes again.
static ALWAYS_INLINE void reply_free(struct task *task, struct reply_entry *entry,
                                     uint64_t handle) {
    atomic_store_shared(&entry->caller_wait, 0);
    atomic_raw_store_shared(&entry->handle,
                            handle + (UINT64_C(1) << REPLY_HANDLE_GENERATION_SHIFT));
    entry->next = task->reply_free;
    task->reply_free = entry;
}

// The caller lends nothing to who holds the call, and the answer leaves the fast path.
static ALWAYS_INLINE void reply_defer(struct reply_entry *entry) {
    atomic_store_shared(&entry->caller_wait, entry->caller_wait | WAIT_DEFERRED);
}

// The task begins to receive, not by way of the fast path: it no longer serves the call that it has
// not answered, and serves the one that comes next.
static inline void serving_ends(struct task *task) {
    struct reply_entry *entry = task->serving;
    enum wait_state state = wait_state_of(entry->caller_wait);
    if (state == WAIT_REPLY || state == WAIT_REPLY_CAP) {
        reply_defer(entry);
    }
    if (LIKELY(task->reply_free != 0)) {
        atomic_store_shared(&task->serving, task->reply_free);
    }
}

// Makes the sender (queued or current) wait for the reply of the claimed receiver. The frame is
// copied by the caller, before the receiver is made runnable: until then nobody else touches either
// page. `state` is WAIT_REPLY or WAIT_REPLY_CAP.
static ALWAYS_INLINE void call_give(struct task *receiver, struct task *sender,
                                    enum wait_state state) {
    uint64_t caller_word = wait_next(atomic_load_u64(&sender->wait), state, receiver->index);
    uint64_t handle = reply_make(receiver, sender, caller_word);
    task_results(receiver, STATUS_OK, RECEIVED_CALL, handle, 0);
    // Release: pairs with the claim of whoever ends this wait. From here on the caller may be timed
    //          out or killed.
    atomic_store_release_u64(&sender->wait, caller_word);
}
