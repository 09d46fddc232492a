// testing/update/cuts.cc: a disk that a machine wrote while its system was updated, as it would be
// had the power gone at any point. QEMU's blklogwrites has logged every write and flush of a boot
// of the image `update_second` that begins with the disk BASE. For each seed a point of the log is
// chosen: what was written before the last flush is there; of what was written after it each sector
// is there, or not, or torn. Then the services' own code boots that disk, again and again and
// without anybody who confirms: it always starts something that is signed and not below the floor
// that statefsd has, and in the end something that was confirmed. Exit status: 0 if so for all
// seeds, 1 if not, 2 if that is no whole log.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "ipc/types.h"
#include "services/statefsd/statefs.h"
#include "services/updated/updated.h"
#include "testing/statefs/memory_disk.h"

namespace {

using statefs_test::dice;
using statefs_test::memory_disk;

constexpr std::uint64_t LOG_MAGIC = 0x6a736677736872;
constexpr std::uint64_t LOG_FLUSH = 1;
constexpr std::size_t SECTOR = DISK_SECTOR_BYTES;
constexpr std::size_t ENTRIES_MIN = 30;
// Of images/update.manifest.
constexpr std::uint64_t STATE_SECTORS = 4096;
constexpr std::uint64_t UPDATE_SECTORS = 256;

using bytes = std::vector<std::uint8_t>;

struct entry {
    std::uint64_t sector;
    std::uint64_t sectors;
    bool flush;
    const std::uint8_t *data;
};

std::uint64_t u64_at(const std::uint8_t *at) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, sizeof(value));
    return value;
}

// Empty: no such log.
std::vector<entry> entries_of(const bytes &log) {
    std::vector<entry> entries;
    if (log.size() < 2 * SECTOR || u64_at(log.data()) != LOG_MAGIC) {
        return entries;
    }
    for (std::size_t at = SECTOR; at + SECTOR <= log.size();) {
        const std::uint8_t *head = &log[at];
        const std::uint64_t sectors = u64_at(head + 8);
        const bool flush = (u64_at(head + 16) & LOG_FLUSH) != 0;
        at += SECTOR;
        if ((sectors == 0 && !flush) || sectors * SECTOR > log.size() - at) {
            break;  // The end.
        }
        entries.push_back({u64_at(head), sectors, flush, head + SECTOR});
        at += sectors * SECTOR;
    }
    return entries;
}

// A part of a disk, as virtioblkd shows it.
struct part {
    struct disk whole;
    std::uint64_t first;
    std::uint64_t sectors;

    struct disk disk() {
        return {this, sectors, read, write, flush};
    }
    static enum disk_status read(void *context, std::uint64_t sector, std::uint32_t count,
                                 std::uint8_t *to) {
        const part *here = static_cast<part *>(context);
        return here->whole.read(here->whole.context, here->first + sector, count, to);
    }
    static enum disk_status write(void *context, std::uint64_t sector, std::uint32_t count,
                                  const std::uint8_t *from) {
        const part *here = static_cast<part *>(context);
        return here->whole.write(here->whole.context, here->first + sector, count, from);
    }
    static enum disk_status flush(void *context) {
        const part *here = static_cast<part *>(context);
        return here->whole.flush(here->whole.context);
    }
};

// The floor as statefsd would answer.
bool floor_of(const struct disk &whole, std::uint64_t *out) {
    part own{whole, 0, STATE_SECTORS};
    const statefs_config config = {.disk = own.disk(),
                                   .key = {},
                                   .entries = STATE_ENTRIES_MAX,
                                   .quotas = nullptr,
                                   .quota_count = 0,
                                   .accept_damage = false,
                                   .plant = STATE_PLANT_NONE};
    const auto fs = std::make_unique<statefs>();
    state_report report = {};
    if (statefs_mount(fs.get(), &config, &report) != MOUNT_OK) {
        return false;
    }
    const char name[] = "floor";
    const state_entry *found =
        state_table_find(&fs->table, service_id_named("updated").value,
                         {reinterpret_cast<const std::uint8_t *>(name), sizeof(name) - 1});
    *out = found == nullptr ? 0 : u64_at(found->value);
    return true;
}

// What a boot finds around it.
struct around {
    bytes window;
    std::uint64_t floor = 0;
    bool floor_known = false;

    static std::uint8_t *open(void *context, std::uint64_t count) {
        around *here = static_cast<around *>(context);
        here->window.assign(count, 0);
        return here->window.data();
    }
    static const std::uint8_t *seal(void *context) {
        return static_cast<around *>(context)->window.data();
    }
    static bool get(void *context, std::uint64_t *version) {
        *version = static_cast<around *>(context)->floor;
        return static_cast<around *>(context)->floor_known;
    }
    static bool raise(void *context, std::uint64_t version) {
        static_cast<around *>(context)->floor = version;
        return true;
    }
};

struct figures {
    std::uint64_t by_version[3];
    std::uint64_t trials;
};

// Boots it until nothing is on trial. Empty: as it must be.
std::string boot(const struct disk &whole, const system_key &key, figures &seen) {
    around outside;
    part own{whole, STATE_SECTORS, UPDATE_SECTORS};
    outside.floor_known = floor_of(whole, &outside.floor);
    const updated_config config = {.disk = own.disk(),
                                   .memory = {&outside, around::open, around::seal},
                                   .floor = {&outside, around::get, around::raise},
                                   .key = key,
                                   .plant = UPDATE_PLANT_NONE};
    const auto service = std::make_unique<updated>();
    for (std::uint32_t i = 0; i <= UPDATE_TRIES_MAX; i++) {
        enum update_result result = updated_open(service.get(), &config);
        if (result == UPDATE_OK) {
            result = updated_boot(service.get());
        }
        if (result != UPDATE_OK) {
            return update_result_text(result);
        }
        // Version 3 is staged, and nobody confirms it.
        const std::uint64_t newest = service->running.trial ? 3 : 2;
        if (service->running.version < outside.floor || service->running.version < 1 ||
            service->running.version > newest) {
            return "what runs is below the floor, or was never " +
                   std::string(service->running.trial ? "staged" : "confirmed");
        }
        if (!service->running.trial) {
            seen.by_version[service->running.version]++;
            return "";
        }
        seen.trials++;
    }
    return "it is on trial for ever";
}

struct case_file {
    bytes base;
    std::vector<entry> entries;
    system_key key;
    bool forget_flushes;
};

std::string run(const case_file &with, std::uint64_t seed, figures &seen) {
    const std::vector<entry> &entries = with.entries;
    memory_disk disk(with.base.size() / SECTOR, seed);
    dice rolled(seed);
    disk.bytes() = with.base;
    const struct disk device = disk.disk();
    const std::size_t cut = rolled.below(entries.size() + 1);
    for (std::size_t i = 0; i < cut; i++) {
        for (std::uint64_t k = 0; k < entries[i].sectors; k++) {
            (void)device.write(device.context, entries[i].sector + k, 1,
                               entries[i].data + k * SECTOR);
        }
        if (entries[i].flush && !with.forget_flushes) {
            (void)device.flush(device.context);
        }
    }
    disk.cut_now();
    disk.power_on();
    const std::string wrong = boot(device, with.key, seen);
    return wrong.empty() ? "" : "power off after " + std::to_string(cut) + ": " + wrong;
}

bool read(const std::string &path, bytes &out) {
    std::ifstream file(path, std::ios::binary);
    out.assign(std::istreambuf_iterator<char>(file), {});
    return file.is_open();
}

}  // namespace

int main(int argc, char **argv) {
    std::string log_path;
    std::string base_path;
    std::string key_path;
    std::uint64_t seeds = 200;
    bool forget_flushes = false;
    CLI::App app{"Cuts the power of a disk whose system was being updated."};
    app.add_option("log", log_path, "what the disk was told (--disk-log)")->required();
    app.add_option("--base", base_path, "the disk as it was before")->required();
    app.add_option("--key", key_path, "the public key that is trusted")->required();
    app.add_option("--seeds", seeds, "how many points");
    app.add_flag("--forget-flushes", forget_flushes, "a disk that ignores them");
    CLI11_PARSE(app, argc, argv);
    bytes log;
    bytes open;
    case_file with = {};
    if (!read(log_path, log) || !read(base_path, with.base) || !read(key_path, open) ||
        open.size() != sizeof(with.key.bytes) ||
        with.base.size() < (STATE_SECTORS + UPDATE_SECTORS) * SECTOR) {
        std::cout << "cuts: a file is missing, or is none\n";
        return 2;
    }
    std::memcpy(with.key.bytes, open.data(), sizeof(with.key.bytes));
    with.forget_flushes = forget_flushes;
    with.entries = entries_of(log);
    if (with.entries.size() < ENTRIES_MIN) {
        std::cout << "cuts: " << log_path << ": " << with.entries.size()
                  << " entries: no log, or a short one\n";
        return 2;
    }
    figures seen = {};
    for (std::uint64_t seed = 1; seed <= seeds; seed++) {
        const std::string wrong = run(with, seed, seen);
        if (!wrong.empty()) {
            std::cout << "cuts: seed " << seed << ": " << wrong << "\n";
            return 1;
        }
    }
    std::cout << "cuts: " << with.entries.size() << " entries, " << seeds << " points: version 1 "
              << seen.by_version[1] << " times, version 2 " << seen.by_version[2] << ", "
              << seen.trials << " trials\n";
    return seen.by_version[1] != 0 && seen.by_version[2] != 0 ? 0 : 1;
}
