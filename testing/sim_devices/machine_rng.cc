// testing/sim_devices/machine_rng.cc: see machine_rng.h.
#include "testing/sim_devices/machine_rng.h"

#include <utility>

namespace sim_devices {

virtio_rng &machine_rng::power_on(std::uint64_t seed, const virtio_rng_options &options) {
    const struct sim_arena arena = sim_arena();
    auto made =
        std::make_unique<virtio_rng>(arena.bytes, arena.physical, arena.byte_count, seed + 1);
    virtio_rng &device = *made;
    device.options = options;
    plug(std::move(made), seed);
    return device;
}

}  // namespace sim_devices
