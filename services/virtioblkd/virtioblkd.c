// services/virtioblkd/virtioblkd.c: see virtioblkd.h.
#include "services/virtioblkd/virtioblkd.h"

#include <string.h>

#include "ipc/plant.h"

enum disk_result virtioblkd_init(struct virtioblkd *blk, const struct disk_place *place,
                                 uint64_t epoch) {
    memset(blk, 0, sizeof(*blk));
    blk->epoch = epoch;
    return disk_begin(&blk->disk, place);
}

static bool has_flush(const struct virtioblkd_submission *one) {
    for (uint32_t i = 0; i < one->count; i++) {
        if (one->items[i].op == BLOCK_FLUSH) {
            return true;
        }
    }
    return false;
}

// Ends what is not begun yet.
static void abandon(struct virtioblkd_submission *one, enum block_result result) {
    for (uint32_t i = one->next; i < one->count; i++) {
        one->items[i].result = (uint8_t)result;
    }
    one->next = one->count;
    one->failed = true;
}

// Of one that is not begun: the epoch is today's. What it has to flush may be lost.
static void enter_epoch(const struct virtioblkd *blk, struct virtioblkd_submission *one) {
    one->epoch = blk->epoch;
    if (one->unflushed != 0 && one->unflushed != blk->epoch && has_flush(one)) {
        abandon(one, BLOCK_LOST);
    }
}

// What was acknowledged and not flushed may be lost.
static void new_epoch(struct virtioblkd *blk) {
    if (plant_fires(PLANT_KEEP_BLOCK_EPOCH)) {
        return;
    }
    blk->epoch++;
    for (uint32_t i = 0; i < blk->line_count; i++) {
        struct virtioblkd_submission *one = &blk->submissions[blk->line[i]];
        if (one->next == 0) {
            enter_epoch(blk, one);
        }
    }
}

static struct virtioblkd_submission *place_for(struct virtioblkd *blk, uint32_t owner) {
    struct virtioblkd_submission *free = 0;
    uint32_t own = 0;
    for (uint32_t i = 0; i < VIRTIOBLKD_SUBMISSIONS; i++) {
        struct virtioblkd_submission *one = &blk->submissions[i];
        own += one->used && one->owner == owner;
        free = one->used ? free : one;
    }
    return own < VIRTIOBLKD_SUBMISSIONS_EACH ? free : 0;
}

// Copies the items out of the message and checks each. False: it is none.
static bool read_items(struct virtioblkd *blk, const struct virtioblkd_request *request,
                       struct virtioblkd_submission *one) {
    const struct wire_bytes *bytes = &request->items;
    uint32_t count = bytes->count / BLOCK_ITEM_WIRE_BYTES;
    if (count == 0 || count > BLOCK_ITEMS_MAX || bytes->count % BLOCK_ITEM_WIRE_BYTES != 0) {
        return false;
    }
    struct wire_reader reader = wire_reader_of(bytes->data, bytes->count);
    one->count = count;
    struct disk_facts part = blk->disk.facts;
    part.sectors = request->sectors;
    for (uint32_t i = 0; i < count; i++) {
        if (!block_item_get(&reader, &one->items[i])) {
            return false;
        }
        enum block_result result = disk_check(&part, &one->items[i], request->window_bytes);
        one->items[i].sector += one->items[i].op != BLOCK_FLUSH ? request->first : 0;
        if (result != BLOCK_OK) {
            one->items[i].result = (uint8_t)result;
            one->failed = true;
            blk->counts.refused++;
        }
    }
    return true;
}

static void put_answer(const struct virtioblkd_submission *one, struct virtioblkd_answer *answer) {
    *answer = (struct virtioblkd_answer){
        .call = one->call, .gone = one->gone, .epoch = one->epoch, .count = one->count};
    for (uint32_t i = 0; i < one->count; i++) {
        answer->results[i] = one->items[i].result;
    }
}

enum wire_status virtioblkd_submit(struct virtioblkd *blk, const struct virtioblkd_request *request,
                                   bool *over, struct virtioblkd_answer *answer) {
    struct virtioblkd_submission *one = place_for(blk, request->owner);
    *over = false;
    if (blk->dead) {
        return WIRE_UNAVAILABLE;
    }
    if (!one) {
        return WIRE_OVERLOAD;
    }
    *one = (struct virtioblkd_submission){.call = request->call,
                                          .owner = request->owner,
                                          .channel = request->channel,
                                          .window = request->window,
                                          .unflushed = request->unflushed};
    if (!read_items(blk, request, one)) {
        return WIRE_MALFORMED;
    }
    blk->counts.submissions++;
    if (!one->failed) {
        enter_epoch(blk, one);
    }
    if (one->failed) {
        one->epoch = blk->epoch;
        put_answer(one, answer);
        *over = true;
        return WIRE_OK;
    }
    one->used = true;
    blk->line[blk->line_count++] = (uint8_t)(one - blk->submissions);
    return WIRE_OK;
}

// Gives the device one item. False: there is no room now.
static bool begin_item(struct virtioblkd *blk, struct virtioblkd_submission *one) {
    struct block_item *item = &one->items[one->next];
    const uint8_t *data = item->op == BLOCK_WRITE ? one->window + item->offset : 0;
    uint32_t number = 0;
    if (item->op == BLOCK_FLUSH && plant_fires(PLANT_SKIP_FLUSH)) {
        item->result = BLOCK_OK;
        one->next++;
        return true;
    }
    if (!disk_start(&blk->disk, item, data, &number)) {
        return false;
    }
    blk->outs[number] = (struct virtioblkd_out){.submission = (uint8_t)(one - blk->submissions),
                                                .item = (uint8_t)one->next,
                                                .used = true,
                                                .round = blk->round};
    one->next++;
    one->out++;
    blk->counts.requests++;
    blk->counts.flushes += item->op == BLOCK_FLUSH;
    blk->counts.deepest = blk->disk.out > blk->counts.deepest ? blk->disk.out : blk->counts.deepest;
    return true;
}

// A flush, and what comes after one, begins when everything before is over and OK. True: it may.
static bool passes_barrier(const struct virtioblkd *blk, struct virtioblkd_submission *one) {
    const struct block_item *item = &one->items[one->next];
    bool behind = one->next > 0 && item[-1].op == BLOCK_FLUSH;
    if ((item->op != BLOCK_FLUSH && !behind) || plant_fires(PLANT_PASS_BARRIER)) {
        return true;
    }
    if (one->out > 0) {
        return false;
    }
    if (one->failed) {
        abandon(one, BLOCK_NOT_DONE);
    } else if (one->epoch != blk->epoch) {
        abandon(one, BLOCK_LOST);
    }
    return !one->failed;
}

// False: an item waits for room.
static bool advance(struct virtioblkd *blk, struct virtioblkd_submission *one) {
    while (one->next < one->count && passes_barrier(blk, one)) {
        if (!begin_item(blk, one)) {
            return false;
        }
    }
    return true;
}

static void finish_item(struct virtioblkd *blk, const struct disk_done *done) {
    struct virtioblkd_out *out = &blk->outs[done->number];
    struct virtioblkd_submission *one = &blk->submissions[out->submission];
    struct block_item *item = &one->items[out->item];
    uint32_t bytes = (uint32_t)item->count * blk->disk.facts.sector_bytes;
    out->used = false;
    one->out--;
    item->result = (uint8_t)done->result;
    if (item->op == BLOCK_FLUSH && done->result == BLOCK_OK && one->epoch != blk->epoch) {
        item->result = BLOCK_UNKNOWN;
    }
    one->failed = one->failed || item->result != BLOCK_OK;
    blk->counts.failed += done->result != BLOCK_OK;
    if (item->op == BLOCK_READ && done->result == BLOCK_OK) {
        blk->counts.read_bytes += bytes;
        if (one->window) {
            memcpy(one->window + item->offset, done->data, bytes);
        }
    }
    blk->counts.written_bytes += item->op == BLOCK_WRITE && done->result == BLOCK_OK ? bytes : 0;
    disk_release(&blk->disk, done->number);
    // What the device could not make durable it may forget, and say OK the next time.
    if (item->op == BLOCK_FLUSH && done->result != BLOCK_OK) {
        new_epoch(blk);
    }
}

// What was out is not known, and what stands in the same SUBMIT behind it is not begun.
static void give_up_what_is_out(struct virtioblkd *blk) {
    for (uint32_t i = 0; i < DISK_DEPTH; i++) {
        struct virtioblkd_out *out = &blk->outs[i];
        if (!out->used) {
            continue;
        }
        struct virtioblkd_submission *one = &blk->submissions[out->submission];
        one->items[out->item].result = BLOCK_UNKNOWN;
        one->out--;
        if (plant_fires(PLANT_UNKNOWN_IS_DONE)) {
            one->items[out->item].result = BLOCK_OK;
        }
        abandon(one, BLOCK_NOT_DONE);
        out->used = false;
        blk->counts.unknown++;
    }
}

static void reset(struct virtioblkd *blk) {
    const struct disk_place place = blk->disk.place;
    const struct disk_facts before = blk->disk.facts;
    give_up_what_is_out(blk);
    new_epoch(blk);
    blk->resets++;
    bool back = blk->resets <= VIRTIOBLKD_RESETS_MAX && disk_begin(&blk->disk, &place) == DISK_OK;
    // The checked items are of the disk that there was.
    blk->dead = !back || blk->disk.facts.sectors != before.sectors ||
                blk->disk.facts.sector_bytes != before.sector_bytes ||
                blk->disk.facts.read_only != before.read_only;
    for (uint32_t i = 0; blk->dead && i < blk->line_count; i++) {
        abandon(&blk->submissions[blk->line[i]], BLOCK_NOT_DONE);
    }
}

// Takes what has come back. A device that breaks the rules is reset.
static void take(struct virtioblkd *blk) {
    struct disk_done done;
    while (disk_take(&blk->disk, &done)) {  // Ends: no more than are out.
        blk->resets = 0;
        finish_item(blk, &done);
    }
    if (blk->disk.broken && !blk->dead) {
        reset(blk);
    }
}

// How many must come back before anything can go on: no answer and no barrier is nearer than the
// shortest SUBMIT; but while one waits for room, the device shall not run dry.
static uint32_t wait_count(const struct virtioblkd *blk, bool room) {
    uint32_t least = room ? blk->disk.out : (blk->disk.out + 3) / 4;
    for (uint32_t i = 0; i < blk->line_count; i++) {
        uint32_t out = blk->submissions[blk->line[i]].out;
        least = out != 0 && out < least ? out : least;
    }
    return least;
}

void virtioblkd_work(struct virtioblkd *blk) {
    bool ready = false;
    // Ends: each time a request has come back, or the device was reset, which ends in `dead`.
    while (!ready && !blk->dead) {
        bool room = true;
        bool held = false;
        take(blk);
        for (uint32_t i = 0; i < blk->line_count && room && !held && !blk->dead; i++) {
            struct virtioblkd_submission *one = &blk->submissions[blk->line[i]];
            room = advance(blk, one);
            // What nobody waits for any more must not land after what comes behind it.
            held = one->out != 0 && (one->gone || !one->window);
        }
        if (blk->disk.broken) {
            continue;
        }
        blk->counts.bells += disk_tell(&blk->disk);
        ready = blk->disk.out == 0 || disk_wait_for(&blk->disk, wait_count(blk, room));
    }
}

bool virtioblkd_take_answer(struct virtioblkd *blk, struct virtioblkd_answer *answer) {
    for (uint32_t i = 0; i < blk->line_count; i++) {
        struct virtioblkd_submission *one = &blk->submissions[blk->line[i]];
        if (one->out != 0 || one->next != one->count) {
            continue;
        }
        put_answer(one, answer);
        one->used = false;
        blk->line_count--;
        for (uint32_t k = i; k < blk->line_count; k++) {
            blk->line[k] = blk->line[k + 1];
        }
        return true;
    }
    return false;
}

bool virtioblkd_tick(struct virtioblkd *blk) {
    blk->round++;
    virtioblkd_work(blk);
    bool late = false;
    for (uint32_t i = 0; i < DISK_DEPTH; i++) {
        late = late || (blk->outs[i].used && blk->round - blk->outs[i].round > VIRTIOBLKD_ROUNDS);
    }
    if (late && !blk->dead) {
        reset(blk);
        virtioblkd_work(blk);
    }
    return blk->disk.out != 0 && !blk->dead;
}

void virtioblkd_left(struct virtioblkd *blk, struct reply_handle reply) {
    for (uint32_t i = 0; i < blk->line_count; i++) {
        struct virtioblkd_submission *one = &blk->submissions[blk->line[i]];
        if (one->call.reply.value == reply.value) {
            one->gone = true;
            abandon(one, BLOCK_NOT_DONE);
        }
    }
}

void virtioblkd_let_go(struct virtioblkd *blk, uint32_t channel) {
    for (uint32_t i = 0; i < blk->line_count; i++) {
        struct virtioblkd_submission *one = &blk->submissions[blk->line[i]];
        if (one->channel == channel) {
            one->window = 0;
            abandon(one, BLOCK_NOT_DONE);
        }
    }
}

bool virtioblkd_uses(const struct virtioblkd *blk, uint32_t channel) {
    for (uint32_t i = 0; i < blk->line_count; i++) {
        if (blk->submissions[blk->line[i]].channel == channel) {
            return true;
        }
    }
    return false;
}
