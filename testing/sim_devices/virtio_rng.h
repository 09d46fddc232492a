// testing/sim_devices/virtio_rng.h: a virtio entropy device (virtio_device.h): bytes of the seed's,
// as many at a time as it likes. From some byte on after a reset it may repeat itself, or finish
// nothing any more, until it is reset again.
// Reference: Virtual I/O Device (VIRTIO) 1.2, section 5.4.
// Ownership: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "testing/sim_devices/virtio_device.h"

namespace sim_devices {

inline constexpr std::uint32_t RNG_CYCLE_MAX = 8;

struct virtio_rng_options : virtio_options {
    virtio_rng_options() {
        device_id = 4;
    }

    std::uint32_t most = UINT32_MAX;  // Bytes of an answer.
    // One in so many, or none: 0.
    std::uint32_t sticks = 0;      // After one reset in so many it repeats a byte, or a few,
    std::uint32_t stick_from = 0;  // once it has given so many and less than `within` more;
    std::uint32_t dries = 0;       // after one it finishes nothing any more,
    std::uint32_t dry_from = 1;    // likewise.
    std::uint32_t within = 1;
    std::uint32_t empties = 0;  // One answer has no bytes.
};

class virtio_rng : public virtio_device {
  public:
    virtio_rng(std::uint8_t *arena, std::uint64_t physical, std::uint32_t arena_bytes,
               std::uint64_t seed)
        : virtio_device(arena, physical, arena_bytes, seed) {}

    virtio_rng_options options;

    void run(std::uint32_t most) override;
    bool busy() const override {
        return !pending_.empty() && !is_dry();
    }
    // All that it ever gave.
    const std::vector<std::uint8_t> &given() const {
        return given_;
    }
    // Of that since a reset, and of that what only repeated `cycle` bytes.
    std::uint64_t fresh() const {
        return fresh_;
    }
    std::uint64_t stuck() const {
        return fresh_ > stuck_at_ ? fresh_ - stuck_at_ : 0;
    }
    std::uint32_t cycle() const {
        return cycle_;
    }
    // An answer without bytes, since a reset.
    bool was_empty() const {
        return was_empty_;
    }
    bool is_dry() const {
        return fresh_ >= dry_at_;
    }

  private:
    struct request {
        std::uint16_t head;
        segment buffer;
    };

    const virtio_options &rules() const override {
        return options;
    }
    // It has no configuration.
    std::uint32_t config(std::uint32_t) const override {
        return 0;
    }
    void take(std::uint16_t head, const std::vector<segment> &segments) override;
    void forget() override;
    std::uint8_t next();
    std::uint32_t fill(const segment &buffer);

    std::deque<request> pending_;
    std::vector<std::uint8_t> given_;
    std::uint64_t fresh_ = 0;
    std::uint64_t stuck_at_ = UINT64_MAX;
    std::uint64_t dry_at_ = UINT64_MAX;
    std::uint32_t cycle_ = 1;
    std::array<std::uint8_t, RNG_CYCLE_MAX> repeated_{};
    bool was_empty_ = false;
};

}  // namespace sim_devices
