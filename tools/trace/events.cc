// tools/trace/events.cc: see events.h.
#include "tools/trace/events.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/manifest.h"

namespace trace {
namespace {

constexpr std::size_t HART_COUNT_MAX = 256;  // The field has 8 bits.

template <typename T>
T read_at(const std::vector<std::uint8_t> &bytes, std::uint64_t offset, const char *what) {
    T value;
    if (offset > bytes.size() || bytes.size() - offset < sizeof(value)) {
        throw std::runtime_error(std::string("boot image: it ends within ") + what);
    }
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

// A ring is overwritten from its start on: what comes after the step back in time is the oldest.
void put_in_order(std::vector<trace_event> &ring) {
    auto step_back = std::adjacent_find(
        ring.begin(), ring.end(),
        [](const trace_event &a, const trace_event &b) { return b.time_ns < a.time_ns; });
    if (step_back != ring.end()) {
        std::rotate(ring.begin(), step_back + 1, ring.end());
    }
    for (std::size_t i = 1; i < ring.size(); i++) {
        if (ring[i].time_ns < ring[i - 1].time_ns) {
            throw std::runtime_error("trace: hart " + std::to_string(ring[i].hart) +
                                     ": times go back more than once: these are not its rings");
        }
    }
}

template <std::size_t BYTES>
std::string name_in(const char (&name)[BYTES]) {
    return {name, strnlen(name, BYTES)};
}

// Services have names of their own, and several may be of one program.
void add_services(const std::vector<std::uint8_t> &image, std::uint64_t offset,
                  std::map<std::uint64_t, std::string> &names) {
    const auto header = read_at<manifest_header>(image, offset, "its manifest");
    if (header.magic != MANIFEST_MAGIC || header.service_count > MANIFEST_SERVICE_MAX) {
        throw std::runtime_error("boot image: its manifest is none");
    }
    for (std::uint32_t i = 0; i < header.service_count; i++) {
        const auto service = read_at<manifest_service>(
            image, offset + sizeof(header) + i * sizeof(manifest_service), "its manifest");
        names[service.service_id] = name_in(service.name);
    }
}

}  // namespace

std::vector<trace_event> events_of(const std::vector<std::uint8_t> &rings) {
    if (rings.size() % sizeof(trace_event) != 0) {
        throw std::runtime_error("trace: " + std::to_string(rings.size()) +
                                 " bytes are no whole number of events");
    }
    std::vector<std::vector<trace_event>> harts(HART_COUNT_MAX);
    for (std::size_t at = 0; at < rings.size(); at += sizeof(trace_event)) {
        trace_event event;
        std::memcpy(&event, rings.data() + at, sizeof(event));
        if (event.kind >= EVENT_KIND_COUNT) {
            throw std::runtime_error("trace: byte " + std::to_string(at) +
                                     ": no kind of event: " + std::to_string(event.kind));
        }
        if (event.kind != EVENT_NONE) {
            harts[event.hart].push_back(event);
        }
    }
    std::vector<trace_event> all;
    for (std::vector<trace_event> &ring : harts) {
        put_in_order(ring);
        all.insert(all.end(), ring.begin(), ring.end());
    }
    std::stable_sort(all.begin(), all.end(), [](const trace_event &a, const trace_event &b) {
        return a.time_ns < b.time_ns;
    });
    return all;
}

std::map<std::uint64_t, std::string> names_of(const std::vector<std::uint8_t> &boot_image) {
    const auto header = read_at<boot_image_header>(boot_image, 0, "its header");
    if (header.magic != BOOT_IMAGE_MAGIC || header.entry_count > BOOT_IMAGE_ENTRY_MAX) {
        throw std::runtime_error("boot image: this is none");
    }
    std::map<std::uint64_t, std::string> names;
    for (std::uint32_t i = 0; i < header.entry_count; i++) {
        const auto entry = read_at<boot_image_entry>(
            boot_image, sizeof(header) + i * sizeof(boot_image_entry), "its table");
        if (entry.kind == BOOT_IMAGE_PROGRAM) {
            names[entry.service_id] = name_in(entry.name);
        } else if (entry.kind == BOOT_IMAGE_MANIFEST) {
            add_services(boot_image, entry.offset, names);
        }
    }
    return names;
}

}  // namespace trace
