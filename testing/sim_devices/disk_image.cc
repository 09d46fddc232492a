// testing/sim_devices/disk_image.cc: see disk_image.h.
#include "testing/sim_devices/disk_image.h"

#include <cstring>

namespace sim_devices {

sector disk_image::durable(std::uint64_t at) const {
    const auto found = durable_.find(at);
    return found == durable_.end() ? sector{} : found->second;
}

sector disk_image::read(std::uint64_t at) const {
    const auto found = cache_.find(at);
    const auto forgotten = forgotten_.find(at);
    if (found != cache_.end()) {
        return found->second.back();
    }
    return forgotten != forgotten_.end() ? forgotten->second : durable(at);
}

void disk_image::write(std::uint64_t at, const sector &bytes) {
    cache_[at].push_back(bytes);
    forgotten_.erase(at);
}

void disk_image::flush() {
    for (const auto &[at, versions] : cache_) {
        durable_[at] = versions.back();
    }
    cache_.clear();
}

void disk_image::forget_some(random_source &random) {
    for (auto at = cache_.begin(); at != cache_.end();) {
        if (random() % 2 == 0) {
            forgotten_[at->first] = at->second.back();
            at = cache_.erase(at);
        } else {
            at++;
        }
    }
}

// Each of its words is the old one, that of a write, or neither.
static sector torn(const sector &old, const std::vector<sector> &versions, random_source &random) {
    sector made = old;
    const bool garbage = random() % 4 == 0;
    for (std::size_t i = 0; i < SECTOR_BYTES; i += 8) {
        const std::uint64_t which = random() % (versions.size() + 1);
        const std::uint64_t word = random();
        if (which != 0) {
            std::memcpy(&made[i], &versions[which - 1][i], 8);
        } else if (garbage) {
            std::memcpy(&made[i], &word, 8);
        }
    }
    return made;
}

void disk_image::power_cut(random_source &random, std::uint32_t tears) {
    for (const auto &[at, versions] : cache_) {
        if (tears != 0 && random() % tears == 0) {
            durable_[at] = torn(durable(at), versions, random);
            continue;
        }
        const std::uint64_t which = random() % (versions.size() + 1);
        if (which != 0) {
            durable_[at] = versions[which - 1];
        }
    }
    cache_.clear();
    forgotten_.clear();
}

}  // namespace sim_devices
