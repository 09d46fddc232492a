// testing/sim_devices/virtio_blk.cc: see virtio_blk.h.
#include "testing/sim_devices/virtio_blk.h"

#include <cstring>

namespace sim_devices {
namespace {

enum type : std::uint32_t { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4 };
enum result : std::uint8_t { DONE = 0, IOERR = 1, UNSUPP = 2 };

}  // namespace

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

void virtio_blk::forget() {
    pending_.clear();
    hung_.clear();
}

void virtio_blk::abandon() {
    write_what_is_out();
    if (options.reset_forgets) {
        image_->forget_some(random_);
    }
}

// Section 5.2.6: a header that is read, data, a status that is written.
bool virtio_blk::read_request(std::uint16_t head, const std::vector<segment> &segments,
                              request *out) {
    if (segments.size() < 2 || segments.front().count != 16 || segments.front().writable ||
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

void virtio_blk::take(std::uint16_t head, const std::vector<segment> &segments) {
    request one;
    if (read_request(head, segments, &one)) {
        (one_in(options.hangs) ? hung_ : pending_).push_back(one);
    }
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

void virtio_blk::write_what_is_out() {
    for (const std::vector<request> *requests : {&pending_, &hung_}) {
        for (const request &one : *requests) {
            write_some(one);
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
    if (!known || (one.type == TYPE_FLUSH && (features() & BLK_F_FLUSH) == 0)) {
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
    write_what_is_out();
    image_->power_cut(random_, options.tears);
    power_went_ = false;
    options.cut_after = UINT64_MAX;
    reset();
}

}  // namespace sim_devices
