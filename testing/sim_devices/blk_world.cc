// testing/sim_devices/blk_world.cc: the registers of the world of now.
#include "testing/sim_devices/blk_world.h"

#include "runtime/mmio.h"

namespace blk_world {

sim_devices::virtio_blk *registers;

}  // namespace blk_world

std::uint32_t sim_mmio_read32(std::uint64_t address) {
    return blk_world::registers->read32(
        static_cast<std::uint32_t>(address - blk_world::WINDOW_ADDRESS));
}

void sim_mmio_write32(std::uint64_t address, std::uint32_t value) {
    blk_world::registers->write32(static_cast<std::uint32_t>(address - blk_world::WINDOW_ADDRESS),
                                  value);
}
