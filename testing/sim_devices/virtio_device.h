// testing/sim_devices/virtio_device.h: what all virtio devices have, as a driver sees one:
// registers behind MMIO, a split queue in memory, an interrupt line. A device does nothing by
// itself: run() takes what the driver has made available and finishes some of it.
//
// It checks its driver: an address outside the arena, a chain that is none, a write to a register
// at a wrong time are faults(), which a test expects to be none.
// Reference: Virtual I/O Device (VIRTIO) 1.2, sections 2.7 and 4.2.
// Ownership: the arena is the test's and outlives the device.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace sim_devices {

using random_source = std::mt19937_64;

inline constexpr std::uint64_t F_EVENT_IDX = 1u << 29;
inline constexpr std::uint64_t F_VERSION_1 = std::uint64_t{1} << 32;

struct virtio_options {
    std::uint32_t magic = 0x74726976;
    std::uint32_t version = 2;
    std::uint32_t device_id = 0;
    std::uint64_t offers = F_VERSION_1 | F_EVENT_IDX;
    std::uint32_t queue_size_max = 256;
    bool resets = true;
};

class virtio_device {
  public:
    // `physical`: of the arena, as the device sees it.
    virtio_device(std::uint8_t *arena, std::uint64_t physical, std::uint32_t arena_bytes,
                  std::uint64_t seed)
        : random_(seed), arena_(arena), physical_(physical), arena_bytes_(arena_bytes) {}
    virtual ~virtio_device() = default;
    virtio_device(const virtio_device &) = delete;
    virtio_device &operator=(const virtio_device &) = delete;

    // Registers, by their offset in the window.
    std::uint32_t read32(std::uint32_t at);
    void write32(std::uint32_t at, std::uint32_t value);

    // Finishes at most so many requests.
    virtual void run(std::uint32_t most) = 0;
    // Something is out that another run() would finish.
    virtual bool busy() const = 0;
    // It is over: nothing more is done.
    virtual bool power_went() const {
        return false;
    }

    // The interrupt line is up.
    bool line() const {
        return reasons_ != 0;
    }
    const std::vector<std::string> &faults() const {
        return faults_;
    }
    std::uint64_t interrupts = 0;  // Times that the line went up.
    std::uint64_t notified = 0;
    std::uint64_t resets = 0;

  protected:
    struct segment {
        std::uint8_t *bytes;
        std::uint32_t count;
        bool writable;
    };

    virtual const virtio_options &rules() const = 0;
    virtual std::uint32_t config(std::uint32_t at) const = 0;
    // A chain of the driver's.
    virtual void take(std::uint16_t head, const std::vector<segment> &segments) = 0;
    // The driver resets it: what is out may come to some end,
    virtual void abandon() {}
    // and is forgotten.
    virtual void forget() = 0;

    void fault(const std::string &text);
    bool one_in(std::uint32_t count);
    void reset();
    // What the driver has made available.
    void fetch();
    void use(std::uint32_t id, std::uint32_t written);
    std::uint64_t features() const {
        return features_;
    }

    random_source random_;

  private:
    void set_status(std::uint32_t value);
    std::uint8_t *memory(std::uint64_t address, std::uint64_t bytes);
    std::uint16_t load16(std::uint64_t address);
    void store16(std::uint64_t address, std::uint16_t value);
    void store32(std::uint64_t address, std::uint32_t value);
    bool read_chain(std::uint16_t head, std::vector<segment> *segments);

    std::uint8_t *arena_;
    std::uint64_t physical_;
    std::uint64_t arena_bytes_;
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
};

}  // namespace sim_devices
