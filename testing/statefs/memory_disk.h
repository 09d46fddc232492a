// testing/statefs/memory_disk.h: a disk in memory for tests, whose power goes at a chosen write.
//
// Writes stand in a cache until a flush. What a power cut makes of the cache, by seed, says
// tools/statefs/power_cut.h. The disk can also lose its cache and go on (DISK_LOST), or fail.
// Units:     sectors.
// Ownership: the test owns it; a struct disk made from it points to it.
// Blocking:  never.
// Errors:    DISK_FAILED of everything after a power cut, until power() is on again.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <set>
#include <vector>

#include "services/statefsd/disk.h"
#include "tools/statefs/power_cut.h"

namespace statefs_test {

using statefs_tool::dice;

class memory_disk {
  public:
    static constexpr std::uint64_t NEVER = UINT64_MAX;

    explicit memory_disk(std::uint64_t sectors, std::uint64_t seed = 1)
        : dice_(seed), bytes_(sectors * DISK_SECTOR_BYTES) {}
    memory_disk(const memory_disk &) = delete;
    memory_disk &operator=(const memory_disk &) = delete;

    struct disk disk() {
        return {this, bytes_.size() / DISK_SECTOR_BYTES, read, write, flush};
    }
    // The durable bytes.
    std::vector<std::uint8_t> &bytes() {
        return bytes_;
    }
    // The power goes at so many sectors and flushes from now.
    void cut_after(std::uint64_t steps) {
        steps_left_ = steps;
    }
    bool is_cut() const {
        return cut_;
    }
    // What was not flushed is decided now.
    void power_on() {
        settle();
        forgotten_.clear();
        go_on();
    }
    void cut_now() {
        cut_ = true;
    }
    // Whoever wrote ended, and the power stayed: what was not flushed is still in the cache.
    void go_on() {
        cut_ = false;
        steps_left_ = NEVER;
        losing_ = 0;
    }
    // What a flush lost is still read, until the power goes; no later flush knows of it.
    void forget(bool on) {
        forgetting_ = on;
    }
    // The next flushes lose what is in the cache, or fail.
    void lose(std::uint64_t flushes) {
        losing_ = flushes;
    }
    void fail(bool on) {
        failing_ = on;
    }
    // That sector is not read any more, until it is written.
    void spoil(std::uint64_t sector) {
        spoiled_.insert(sector);
    }
    void mend() {
        spoiled_.clear();
    }
    std::uint64_t flushes() const {
        return flush_count_;
    }
    std::uint64_t sectors_written() const {
        return written_;
    }

  private:
    static memory_disk &self(void *context) {
        return *static_cast<memory_disk *>(context);
    }

    // Whether the power is still on.
    bool step() {
        if (!cut_ && steps_left_ != NEVER && steps_left_-- == 0) {
            cut_ = true;
        }
        return !cut_ && !failing_;
    }

    static enum disk_status read(void *context, std::uint64_t sector, std::uint32_t count,
                                 std::uint8_t *bytes) {
        memory_disk &disk = self(context);
        if (disk.cut_ || disk.failing_ || !disk.has(sector, count)) {
            return DISK_FAILED;
        }
        for (std::uint32_t i = 0; i < count; i++) {
            if (disk.spoiled_.count(sector + i) != 0) {
                return DISK_FAILED;
            }
            std::memcpy(bytes + std::size_t{i} * DISK_SECTOR_BYTES, disk.seen(sector + i),
                        DISK_SECTOR_BYTES);
        }
        return DISK_OK;
    }

    static enum disk_status write(void *context, std::uint64_t sector, std::uint32_t count,
                                  const std::uint8_t *bytes) {
        memory_disk &disk = self(context);
        if (!disk.has(sector, count)) {
            return DISK_FAILED;
        }
        for (std::uint32_t i = 0; i < count; i++) {
            if (!disk.step()) {
                return DISK_FAILED;
            }
            const std::uint8_t *from = bytes + std::size_t{i} * DISK_SECTOR_BYTES;
            disk.cache_[sector + i].assign(from, from + DISK_SECTOR_BYTES);
            disk.forgotten_.erase(sector + i);
            disk.spoiled_.erase(sector + i);
            disk.written_++;
        }
        return DISK_OK;
    }

    static enum disk_status flush(void *context) {
        memory_disk &disk = self(context);
        if (!disk.step()) {
            return DISK_FAILED;
        }
        disk.flush_count_++;
        if (disk.losing_ > 0) {
            disk.losing_--;
            for (const auto &[sector, bytes] : disk.cache_) {
                if (disk.forgetting_) {
                    disk.forgotten_[sector] = bytes;
                }
            }
            disk.settle();
            return DISK_LOST;
        }
        for (const auto &[sector, bytes] : disk.cache_) {
            std::memcpy(disk.durable(sector), bytes.data(), DISK_SECTOR_BYTES);
        }
        disk.cache_.clear();
        return DISK_OK;
    }

    bool has(std::uint64_t sector, std::uint32_t count) const {
        return count <= DISK_TRANSFER_SECTORS_MAX &&
               sector + count <= bytes_.size() / DISK_SECTOR_BYTES;
    }
    std::uint8_t *durable(std::uint64_t sector) {
        return &bytes_[sector * DISK_SECTOR_BYTES];
    }

    const std::uint8_t *seen(std::uint64_t sector) {
        const auto cached = cache_.find(sector);
        const auto forgotten = forgotten_.find(sector);
        if (cached != cache_.end()) {
            return cached->second.data();
        }
        return forgotten != forgotten_.end() ? forgotten->second.data() : durable(sector);
    }

    void settle() {
        statefs_tool::settle(dice_, cache_, bytes_);
        cache_.clear();
    }

    dice dice_;
    std::vector<std::uint8_t> bytes_;
    statefs_tool::unflushed cache_;
    statefs_tool::unflushed forgotten_;
    std::set<std::uint64_t> spoiled_;
    std::uint64_t steps_left_ = NEVER;
    std::uint64_t losing_ = 0;
    std::uint64_t flush_count_ = 0;
    std::uint64_t written_ = 0;
    bool cut_ = false;
    bool failing_ = false;
    bool forgetting_ = false;
};

}  // namespace statefs_test
