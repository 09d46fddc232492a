// testing/sim_devices/virtio_device.cc: see virtio_device.h.
#include "testing/sim_devices/virtio_device.h"

#include <cstring>

namespace sim_devices {
namespace {

constexpr std::uint32_t FEATURES_OK = 8;
constexpr std::uint32_t DRIVER_OK = 4;
constexpr std::uint16_t NEXT = 1;
constexpr std::uint16_t WRITE = 2;
constexpr std::uint32_t CHAIN_MAX = 64;

void set_half(std::uint64_t *word, bool high, std::uint32_t value) {
    const std::uint64_t kept = high ? *word & 0xffffffff : *word & ~std::uint64_t{0xffffffff};
    *word = kept | static_cast<std::uint64_t>(value) << (high ? 32 : 0);
}

}  // namespace

void virtio_device::fault(const std::string &text) {
    faults_.push_back(text);
}

bool virtio_device::one_in(std::uint32_t count) {
    return count != 0 && random_() % count == 0;
}

std::uint8_t *virtio_device::memory(std::uint64_t address, std::uint64_t bytes) {
    const std::uint64_t offset = address - physical_;
    if (address < physical_ || offset > arena_bytes_ || bytes > arena_bytes_ - offset) {
        fault("touches memory outside the arena");
        return nullptr;
    }
    return arena_ + offset;
}

std::uint16_t virtio_device::load16(std::uint64_t address) {
    std::uint16_t value = 0;
    if (const std::uint8_t *at = memory(address, sizeof(value))) {
        std::memcpy(&value, at, sizeof(value));
    }
    return value;
}

void virtio_device::store16(std::uint64_t address, std::uint16_t value) {
    if (std::uint8_t *at = memory(address, sizeof(value))) {
        std::memcpy(at, &value, sizeof(value));
    }
}

void virtio_device::store32(std::uint64_t address, std::uint32_t value) {
    if (std::uint8_t *at = memory(address, sizeof(value))) {
        std::memcpy(at, &value, sizeof(value));
    }
}

std::uint32_t virtio_device::read32(std::uint32_t at) {
    if (at >= 0x100) {
        return config(at - 0x100);
    }
    switch (at) {
        case 0x000:
            return rules().magic;
        case 0x004:
            return rules().version;
        case 0x008:
            return rules().device_id;
        case 0x010:
            return static_cast<std::uint32_t>(device_select_ == 0 ? rules().offers
                                                                  : rules().offers >> 32);
        case 0x034:
            return rules().queue_size_max;
        case 0x044:
            return queue_ready_;
        case 0x060:
            return reasons_;
        case 0x070:
            return status_;
        case 0x0fc:
            return 0;
        default:
            fault("reads register " + std::to_string(at));
            return 0;
    }
}

void virtio_device::reset() {
    status_ = 0;
    features_ = 0;
    queue_ready_ = 0;
    reasons_ = 0;
    fetched_ = 0;
    used_ = 0;
    forget();
}

// Section 2.1.
void virtio_device::set_status(std::uint32_t value) {
    if (value == 0) {
        if (rules().resets) {
            abandon();
            resets++;
            reset();
        }
        return;
    }
    if ((value & DRIVER_OK) != 0 && (status_ & FEATURES_OK) == 0) {
        fault("starts without features");
    }
    status_ = value;
}

void virtio_device::write32(std::uint32_t at, std::uint32_t value) {
    switch (at) {
        case 0x014:
            device_select_ = value;
            return;
        case 0x020:
            set_half(&features_, driver_select_ != 0, value);
            return;
        case 0x024:
            driver_select_ = value;
            return;
        case 0x030:
            return;
        case 0x038:
            queue_size_ = value;
            return;
        case 0x044:
            queue_ready_ = value;
            return;
        case 0x050:
            notified++;
            if ((status_ & DRIVER_OK) == 0) {
                fault("notifies a device that was not started");
            }
            return;
        case 0x064:
            reasons_ &= ~value;
            return;
        case 0x070:
            set_status(value);
            return;
        case 0x080:
        case 0x084:
            set_half(&descriptors_, at == 0x084, value);
            return;
        case 0x090:
        case 0x094:
            set_half(&driver_, at == 0x094, value);
            return;
        case 0x0a0:
        case 0x0a4:
            set_half(&device_, at == 0x0a4, value);
            return;
        default:
            fault("writes register " + std::to_string(at));
    }
}

// Section 2.7.5.
bool virtio_device::read_chain(std::uint16_t head, std::vector<segment> *segments) {
    std::uint16_t index = head;
    bool more = true;
    while (more && segments->size() < CHAIN_MAX && index < queue_size_) {
        const std::uint8_t *at = memory(descriptors_ + 16u * index, 16);
        if (at == nullptr) {
            return false;
        }
        std::uint64_t address = 0;
        std::uint32_t count = 0;
        std::uint16_t flags = 0;
        std::memcpy(&address, at, 8);
        std::memcpy(&count, at + 8, 4);
        std::memcpy(&flags, at + 12, 2);
        std::memcpy(&index, at + 14, 2);
        std::uint8_t *bytes = memory(address, count);
        if (bytes == nullptr) {
            return false;
        }
        segments->push_back({bytes, count, (flags & WRITE) != 0});
        more = (flags & NEXT) != 0;
    }
    if (more) {
        fault("a chain without an end");
    }
    return !more;
}

void virtio_device::fetch() {
    if ((status_ & DRIVER_OK) == 0 || queue_ready_ == 0) {
        return;
    }
    const std::uint16_t available = load16(driver_ + 2);
    if (static_cast<std::uint16_t>(available - fetched_) > queue_size_) {
        fault("more chains than the queue has");
        return;
    }
    while (fetched_ != available) {
        std::vector<segment> segments;
        const std::uint16_t head = load16(driver_ + 4 + 2 * (fetched_ % queue_size_));
        if (read_chain(head, &segments)) {
            take(head, segments);
        }
        fetched_++;
    }
    // Section 2.7.7: tell of the next one.
    store16(device_ + 4 + 8 * queue_size_, fetched_);
}

// Section 2.7.8, and 2.7.7 for whether the line goes up.
void virtio_device::use(std::uint32_t id, std::uint32_t written) {
    const std::uint64_t entry = device_ + 4 + 8 * (used_ % queue_size_);
    store32(entry, id);
    store32(entry + 4, written);
    const std::uint16_t event = load16(driver_ + 4 + 2 * queue_size_);
    const bool wanted = (features_ & F_EVENT_IDX) == 0 || event == used_;
    used_++;
    store16(device_ + 2, used_);
    if (wanted) {
        interrupts += reasons_ == 0;
        reasons_ |= 1;
    }
}

}  // namespace sim_devices
