// tools/statefs/power_cut.h: what a disk holds after its power went: all that was flushed, and of
// each sector that was written later the new bytes, the old ones, or torn ones: its words partly
// new, partly old, or neither. A seed decides. The model of tools/statefs, testing/statefs and all
// that uses its memory_disk; the simulated device has its own, which may also keep the older of two
// writes (testing/sim_devices/disk_image.h).
// Units:     sectors of DISK_SECTOR_BYTES.
// Ownership: plain values; bytes are the caller's.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "services/statefsd/disk.h"
#include "tools/statefs/write_log.h"

namespace statefs_tool {

// SplitMix64.
class dice {
  public:
    explicit dice(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t value = (state_ += 0x9e3779b97f4a7c15);
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
    std::uint64_t below(std::uint64_t bound) {
        return next() % bound;
    }

  private:
    std::uint64_t state_;
};

// What was written and not flushed, by sector.
using unflushed = std::map<std::uint64_t, std::vector<std::uint8_t>>;

struct fates {
    std::uint64_t kept = 0;
    std::uint64_t torn = 0;
    std::uint64_t lost = 0;
};

// Decides for each sector in turn. `disk` holds what is durable, and afterwards what there is.
fates settle(dice &rolled, const unflushed &written, std::vector<std::uint8_t> &disk);

// Where the power of a logged disk went.
struct cut {
    std::size_t entries = 0;  // Of the log, before that.
    std::size_t flushed = 0;  // The first so many: up to the last flush among them.
    fates later;              // Of the sectors that were written behind it.
};

// The disk at the point of the log that the seed chooses, from before its first entry to behind its
// last one; `disk` has the log's size afterwards.
cut cut_disk(const write_log &log, std::uint64_t seed, std::vector<std::uint8_t> &disk);

}  // namespace statefs_tool
