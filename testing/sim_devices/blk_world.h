// testing/sim_devices/blk_world.h: for tests: a simulated device, its arena, a window for each of
// some callers, and a service's logic between them, without a kernel.
// Ownership: one world at a time has the registers.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/virtioblkd/virtioblkd.h"
#include "testing/sim_devices/virtio_blk.h"

namespace blk_world {

using sim_devices::SECTOR_BYTES;

inline constexpr std::uint64_t WINDOW_ADDRESS = 0x3e000000;
inline constexpr std::uint64_t PHYSICAL = 0x87000000;
inline constexpr std::uint32_t ARENA_PAGES = 64;
inline constexpr std::uint32_t CALLERS = 9;
inline constexpr std::uint64_t SECTORS = 4096;

// Behind sim_mmio_read32 and sim_mmio_write32.
extern sim_devices::virtio_blk *registers;

inline block_item item_of(std::uint8_t op, std::uint64_t sector = 0, std::uint16_t count = 0,
                          std::uint32_t offset = 0) {
    return {sector, offset, count, op, BLOCK_OK};
}

class World {
  public:
    explicit World(std::uint64_t seed = 1, std::uint32_t window_bytes = BLOCK_WINDOW_BYTES_MAX)
        : window_bytes_(window_bytes),
          arena_(ARENA_PAGES * DISK_PAGE_BYTES),
          device_(&image_, arena_.data(), PHYSICAL, ARENA_PAGES * DISK_PAGE_BYTES, seed),
          blk_(std::make_unique<virtioblkd>()) {
        registers = &device_;
        for (auto &window : windows_) {
            window.resize(window_bytes);
        }
    }
    ~World() {
        registers = nullptr;
    }

    disk_result Begin() {
        const disk_place place{WINDOW_ADDRESS, arena_.data(), PHYSICAL, pages_};
        epoch_ += std::uint64_t{1} << 32;
        return virtioblkd_init(blk_.get(), &place, epoch_);
    }

    // As the service does: the channel of caller i is number i, and so is its reply.
    wire_status Submit(std::uint32_t caller, const std::vector<block_item> &items,
                       std::uint64_t unflushed = 0) {
        std::vector<std::uint8_t> bytes(items.size() * BLOCK_ITEM_WIRE_BYTES);
        wire_writer writer = wire_writer_of(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
        for (const block_item &item : items) {
            block_item_put(&writer, &item);
        }
        return SubmitBytes(caller, bytes, unflushed);
    }
    wire_status SubmitBytes(std::uint32_t caller, const std::vector<std::uint8_t> &bytes,
                            std::uint64_t unflushed = 0) {
        virtioblkd_request request{};
        request.call.reply.value = caller;
        request.owner = caller;
        request.channel = caller;
        request.window = windows_[caller].data();
        request.window_bytes = window_bytes_;
        request.unflushed = unflushed;
        request.first = first_;
        request.sectors = sectors_ != 0 ? sectors_ : blk_->disk.facts.sectors;
        request.items = {bytes.data(), static_cast<std::uint32_t>(bytes.size())};
        bool over = false;
        virtioblkd_answer answer{};
        const wire_status status = virtioblkd_submit(blk_.get(), &request, &over, &answer);
        if (over) {
            answers_.push_back(answer);
        }
        virtioblkd_work(blk_.get());
        TakeAnswers();
        return status;
    }

    void TakeAnswers() {
        virtioblkd_answer answer{};
        while (virtioblkd_take_answer(blk_.get(), &answer)) {
            answers_.push_back(answer);
        }
    }

    // The device finishes some; the driver hears of it only by an interrupt.
    void Serve(std::uint32_t most = 1000) {
        device_.run(most);
        if (device_.line()) {
            (void)virtio_reasons_take(&blk_->disk.device);
            virtioblkd_work(blk_.get());
            TakeAnswers();
        }
    }
    bool Tick() {
        const bool more = virtioblkd_tick(blk_.get());
        TakeAnswers();
        return more;
    }

    // Until nothing is under way, ticks included.
    void Finish() {
        for (int i = 0; i < 1000 && blk_->line_count != 0; i++) {
            const std::uint32_t before = blk_->line_count;
            Serve();
            if (blk_->line_count == before) {
                (void)Tick();
            }
        }
        EXPECT_EQ(blk_->line_count, 0u) << "under way for ever";
    }

    // One SUBMIT from its beginning to its end.
    std::vector<block_result> Do(const std::vector<block_item> &items,
                                 std::uint64_t unflushed = 0) {
        answers_.clear();
        EXPECT_EQ(Submit(1, items, unflushed), WIRE_OK);
        Finish();
        EXPECT_EQ(answers_.size(), 1u);
        return answers_.empty() ? std::vector<block_result>{} : ResultsOf(answers_[0]);
    }
    static std::vector<block_result> ResultsOf(const virtioblkd_answer &answer) {
        std::vector<block_result> results;
        for (std::uint32_t i = 0; i < answer.count; i++) {
            results.push_back(static_cast<block_result>(answer.results[i]));
        }
        return results;
    }

    void Fill(std::uint32_t caller, std::uint32_t offset, std::uint8_t value,
              std::uint32_t bytes = SECTOR_BYTES) {
        std::memset(windows_[caller].data() + offset, value, bytes);
    }
    std::uint8_t At(std::uint32_t caller, std::uint32_t offset) const {
        return windows_[caller][offset];
    }

    std::uint64_t window_bytes_;
    sim_devices::disk_image image_{SECTORS};
    std::vector<std::uint8_t> arena_;
    sim_devices::virtio_blk device_;
    std::unique_ptr<virtioblkd> blk_;
    std::array<std::vector<std::uint8_t>, CALLERS> windows_;
    std::uint32_t pages_ = ARENA_PAGES;
    std::uint64_t epoch_ = 0;
    std::uint64_t first_ = 0;    // The part of the disk that callers have;
    std::uint64_t sectors_ = 0;  // 0: all of it.
    std::vector<virtioblkd_answer> answers_;
};

}  // namespace blk_world
