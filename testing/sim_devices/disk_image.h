// testing/sim_devices/disk_image.h: what is on a simulated disk, and what of it is still in its
// cache: a write that was acknowledged is seen by every read, but stays when the power goes only
// after a flush. What the power leaves of the rest the seed decides: each sector for itself has any
// of the writes since the last flush, or none, or is torn: its words are of some of them, or of
// none.
//
// Units:     sectors of SECTOR_BYTES.
// Ownership: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "testing/sim_devices/virtio_device.h"

namespace sim_devices {

inline constexpr std::uint32_t SECTOR_BYTES = 512;
using sector = std::array<std::uint8_t, SECTOR_BYTES>;

class disk_image {
  public:
    explicit disk_image(std::uint64_t sectors) : sectors_(sectors) {}

    std::uint64_t sectors() const {
        return sectors_;
    }
    // What a read sees.
    sector read(std::uint64_t at) const;
    // What is there if the power goes now and takes everything that is not flushed.
    sector durable(std::uint64_t at) const;
    void write(std::uint64_t at, const sector &bytes);
    void flush();

    // A flush failed, or the device was reset: what is not flushed is still read, but of some of it
    // no later flush knows.
    void forget_some(random_source &random);

    // The power goes: every sector is as it was flushed, or as one of the writes since then left
    // it. `tears`: one of those in so many is torn, 0 is none.
    void power_cut(random_source &random, std::uint32_t tears = 0);

    // Sectors that may change at a power cut.
    std::size_t unflushed() const {
        return cache_.size();
    }

  private:
    std::uint64_t sectors_;
    std::map<std::uint64_t, sector> durable_;
    std::map<std::uint64_t, std::vector<sector>> cache_;  // In order of their writes.
    std::map<std::uint64_t, sector> forgotten_;
};

}  // namespace sim_devices
