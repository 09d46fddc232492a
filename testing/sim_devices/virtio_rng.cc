// testing/sim_devices/virtio_rng.cc: see virtio_rng.h.
#include "testing/sim_devices/virtio_rng.h"

#include <algorithm>

namespace sim_devices {

// Section 5.4.6: a buffer that the device may write.
void virtio_rng::take(std::uint16_t head, const std::vector<segment> &segments) {
    if (segments.size() != 1 || !segments[0].writable || segments[0].count == 0) {
        fault("a chain that is no buffer for entropy");
        return;
    }
    pending_.push_back({head, segments[0]});
}

void virtio_rng::forget() {
    pending_.clear();
    fresh_ = 0;
    was_empty_ = false;
    stuck_at_ =
        one_in(options.sticks) ? options.stick_from + random_() % options.within : UINT64_MAX;
    cycle_ = one_in(2) ? 1 : 1 + static_cast<std::uint32_t>(random_() % RNG_CYCLE_MAX);
    for (std::uint8_t &byte : repeated_) {
        byte = static_cast<std::uint8_t>(random_());
    }
    dry_at_ = one_in(options.dries) ? options.dry_from + random_() % options.within : UINT64_MAX;
}

std::uint8_t virtio_rng::next() {
    const std::uint64_t at = fresh_++;
    return at >= stuck_at_ ? repeated_[at % cycle_] : static_cast<std::uint8_t>(random_());
}

// How many bytes it wrote: some at least, unless it breaks the rules.
std::uint32_t virtio_rng::fill(const segment &buffer) {
    if (one_in(options.empties)) {
        was_empty_ = true;
        return 0;
    }
    const std::uint32_t most = std::min(buffer.count, options.most);
    const auto count = static_cast<std::uint32_t>(1 + random_() % most);
    for (std::uint32_t i = 0; i < count; i++) {
        buffer.bytes[i] = next();
        given_.push_back(buffer.bytes[i]);
    }
    return count;
}

void virtio_rng::run(std::uint32_t most) {
    fetch();
    for (; most > 0 && busy(); most--) {
        const request one = pending_.front();
        pending_.pop_front();
        use(one.head, fill(one.buffer));
    }
}

}  // namespace sim_devices
