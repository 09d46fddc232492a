// testing/sim_devices/machine_device.cc: see machine_device.h.
#include "testing/sim_devices/machine_device.h"

#include <utility>

#include "kernel/arch/sim/user.h"
#include "runtime/mmio.h"

std::uint32_t sim_mmio_read32(std::uint64_t address) {
    return sim_user_read32(address);
}

void sim_mmio_write32(std::uint64_t address, std::uint32_t value) {
    sim_user_write32(address, value);
}

namespace sim_devices {

machine_device::machine_device() {
    model_.context = this;
    model_.read = [](void *self, std::uint32_t at) {
        return static_cast<machine_device *>(self)->device_->read32(at);
    };
    model_.write = [](void *self, std::uint32_t at, std::uint32_t value) {
        static_cast<machine_device *>(self)->device_->write32(at, value);
    };
    model_.run = [](void *self, std::uint64_t now_ns) {
        return static_cast<machine_device *>(self)->run(now_ns);
    };
    model_.line = [](void *self) { return static_cast<machine_device *>(self)->device_->line(); };
}

void machine_device::plug(std::unique_ptr<virtio_device> device, std::uint64_t seed) {
    random_.seed(seed);
    next_ns_ = UINT64_MAX;
    served_ = 0;
    device_ = std::move(device);
}

// A register was written, or the time has come that was asked for.
std::uint64_t machine_device::run(std::uint64_t now_ns) {
    const std::uint64_t notified = device_->notified;
    if (next_ns_ <= now_ns) {
        next_ns_ = UINT64_MAX;
        device_->run(1 + static_cast<std::uint32_t>(random_() % at_once_max));
        if (device_->power_went()) {
            sim_power_cut();
        }
    }
    if (next_ns_ == UINT64_MAX && (device_->busy() || notified != served_)) {
        next_ns_ = now_ns + 1 + random_() % delay_ns_max;
    }
    served_ = notified;
    return next_ns_;
}

}  // namespace sim_devices
