// testing/system_sim/porter.cc: a client of virtioblkd on sectors of its own: several writes at a
// time, flushes between them, and what may stand where afterwards.
#include <array>
#include <cstring>

#include "ipc/block_client.h"
#include "testing/sim/system.h"
#include "testing/system_sim/client.h"
#include "testing/system_sim/storage.h"

namespace systemsim {

using simtest::in_us;
using simtest::user;

namespace {

constexpr std::uint32_t FACTORY = OPERATOR + 1;
constexpr std::uint32_t TRIES = 60;
constexpr std::uint32_t PLACES = 6;  // In the window, each for
constexpr std::uint32_t PLACE_SECTORS = 24;
constexpr std::uint32_t SECTOR_BYTES = sim_devices::SECTOR_BYTES;
constexpr std::uint64_t PATIENCE_US = 2000000;

// The number, and so that a sector that stands elsewhere is seen, where it belongs.
std::uint64_t word_of(std::uint64_t number, std::uint64_t sector) {
    return number == 0 ? 0 : number << 16 | sector;
}

class porter {
  public:
    explicit porter(user &self) : self_(self), client_(self, slot_at(OWN)) {
        block_client_init(&block_, &client_.calls, service_id_named("virtioblkd"),
                          slot_at(FACTORY));
    }

    void look_at_all() {
        for (std::uint64_t at = 0; at < PORTER_SECTORS; at += PLACE_SECTORS) {
            const std::uint64_t left = PORTER_SECTORS - at;
            look(at, static_cast<std::uint32_t>(left < PLACE_SECTORS ? left : PLACE_SECTORS));
        }
    }

    // What stands behind a flush is there only if all before it is. But virtioblkd may have been
    // started anew and been given all of it again: then the power may have torn what was durable.
    void check_order() {
        bool any = false;
        for (const std::uint64_t sector : kept.second) {
            any = any || found_[sector] == kept.number;
        }
        for (const std::uint64_t sector : kept.first) {
            expect(!any || found_[sector] == kept.number || found_[sector] == TORN,
                   "what stands behind a flush is there without what stands before it", sector);
        }
        forget_order();
    }

    void round() {
        if (sim_user_random(4) == 0) {
            const std::uint32_t count = 1 + sim_user_random(PLACE_SECTORS);
            look(sim_user_random(PORTER_SECTORS - count + 1), count);
            return;
        }
        if (sim_user_random(3) == 0) {
            write_then_flush();
        } else {
            write_in_order();
        }
    }

    void end() {
        block_close(&block_);
        client_.end();
    }

  private:
    deadline patience() const {
        return {in_us(PATIENCE_US)};
    }
    std::uint8_t *place(std::uint32_t index) const {
        return block_.window.bytes + std::size_t{index} * PLACE_SECTORS * SECTOR_BYTES;
    }
    static void forget_order() {
        kept.first.clear();
        kept.second.clear();
    }

    void be_open() {
        block_result result = block_.channel != 0 ? BLOCK_OK : BLOCK_CLOSED;
        for (std::uint32_t i = 0; i < TRIES && result != BLOCK_OK; i++) {
            result = block_open(&block_, PLACES * PLACE_SECTORS * SECTOR_BYTES, patience());
            pause_us(result == BLOCK_OK ? 1 : 500);
        }
        expect(result == BLOCK_OK, "virtioblkd does not come back", result);
    }

    std::uint64_t number_at(std::uint64_t sector, const std::uint8_t *bytes) const {
        std::array<std::uint64_t, SECTOR_BYTES / 8> words{};
        std::memcpy(words.data(), bytes, SECTOR_BYTES);
        for (const std::uint64_t word : words) {
            if (word != word_of(words[0] >> 16, sector)) {
                return TORN;
            }
        }
        return words[0] >> 16;
    }

    void look(std::uint64_t at, std::uint32_t count) {
        block_result result = BLOCK_CLOSED;
        for (std::uint32_t i = 0; i < TRIES && result != BLOCK_OK; i++) {
            be_open();
            result = block_read(&block_, STATE_SECTORS + at, count, 0, patience());
        }
        expect(result == BLOCK_OK, "a read never succeeds", result);
        for (std::uint32_t i = 0; i < count && result == BLOCK_OK; i++) {
            const std::uint64_t found = number_at(at + i, place(0) + i * SECTOR_BYTES);
            const std::set<std::uint64_t> &may = kept.sectors[at + i];
            const bool torn = found == TORN && may.size() > 1;  // Under way when the power went.
            expect(torn || may.count(found) == 1, "sector " + std::to_string(at + i) + " holds",
                   found);
            found_[at + i] = found;
        }
    }

    void add_flush() {
        items_[count_++] = block_item{0, 0, 0, BLOCK_FLUSH, 0};
    }

    // Up to three writes, each of which leaves the next ones room.
    void add_writes(std::uint64_t &at, std::uint32_t &index, std::set<std::uint64_t> &sectors) {
        for (std::uint32_t writes = 1 + sim_user_random(3); writes > 0; writes--, index++) {
            at += sim_user_random(8);
            const std::uint32_t count = 1 + sim_user_random(PLACE_SECTORS);
            for (std::uint32_t i = 0; i < count; i++) {
                std::uint8_t *to = place(index) + i * SECTOR_BYTES;
                const std::uint64_t word = word_of(kept.number, at + i);
                for (std::uint32_t byte = 0; byte < SECTOR_BYTES; byte += 8) {
                    std::memcpy(to + byte, &word, sizeof(word));
                }
                sectors.insert(at + i);
                kept.sectors[at + i].insert(kept.number);
            }
            items_[count_++] = block_item{STATE_SECTORS + at, index * PLACE_SECTORS * SECTOR_BYTES,
                                          static_cast<std::uint16_t>(count), BLOCK_WRITE, 0};
            at += count;
        }
    }

    std::uint64_t begin_writes() {
        be_open();
        forget_order();
        kept.number = kept.next_number++;
        count_ = 0;
        return sim_user_random(PORTER_SECTORS - PLACES * (PLACE_SECTORS + 8));
    }

    // What a flush is OK over is durable, whatever has come between.
    void write_then_flush() {
        std::uint64_t at = begin_writes();
        std::uint32_t index = 0;
        add_writes(at, index, kept.first);
        if (block_run(&block_, items_.data(), count_, patience()) == BLOCK_OK) {
            if (sim_user_random(4) == 0) {
                end_service(self_, "virtioblkd");
            }
            pause_us(1 + sim_user_random(4000));
            if (block_flush(&block_, patience()) == BLOCK_OK) {
                settle();
            }
            if (sim_user_random(8) == 0) {
                storage_cut_soon();
            }
        }
        forget_order();
    }

    void write_in_order() {
        std::uint64_t at = begin_writes();
        std::uint32_t index = 0;
        add_writes(at, index, kept.first);
        add_flush();
        add_writes(at, index, kept.second);
        add_flush();
        const block_result result = block_run(&block_, items_.data(), count_, patience());
        if (result == BLOCK_OK) {
            settle();
        } else {
            kept.trouble++;
            be_open();  // After that nothing of it is under way.
            clear_what_was_not_done();
        }
        forget_order();
    }

    void settle() {
        for (const std::set<std::uint64_t> *sectors : {&kept.first, &kept.second}) {
            for (const std::uint64_t sector : *sectors) {
                kept.sectors[sector] = {kept.number};
                kept.moved++;
            }
        }
    }

    void clear_what_was_not_done() {
        for (std::uint32_t i = 0; i < count_; i++) {
            const block_item &item = items_[i];
            const bool none = block_nothing_done(static_cast<block_result>(item.result));
            for (std::uint64_t k = 0; item.op == BLOCK_WRITE && none && k < item.count; k++) {
                kept.sectors[item.sector - STATE_SECTORS + k].erase(kept.number);
            }
        }
    }

    user &self_;
    client client_;
    block_client block_{};
    std::uint32_t count_ = 0;
    std::array<block_item, PLACES + 2> items_{};
    std::array<std::uint64_t, PORTER_SECTORS> found_{};
};

}  // namespace

void run_porter(user &self) {
    porter made(self);
    if (!kept.sectors.empty()) {
        made.look_at_all();
        made.check_order();
        for (std::uint32_t i = 0; i < kept.ports; i++) {
            made.round();
        }
        made.look_at_all();
    }
    made.end();
}

}  // namespace systemsim
