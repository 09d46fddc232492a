// testing/sim_devices/virtio_blk.h: a virtio block device (virtio_device.h) on a disk image. It
// finishes requests in an order that the seed decides; it can fail, forget and break rules as it is
// told.
// Reference: Virtual I/O Device (VIRTIO) 1.2, section 5.2.
// Ownership: the arena is the test's and outlives the device.
#pragma once

#include <cstdint>
#include <vector>

#include "testing/sim_devices/disk_image.h"
#include "testing/sim_devices/virtio_device.h"

namespace sim_devices {

// Section 5.2.3.
inline constexpr std::uint64_t BLK_F_SIZE_MAX = 1u << 1;
inline constexpr std::uint64_t BLK_F_RO = 1u << 5;
inline constexpr std::uint64_t BLK_F_BLK_SIZE = 1u << 6;
inline constexpr std::uint64_t BLK_F_FLUSH = 1u << 9;

struct virtio_blk_options : virtio_options {
    virtio_blk_options() {
        device_id = 2;
        offers |= BLK_F_FLUSH | BLK_F_BLK_SIZE;
    }

    std::uint32_t blk_size = 512;
    std::uint32_t size_max = 0;
    bool reset_forgets = false;            // disk_image::forget_some
    std::uint64_t cut_after = UINT64_MAX;  // Sectors written, and flushes: then the power goes.
    std::uint32_t tears = 0;               // disk_image::power_cut
    // One request in so many: 0 is none.
    std::uint32_t read_fails = 0;
    std::uint32_t write_fails = 0;
    std::uint32_t flush_fails = 0;
    std::uint32_t hangs = 0;          // It is never finished.
    std::uint32_t short_reads = 0;    // It says OK of a part.
    std::uint32_t used_nonsense = 0;  // It says that a chain is used that is not out.
};

class virtio_blk : public virtio_device {
  public:
    virtio_blk(disk_image *image, std::uint8_t *arena, std::uint64_t physical,
               std::uint32_t arena_bytes, std::uint64_t seed)
        : virtio_device(arena, physical, arena_bytes, seed), image_(image) {}

    virtio_blk_options options;

    void run(std::uint32_t most) override;
    bool busy() const override {
        return !pending_.empty();
    }
    // Until power_cut().
    bool power_went() const override {
        return power_went_;
    }

    // The power goes: requests that were out too may have been done, sector by sector. The device
    // is as after switching it on.
    void power_cut();

    std::size_t out() const {
        return pending_.size() + hung_.size();
    }
    std::uint64_t finished = 0;

  private:
    struct request {
        std::uint16_t head;
        std::uint32_t type;
        std::uint64_t sector;
        std::vector<segment> data;
        std::uint8_t *status;
        std::uint32_t bytes;
    };

    const virtio_options &rules() const override {
        return options;
    }
    std::uint32_t config(std::uint32_t at) const override;
    void take(std::uint16_t head, const std::vector<segment> &segments) override;
    void abandon() override;
    void forget() override;
    bool read_request(std::uint16_t head, const std::vector<segment> &segments, request *out);
    bool step();
    std::uint32_t finish(const request &one);
    std::uint32_t transfer(const request &one);
    void write_some(const request &one);
    void write_what_is_out();

    disk_image *image_;
    std::vector<request> pending_;
    std::vector<request> hung_;
    bool power_went_ = false;
};

}  // namespace sim_devices
