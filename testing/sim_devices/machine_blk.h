// testing/sim_devices/machine_blk.h: a virtio block device in the simulated machine
// (kernel/arch/sim): its registers, its interrupts, its delays, and a power cut that ends the run.
//
//     machine_blk blk(&image);
//     options.model = blk.model();      // Before sim_run; the same disk for each next one.
//     blk.power_on(seed, {});           // After sim_boot, before sim_run.
//     ... sim_run ...
//     blk.power_cut();
//
// Whoever links this has the registers of drivers (runtime/mmio.h): one device at a time.
// Units:     nanoseconds of virtual time.
// Ownership: the image is the test's.
#pragma once

#include <memory>

#include "kernel/arch/sim/sim.h"
#include "testing/sim_devices/virtio_blk.h"

namespace sim_devices {

class machine_blk {
  public:
    explicit machine_blk(disk_image *image);

    const sim_device_model *model() const {
        return &model_;
    }
    // A device as after switching it on, on the arena of the machine that was booted last.
    virtio_blk &power_on(std::uint64_t seed, const virtio_blk_options &options);
    // What was out and not flushed is decided.
    void power_cut();

    std::uint64_t delay_ns_max = 60000;  // Between two times that it finishes something.
    std::uint32_t at_once_max = 3;       // Requests that it finishes then.

  private:
    std::uint64_t run(std::uint64_t now_ns);

    sim_device_model model_;
    disk_image *image_;
    random_source random_;
    std::uint64_t next_ns_ = UINT64_MAX;
    std::uint64_t served_ = 0;  // Of what it was notified of.
    std::unique_ptr<virtio_blk> device_;
};

}  // namespace sim_devices
