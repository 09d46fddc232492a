// testing/sim_devices/machine_device.h: a virtio device in the simulated machine (kernel/arch/sim):
// its registers, its interrupts, its delays.
//
// Whoever links this has the registers of drivers (runtime/mmio.h): one device at a time.
// Units:     nanoseconds of virtual time.
// Ownership: the device is what a derived class has powered on.
#pragma once

#include <memory>

#include "kernel/arch/sim/sim.h"
#include "testing/sim_devices/virtio_device.h"

namespace sim_devices {

class machine_device {
  public:
    // For sim_options, before sim_run.
    const sim_device_model *model() const {
        return &model_;
    }

    std::uint64_t delay_ns_max = 60000;  // Between two times that it finishes something.
    std::uint32_t at_once_max = 3;       // Requests that it finishes then.

  protected:
    machine_device();
    ~machine_device() = default;
    // The model has its address.
    machine_device(const machine_device &) = delete;
    machine_device &operator=(const machine_device &) = delete;

    void plug(std::unique_ptr<virtio_device> device, std::uint64_t seed);

  private:
    std::uint64_t run(std::uint64_t now_ns);

    sim_device_model model_;
    random_source random_;
    std::uint64_t next_ns_ = UINT64_MAX;
    std::uint64_t served_ = 0;  // Of what it was notified of.
    std::unique_ptr<virtio_device> device_;
};

}  // namespace sim_devices
