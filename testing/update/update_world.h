// testing/update/update_world.h: what tests of updated stand on: a disk whose power goes, memory
// that somebody else can write until it is sealed, a floor, keys and signed bundles.
// Units: bytes. Ownership: plain values; the world outlives the struct updated. Errors: none.
#pragma once

#include <sodium/crypto_sign_ed25519.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

#include "services/execd/bundle.h"
#include "services/updated/updated.h"
#include "testing/statefs/memory_disk.h"

namespace update_test {

constexpr std::uint64_t kHealth = 0x8000000000000001;
constexpr std::uint64_t kSlotBytes = 4 * SYSTEM_PAGE_BYTES;
constexpr std::uint64_t kSlotsAt = std::uint64_t{CONTROL_SECTORS} * DISK_SECTOR_BYTES;
constexpr std::uint64_t kDiskSectors =
    CONTROL_SECTORS + UPDATE_SLOTS * kSlotBytes / DISK_SECTOR_BYTES;

struct key_pair {
    system_key open;
    std::uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
};

inline key_pair key_of(std::uint8_t seed) {
    key_pair key;
    std::uint8_t bytes[crypto_sign_ed25519_SEEDBYTES];
    std::memset(bytes, seed, sizeof(bytes));
    crypto_sign_ed25519_seed_keypair(key.open.bytes, key.secret, bytes);
    return key;
}

inline void sign(std::vector<std::uint8_t> &bytes, const key_pair &key) {
    system_header header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    std::memcpy(header.signer, key.open.bytes, sizeof(header.signer));
    crypto_sign_ed25519_detached(header.signature, nullptr,
                                 reinterpret_cast<const std::uint8_t *>(&header),
                                 SYSTEM_SIGNED_BYTES, key.secret);
    std::memcpy(bytes.data(), &header, sizeof(header));
}

// A bundle whose programs are no programs: updated does not look at them, but counts them.
inline std::vector<std::uint8_t> system_of(std::uint64_t version, std::uint64_t pages = 2,
                                           std::uint8_t seed = 1, std::uint32_t programs = 1) {
    std::vector<std::uint8_t> bytes((1 + pages) * SYSTEM_PAGE_BYTES);
    statefs_test::dice dice(version);
    for (std::size_t i = SYSTEM_PAGE_BYTES; i < bytes.size(); i++) {
        bytes[i] = static_cast<std::uint8_t>(dice.next());
    }
    std::memcpy(&bytes[SYSTEM_PAGE_BYTES + offsetof(bundle_header, program_count)], &programs,
                sizeof(programs));
    system_header header = {};
    header.magic = SYSTEM_MAGIC;
    header.version = version;
    header.payload_bytes = pages * SYSTEM_PAGE_BYTES;
    header.health = kHealth;
    system_hash(bytes.data() + SYSTEM_PAGE_BYTES, header.payload_bytes, header.hash);
    std::memcpy(bytes.data(), &header, sizeof(header));
    sign(bytes, key_of(seed));
    return bytes;
}

class world {
  public:
    explicit world(std::uint64_t seed = 1, std::uint64_t sectors = kDiskSectors)
        : disk_(sectors, seed) {}
    world(const world &) = delete;
    world &operator=(const world &) = delete;

    // A new instance of the service.
    enum update_result open(enum update_plant plant = UPDATE_PLANT_NONE) {
        const updated_config config = {.disk = disk_.disk(),
                                       .memory = {this, window, seal},
                                       .floor = {this, get_floor, raise_floor},
                                       .key = key_of(trusted_).open,
                                       .plant = plant};
        return updated_open(&updated_, &config);
    }
    enum update_result boot(enum update_plant plant = UPDATE_PLANT_NONE) {
        const enum update_result result = open(plant);
        return result == UPDATE_OK ? updated_boot(&updated_) : result;
    }
    enum update_result stage(std::uint32_t slot, const std::vector<std::uint8_t> &bytes) {
        return updated_stage(&updated_, slot, bytes.data(), bytes.size());
    }

    statefs_test::memory_disk disk_;
    struct updated updated_ = {};
    std::uint64_t floor_ = 0;
    bool floor_down_ = false;
    bool floor_stuck_ = false;  // It is read, and does not rise.
    std::uint8_t trusted_ = 1;  // The key of the boot image.
    bool no_memory_ = false;
    bool hostile_ = false;  // Somebody writes the window as long as it can be written.
    std::vector<std::uint8_t> window_;

  private:
    static world &self(void *context) {
        return *static_cast<world *>(context);
    }
    static std::uint8_t *window(void *context, std::uint64_t bytes) {
        world &here = self(context);
        here.window_.assign(bytes, 0);
        return here.no_memory_ ? nullptr : here.window_.data();
    }
    static const std::uint8_t *seal(void *context) {
        world &here = self(context);
        if (here.hostile_) {
            here.window_[here.window_.size() / 2] ^= 1;
        }
        return here.window_.data();
    }
    static bool get_floor(void *context, std::uint64_t *version) {
        *version = self(context).floor_;
        return !self(context).floor_down_;
    }
    static bool raise_floor(void *context, std::uint64_t version) {
        world &here = self(context);
        if (here.floor_down_ || here.floor_stuck_ || here.disk_.is_cut()) {
            return false;
        }
        here.floor_ = version;
        return true;
    }
};

}  // namespace update_test
