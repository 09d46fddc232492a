// tools/statefs/power_cut.cc: see power_cut.h.
#include "tools/statefs/power_cut.h"

#include <cstring>

namespace statefs_tool {

namespace {

constexpr std::size_t WORD_BYTES = 8;

void tear(dice &rolled, std::uint8_t *to, const std::uint8_t *from) {
    const bool garbage = rolled.below(4) == 0;
    for (std::size_t i = 0; i < DISK_SECTOR_BYTES; i += WORD_BYTES) {
        if (rolled.below(2) == 0) {
            std::memcpy(to + i, from + i, WORD_BYTES);
        } else if (garbage) {
            const std::uint64_t word = rolled.next();
            std::memcpy(to + i, &word, WORD_BYTES);
        }
    }
}

}  // namespace

fates settle(dice &rolled, const unflushed &written, std::vector<std::uint8_t> &disk) {
    fates decided;
    for (const auto &[sector, bytes] : written) {
        std::uint8_t *to = &disk[sector * DISK_SECTOR_BYTES];
        const std::uint64_t fate = rolled.below(3);
        if (fate == 0) {
            std::memcpy(to, bytes.data(), DISK_SECTOR_BYTES);
            decided.kept++;
        } else if (fate == 1) {
            tear(rolled, to, bytes.data());
            decided.torn++;
        } else {
            decided.lost++;
        }
    }
    return decided;
}

cut cut_disk(const write_log &log, std::uint64_t seed, std::vector<std::uint8_t> &disk) {
    dice rolled(seed);
    cut made;
    made.entries = rolled.below(log.entries.size() + 1);
    for (std::size_t i = 0; i < made.entries; i++) {
        made.flushed = log.entries[i].is_flush ? i + 1 : made.flushed;
    }
    unflushed later;
    disk.assign(log.disk_sectors * DISK_SECTOR_BYTES, 0);
    for (std::size_t i = 0; i < made.entries; i++) {
        const log_entry &one = log.entries[i];
        const std::uint8_t *from = log.bytes_of(one);
        for (std::uint64_t k = 0; k < one.sectors; k++, from += DISK_SECTOR_BYTES) {
            if (i < made.flushed) {
                std::memcpy(&disk[(one.sector + k) * DISK_SECTOR_BYTES], from, DISK_SECTOR_BYTES);
            } else {
                later[one.sector + k].assign(from, from + DISK_SECTOR_BYTES);
            }
        }
    }
    made.later = settle(rolled, later, disk);
    return made;
}

}  // namespace statefs_tool
