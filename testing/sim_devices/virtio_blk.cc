// testing/sim_devices/virtio_blk.cc: see virtio_blk.h.
#include "testing/sim_devices/virtio_blk.h"

#include <algorithm>
#include <cstring>

namespace sim_devices {
namespace {

constexpr std::uint32_t FEATURES_OK = 8;
constexpr std::uint32_t DRIVER_OK = 4;
constexpr std::uint16_t NEXT = 1;
constexpr std::uint16_t WRITE = 2;
constexpr std::uint32_t CHAIN_MAX = 64;
enum type : std::uint32_t { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4 };
enum result : std::uint8_t { DONE = 0, IOERR = 1, UNSUPP = 2 };

void set_half(std::uint64_t *word, bool high, std::uint32_t value) {
    const std::uint64_t kept = high ? *word & 0xffffffff : *word & ~std::uint64_t{0xffffffff};
    *word = kept | static_cast<std::uint64_t>(value) << (high ? 32 : 0);
}

}  // namespace

void virtio_blk::fault(const std::string &text) {
    faults_.push_back(text);
}

bool virtio_blk::one_in(std::uint32_t count) {
    return count != 0 && random_() % count == 0;
}

std::uint8_t *virtio_blk::memory(std::uint64_t address, std::uint64_t bytes) {
    const std::uint64_t offset = address - physical_;
    if (address < physical_ || offset > arena_bytes_ || bytes > arena_bytes_ - offset) {
        fault("touches memory outside the arena");
        return nullptr;
    }
    return arena_ + offset;
}

std::uint16_t virtio_blk::load16(std::uint64_t address) {
    std::uint16_t value = 0;
    if (const std::uint8_t *at = memory(address, sizeof(value))) {
        std::memcpy(&value, at, sizeof(value));
    }
    return value;
}

void virtio_blk::store16(std::uint64_t address, std::uint16_t value) {
    if (std::uint8_t *at = memory(address, sizeof(value))) {
        std::memcpy(at, &value, sizeof(value));
    }
}

void virtio_blk::store32(std::uint64_t address, std::uint32_t value) {
    if (std::uint8_t *at = memory(address, sizeof(value))) {
        std::memcpy(at, &value, sizeof(value));
    }
}

std::uint32_t virtio_blk::config(std::uint32_t at) const {
    const std::uint64_t capacity = image_->sectors();
    switch (at) {
        case 0:
            return static_cast<std::uint32_t>(capacity);
        case 4:
            return static_cast<std::uint32_t>(capacity >> 32);
        case 8:
            return options.size_max;
        case 20:
            return options.blk_size;
        default:
            return 0;
    }
}

std::uint32_t virtio_blk::read32(std::uint32_t at) {
    if (at >= 0x100) {
        return config(at - 0x100);
    }
    switch (at) {
        case 0x000:
            return options.magic;
        case 0x004:
            return options.version;
        case 0x008:
            return options.device_id;
        case 0x010:
            return static_cast<std::uint32_t>(device_select_ == 0 ? options.offers
                                                                  : options.offers >> 32);
        case 0x034:
            return options.queue_size_max;
        case 0x044:
            return queue_ready_;
        case 0x060:
            return reasons_;
        case 0x070:
            return status_;
        case 0x0fc:
            return 0;
        default:
            fault("reads register " + std::to_string(at));
            return 0;
    }
}

void virtio_blk::reset() {
    status_ = 0;
    features_ = 0;
    queue_ready_ = 0;
    reasons_ = 0;
    fetched_ = 0;
    used_ = 0;
    pending_.clear();
    hung_.clear();
}

// Section 2.1.
void virtio_blk::set_status(std::uint32_t value) {
    if (value == 0) {
        if (options.resets) {
            for (const request &one : pending_) {
                write_some(one);
            }
            for (const request &one : hung_) {
                write_some(one);
            }
            if (options.reset_forgets) {
                image_->forget_some(random_);
            }
            resets++;
            reset();
        }
        return;
    }
    if ((value & DRIVER_OK) != 0 && (status_ & FEATURES_OK) == 0) {
        fault("starts without features");
    }
    status_ = value;
}

void virtio_blk::write32(std::uint32_t at, std::uint32_t value) {
    switch (at) {
        case 0x014:
            device_select_ = value;
            return;
        case 0x020:
            set_half(&features_, driver_select_ != 0, value);
            return;
        case 0x024:
            driver_select_ = value;
            return;
        case 0x030:
            return;
        case 0x038:
            queue_size_ = value;
            return;
        case 0x044:
            queue_ready_ = value;
            return;
        case 0x050:
            notified++;
            if ((status_ & DRIVER_OK) == 0) {
                fault("notifies a device that was not started");
            }
            return;
        case 0x064:
            reasons_ &= ~value;
            return;
        case 0x070:
            set_status(value);
            return;
        case 0x080:
        case 0x084:
            set_half(&descriptors_, at == 0x084, value);
            return;
        case 0x090:
        case 0x094:
            set_half(&driver_, at == 0x094, value);
            return;
        case 0x0a0:
        case 0x0a4:
            set_half(&device_, at == 0x0a4, value);
            return;
        default:
            fault("writes register " + std::to_string(at));
    }
}

// Section 5.2.6: a header that is read, data, a status that is written.
bool virtio_blk::read_chain(std::uint16_t head, request *out) {
    std::vector<segment> segments;
    std::uint16_t index = head;
    bool more = true;
    while (more && segments.size() < CHAIN_MAX && index < queue_size_) {
        const std::uint8_t *at = memory(descriptors_ + 16u * index, 16);
        if (at == nullptr) {
            return false;
        }
        std::uint64_t address = 0;
        std::uint32_t count = 0;
        std::uint16_t flags = 0;
        std::memcpy(&address, at, 8);
        std::memcpy(&count, at + 8, 4);
        std::memcpy(&flags, at + 12, 2);
        std::memcpy(&index, at + 14, 2);
        std::uint8_t *bytes = memory(address, count);
        if (bytes == nullptr) {
            return false;
        }
        segments.push_back({bytes, count, (flags & WRITE) != 0});
        more = (flags & NEXT) != 0;
    }
    if (more || segments.size() < 2 || segments.front().count != 16 || segments.front().writable ||
        segments.back().count != 1 || !segments.back().writable) {
        fault("a chain that is no request");
        return false;
    }
    *out = request{};
    out->head = head;
    std::memcpy(&out->type, segments.front().bytes, 4);
    std::memcpy(&out->sector, segments.front().bytes + 8, 8);
    out->status = segments.back().bytes;
    out->data.assign(segments.begin() + 1, segments.end() - 1);
    for (const segment &one : out->data) {
        out->bytes += one.count;
        if (one.writable != (out->type == TYPE_IN)) {
            fault("data of the wrong direction");
        }
    }
    return true;
}

// What the driver has made available.
void virtio_blk::fetch() {
    if ((status_ & DRIVER_OK) == 0 || queue_ready_ == 0) {
        return;
    }
    const std::uint16_t available = load16(driver_ + 2);
    if (static_cast<std::uint16_t>(available - fetched_) > queue_size_) {
        fault("more chains than the queue has");
        return;
    }
    while (fetched_ != available) {
        request one;
        if (read_chain(load16(driver_ + 4 + 2 * (fetched_ % queue_size_)), &one)) {
            (one_in(options.hangs) ? hung_ : pending_).push_back(one);
        }
        fetched_++;
    }
    // Section 2.7.7: tell of the next one.
    store16(device_ + 4 + 8 * queue_size_, fetched_);
}

// One step of those after which the power goes; false: it has gone.
bool virtio_blk::step() {
    power_went_ = power_went_ || options.cut_after == 0;
    options.cut_after -= power_went_ || options.cut_after == UINT64_MAX ? 0 : 1;
    return !power_went_;
}

std::uint32_t virtio_blk::transfer(const request &one) {
    std::uint64_t at = one.sector;
    for (const segment &part : one.data) {
        for (std::uint32_t done = 0; done < part.count; done += SECTOR_BYTES, at++) {
            sector bytes;
            if (one.type == TYPE_IN) {
                bytes = image_->read(at);
                std::memcpy(part.bytes + done, bytes.data(), SECTOR_BYTES);
            } else if (step()) {
                std::memcpy(bytes.data(), part.bytes + done, SECTOR_BYTES);
                image_->write(at, bytes);
            }
        }
    }
    return one.type == TYPE_IN ? one.bytes + 1 : 1;
}

// A write that does not come to its end: any of its sectors may have been written.
void virtio_blk::write_some(const request &one) {
    std::uint64_t at = one.sector;
    for (const segment &part : one.data) {
        for (std::uint32_t done = 0; one.type == TYPE_OUT && done < part.count;
             done += SECTOR_BYTES, at++) {
            sector bytes;
            std::memcpy(bytes.data(), part.bytes + done, SECTOR_BYTES);
            if (at < image_->sectors() && one_in(2)) {
                image_->write(at, bytes);
            }
        }
    }
}

// How many bytes it wrote.
std::uint32_t virtio_blk::finish(const request &one) {
    const bool known = one.type == TYPE_IN || one.type == TYPE_OUT || one.type == TYPE_FLUSH;
    const std::uint32_t fails = one.type == TYPE_IN    ? options.read_fails
                                : one.type == TYPE_OUT ? options.write_fails
                                                       : options.flush_fails;
    const std::uint64_t units = options.blk_size / SECTOR_BYTES;
    *one.status = DONE;
    if (!known || (one.type == TYPE_FLUSH && (features_ & BLK_F_FLUSH) == 0)) {
        fault("a request of an unknown type");
        *one.status = UNSUPP;
        return 1;
    }
    if (one.type != TYPE_FLUSH && (one.bytes == 0 || one.bytes % options.blk_size != 0 ||
                                   one.sector % units != 0 || one.sector > image_->sectors() ||
                                   one.bytes / SECTOR_BYTES > image_->sectors() - one.sector ||
                                   (one.type == TYPE_OUT && (options.offers & BLK_F_RO) != 0))) {
        fault("a request that is not of this disk");
        *one.status = IOERR;
        return 1;
    }
    if (one_in(fails)) {
        write_some(one);
        if (one.type == TYPE_FLUSH) {
            image_->forget_some(random_);
        }
        *one.status = IOERR;
        return 1;
    }
    if (one.type == TYPE_FLUSH) {
        if (step()) {
            image_->flush();
        }
        return 1;
    }
    const std::uint32_t written = transfer(one);
    return one.type == TYPE_IN && one_in(options.short_reads) ? written / 2 : written;
}

// Section 2.7.8, and 2.7.7 for whether the line goes up.
void virtio_blk::use(std::uint32_t id, std::uint32_t written) {
    const std::uint64_t entry = device_ + 4 + 8 * (used_ % queue_size_);
    store32(entry, id);
    store32(entry + 4, written);
    const std::uint16_t event = load16(driver_ + 4 + 2 * queue_size_);
    const bool wanted = (features_ & F_EVENT_IDX) == 0 || event == used_;
    used_++;
    store16(device_ + 2, used_);
    if (wanted) {
        interrupts += reasons_ == 0;
        reasons_ |= 1;
    }
}

void virtio_blk::run(std::uint32_t most) {
    fetch();
    while (most > 0 && !pending_.empty() && !power_went_) {
        const auto which = static_cast<std::ptrdiff_t>(random_() % pending_.size());
        const request one = pending_[static_cast<std::size_t>(which)];
        pending_.erase(pending_.begin() + which);
        const std::uint32_t written = finish(one);
        use(one_in(options.used_nonsense) ? one.head + 1u : one.head, written);
        finished++;
        most--;
    }
}

void virtio_blk::power_cut() {
    fetch();
    for (const request &one : pending_) {
        write_some(one);
    }
    for (const request &one : hung_) {
        write_some(one);
    }
    image_->power_cut(random_, options.tears);
    power_went_ = false;
    options.cut_after = UINT64_MAX;
    reset();
}

}  // namespace sim_devices
