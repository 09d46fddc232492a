// testing/system_sim/image_part.h: a part of a disk image as a disk of its own, for code of
// services that runs outside of the simulation: before the first boot, and after the last.
// Units:     sectors.
// Ownership: the image outlives the part, and that the disk made from it.
// Errors:    none.
#pragma once

#include <algorithm>
#include <cstdint>

#include "services/statefsd/disk.h"
#include "testing/sim_devices/disk_image.h"

namespace systemsim {

class image_part {
  public:
    image_part(sim_devices::disk_image &image, std::uint64_t first, std::uint64_t sectors)
        : image_(image), first_(first), sectors_(sectors) {}

    struct disk disk() {
        return {this, sectors_, read, write, flush};
    }

  private:
    static image_part &self(void *context) {
        return *static_cast<image_part *>(context);
    }
    static disk_status read(void *context, std::uint64_t at, std::uint32_t count,
                            std::uint8_t *bytes) {
        for (std::uint32_t i = 0; i < count; i++) {
            const sim_devices::sector one =
                self(context).image_.read(self(context).first_ + at + i);
            std::copy(one.begin(), one.end(), bytes + std::size_t{i} * DISK_SECTOR_BYTES);
        }
        return DISK_OK;
    }
    static disk_status write(void *context, std::uint64_t at, std::uint32_t count,
                             const std::uint8_t *bytes) {
        for (std::uint32_t i = 0; i < count; i++) {
            sim_devices::sector one;
            std::copy_n(bytes + std::size_t{i} * DISK_SECTOR_BYTES, one.size(), one.begin());
            self(context).image_.write(self(context).first_ + at + i, one);
        }
        return DISK_OK;
    }
    static disk_status flush(void *context) {
        self(context).image_.flush();
        return DISK_OK;
    }

    sim_devices::disk_image &image_;
    std::uint64_t first_;
    std::uint64_t sectors_;
};

}  // namespace systemsim
