// testing/sim_devices/machine_blk.h: a virtio block device in the simulated machine
// (machine_device.h), and a power cut that ends the run.
//
//     machine_blk blk(&image);
//     options.model = blk.model();      // Before sim_run; the same disk for each next one.
//     blk.power_on(seed, {});           // After sim_boot, before sim_run.
//     ... sim_run ...
//     blk.power_cut();
//
// Ownership: the image is the test's.
#pragma once

#include "testing/sim_devices/machine_device.h"
#include "testing/sim_devices/virtio_blk.h"

namespace sim_devices {

class machine_blk : public machine_device {
  public:
    explicit machine_blk(disk_image *image) : image_(image) {}

    // A device as after switching it on, on the arena of the machine that was booted last.
    virtio_blk &power_on(std::uint64_t seed, const virtio_blk_options &options);
    // What was out and not flushed is decided.
    void power_cut();

  private:
    disk_image *image_;
    virtio_blk *blk_ = nullptr;
};

}  // namespace sim_devices
