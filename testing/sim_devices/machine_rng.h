// testing/sim_devices/machine_rng.h: a virtio entropy device in the simulated machine
// (machine_device.h). The kernel there calls its device with an arena a block device; the
// registers say what it is.
#pragma once

#include "testing/sim_devices/machine_device.h"
#include "testing/sim_devices/virtio_rng.h"

namespace sim_devices {

class machine_rng : public machine_device {
  public:
    // After sim_boot, before sim_run: as after switching it on, on the arena of that machine.
    virtio_rng &power_on(std::uint64_t seed, const virtio_rng_options &options);
};

}  // namespace sim_devices
