// tools/trace/events.h: the events of a run (kernel/abi/stats.h) as the kernel left them in memory,
// and the names of its tasks.
// Units:     nanoseconds since boot.
// Ownership: plain values.
// Errors:    std::runtime_error with what is wrong and where.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernel/abi/stats.h"

namespace trace {

// The rings of all harts, one behind the other in any order: records of 32 bytes, those with kind 0
// are empty. In the order of time; those of one hart in the order in which they happened.
std::vector<trace_event> events_of(const std::vector<std::uint8_t> &rings);

// From a service_id to a name, of the services and programs in a boot image
// (kernel/abi/boot_image.h, kernel/abi/manifest.h).
std::map<std::uint64_t, std::string> names_of(const std::vector<std::uint8_t> &boot_image);

}  // namespace trace
