// testing/sim_devices/machine_blk.cc: see machine_blk.h.
#include "testing/sim_devices/machine_blk.h"

#include <utility>

namespace sim_devices {

virtio_blk &machine_blk::power_on(std::uint64_t seed, const virtio_blk_options &options) {
    const struct sim_arena arena = sim_arena();
    auto made = std::make_unique<virtio_blk>(image_, arena.bytes, arena.physical, arena.byte_count,
                                             seed + 1);
    blk_ = made.get();
    blk_->options = options;
    plug(std::move(made), seed);
    return *blk_;
}

void machine_blk::power_cut() {
    blk_->power_cut();
}

}  // namespace sim_devices
