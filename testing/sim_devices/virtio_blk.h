// testing/sim_devices/virtio_blk.h: a virtio block device as a driver sees it: registers behind
// MMIO, a split queue in memory, an interrupt line. It does nothing by itself: run() takes what the
// driver has made available and finishes some of it, in an order that the seed decides. It can
// fail, forget and break rules as it is told.
//
// It checks its driver: an address outside the arena, a chain that is none, a write to a register
// at a wrong time are faults(), which a test expects to be none.
// Reference: Virtual I/O Device (VIRTIO) 1.2, sections 2.7, 4.2 and 5.2.
// Ownership: the arena is the test's and outlives the device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "testing/sim_devices/disk_image.h"

namespace sim_devices {

// Section 5.2.3.
inline constexpr std::uint64_t BLK_F_SIZE_MAX = 1u << 1;
inline constexpr std::uint64_t BLK_F_RO = 1u << 5;
inline constexpr std::uint64_t BLK_F_BLK_SIZE = 1u << 6;
inline constexpr std::uint64_t BLK_F_FLUSH = 1u << 9;
inline constexpr std::uint64_t F_EVENT_IDX = 1u << 29;
inline constexpr std::uint64_t F_VERSION_1 = std::uint64_t{1} << 32;

struct virtio_blk_options {
    std::uint32_t magic = 0x74726976;
    std::uint32_t version = 2;
    std::uint32_t device_id = 2;
    std::uint64_t offers = F_VERSION_1 | F_EVENT_IDX | BLK_F_FLUSH | BLK_F_BLK_SIZE;
    std::uint32_t blk_size = 512;
    std::uint32_t size_max = 0;
    std::uint32_t queue_size_max = 256;
    bool resets = true;
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

class virtio_blk {
  public:
    // `physical`: of the arena, as the device sees it.
    virtio_blk(disk_image *image, std::uint8_t *arena, std::uint64_t physical,
               std::uint32_t arena_bytes, std::uint64_t seed)
        : image_(image),
          arena_(arena),
          physical_(physical),
          arena_bytes_(arena_bytes),
          random_(seed) {}

    virtio_blk_options options;

    // Registers, by their offset in the window.
    std::uint32_t read32(std::uint32_t at);
    void write32(std::uint32_t at, std::uint32_t value);

    // Finishes at most so many requests.
    void run(std::uint32_t most);

    // The interrupt line is up.
    bool line() const {
        return reasons_ != 0;
    }

    // The power goes: requests that were out too may have been done, sector by sector. The device
    // is as after switching it on.
    void power_cut();

    std::size_t out() const {
        return pending_.size() + hung_.size();
    }
    // Something is out that another run() would finish.
    bool busy() const {
        return !pending_.empty();
    }
    // It is over: nothing more is done, until power_cut().
    bool power_went() const {
        return power_went_;
    }
    const std::vector<std::string> &faults() const {
        return faults_;
    }
    std::uint64_t interrupts = 0;  // Times that the line went up.
    std::uint64_t notified = 0;
    std::uint64_t resets = 0;
    std::uint64_t finished = 0;

  private:
    struct segment {
        std::uint8_t *bytes;
        std::uint32_t count;
        bool writable;
    };
    struct request {
        std::uint16_t head;
        std::uint32_t type;
        std::uint64_t sector;
        std::vector<segment> data;
        std::uint8_t *status;
        std::uint32_t bytes;
    };

    std::uint32_t config(std::uint32_t at) const;
    void set_status(std::uint32_t value);
    void reset();
    void fault(const std::string &text);
    std::uint8_t *memory(std::uint64_t address, std::uint64_t bytes);
    std::uint16_t load16(std::uint64_t address);
    void store16(std::uint64_t address, std::uint16_t value);
    void store32(std::uint64_t address, std::uint32_t value);
    bool one_in(std::uint32_t count);
    void fetch();
    bool read_chain(std::uint16_t head, request *out);
    bool step();
    std::uint32_t finish(const request &one);
    std::uint32_t transfer(const request &one);
    void write_some(const request &one);
    void use(std::uint32_t id, std::uint32_t written);

    disk_image *image_;
    std::uint8_t *arena_;
    std::uint64_t physical_;
    std::uint64_t arena_bytes_;
    random_source random_;
    std::vector<std::string> faults_;

    std::uint32_t status_ = 0;
    std::uint32_t device_select_ = 0;
    std::uint32_t driver_select_ = 0;
    std::uint64_t features_ = 0;
    std::uint32_t queue_size_ = 0;
    std::uint32_t queue_ready_ = 0;
    std::uint64_t descriptors_ = 0;
    std::uint64_t driver_ = 0;
    std::uint64_t device_ = 0;
    std::uint32_t reasons_ = 0;
    std::uint16_t fetched_ = 0;
    std::uint16_t used_ = 0;
    std::vector<request> pending_;
    std::vector<request> hung_;
    bool power_went_ = false;
};

}  // namespace sim_devices
