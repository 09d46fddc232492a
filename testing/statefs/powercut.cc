// testing/statefs/powercut.cc: a disk that a machine wrote, as it would be had the power gone at
// any point. QEMU's blklogwrites has logged every write and flush of the image `powercut`. For each
// seed a point of the log is chosen: what was written before the last flush is there; of what was
// written after it each sector is there, or not, or torn. The service's own code mounts that disk.
//
// load.c changes one thing after the other, and begins change n only after n - 1 was acknowledged:
// where the log shows change n, n - 1 must be there, and n if it was flushed; nothing else, and all
// of it. With --keep three of the disks are written to files, for a machine to boot on them: one
// with a torn end, one without the last change, one in its second region. Exit status: 0 if so for
// all seeds, 1 if not, 2 if that is no whole log.
#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipc/types.h"
#include "services/statefsd/statefs.h"
#include "testing/statefs/memory_disk.h"

namespace {

using statefs_test::dice;

constexpr std::uint64_t LOG_MAGIC = 0x6a736677736872;
constexpr std::uint64_t LOG_FLUSH = 1;
constexpr std::size_t SECTOR = DISK_SECTOR_BYTES;
// Of load.c.
constexpr std::uint32_t KEYS = 6;
constexpr std::uint32_t CHANGES = 440;
constexpr std::uint32_t DIGITS = 8;

struct entry {
    std::uint64_t sector;
    std::uint64_t sectors;
    bool flush;
    const std::uint8_t *bytes;
    std::uint32_t newest;  // The highest change that the log shows up to here.
};

std::uint64_t u64_at(const std::uint8_t *bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes, sizeof(value));
    return value;
}

// The highest number in "n=00000000".
std::uint32_t newest_in(const std::uint8_t *bytes, std::size_t count) {
    std::uint32_t newest = 0;
    for (std::size_t i = 0; i + 2 + DIGITS <= count; i++) {
        if (bytes[i] == 'n' && bytes[i + 1] == '=') {
            const std::string digits(reinterpret_cast<const char *>(bytes + i + 2), DIGITS);
            newest = std::max(newest, static_cast<std::uint32_t>(std::atoi(digits.c_str())));
        }
    }
    return newest;
}

// Empty: no such log.
std::vector<entry> entries_of(const std::vector<std::uint8_t> &log) {
    std::vector<entry> entries;
    if (log.size() < 2 * SECTOR || u64_at(log.data()) != LOG_MAGIC) {
        return entries;
    }
    std::uint32_t newest = 0;
    for (std::size_t at = SECTOR; at + SECTOR <= log.size();) {
        const std::uint8_t *head = &log[at];
        const std::uint64_t sectors = u64_at(head + 8);
        const bool flush = (u64_at(head + 16) & LOG_FLUSH) != 0;
        at += SECTOR;
        if ((sectors == 0 && !flush) || sectors * SECTOR > log.size() - at) {
            break;  // The end.
        }
        newest = std::max(newest, newest_in(&log[at - SECTOR] + SECTOR, sectors * SECTOR));
        entries.push_back({u64_at(head), sectors, flush, head + SECTOR, newest});
        at += sectors * SECTOR;
    }
    return entries;
}

// What is remarkable about a cut.
struct cut_state {
    bool torn = false;
    bool last_lost = false;
    bool compacted = false;
    std::uint32_t found = 0;  // The last change; 0: none.
};

class judge {
  public:
    judge(const std::vector<entry> &entries, std::uint64_t disk_sectors, bool forget_flushes)
        : entries_(entries), disk_sectors_(disk_sectors), forget_(forget_flushes) {}

    // Empty: as it must be.
    std::string run(std::uint64_t seed) {
        dice rolled(seed);
        const std::size_t cut = rolled.below(entries_.size() + 1);
        statefs_test::memory_disk disk(disk_sectors_, seed);
        const struct disk device = disk.disk();
        std::uint32_t durable = 0;
        for (std::size_t i = 0; i < cut; i++) {
            const entry &one = entries_[i];
            for (std::uint64_t k = 0; k < one.sectors; k++) {
                (void)device.write(device.context, one.sector + k, 1, one.bytes + k * SECTOR);
            }
            if (one.flush && !forget_) {
                (void)device.flush(device.context);
            }
            durable = one.flush ? one.newest : durable;
        }
        const std::uint32_t newest = cut == 0 ? 0 : entries_[cut - 1].newest;
        disk.cut_now();
        disk.power_on();
        bytes_ = disk.bytes();
        cut_ = {};
        return look(device, newest, std::max(durable, newest == 0 ? 0 : newest - 1));
    }

    // Of the last run, before anybody mounted the disk.
    const std::vector<std::uint8_t> &bytes() const {
        return bytes_;
    }
    const cut_state &cut() const {
        return cut_;
    }
    std::uint64_t blank() const {
        return blank_;
    }
    std::uint64_t torn() const {
        return torn_;
    }
    std::uint64_t compacted() const {
        return compacted_;
    }
    std::uint64_t last_lost() const {
        return last_lost_;
    }

  private:
    static std::uint32_t number_in(const state_table &table, std::uint64_t space,
                                   const std::string &key) {
        const state_entry *found =
            state_table_find(&table, space,
                             {reinterpret_cast<const std::uint8_t *>(key.data()),
                              static_cast<std::uint32_t>(key.size())});
        return found == nullptr ? 0 : newest_in(found->value, found->value_count);
    }

    std::string look(const struct disk &device, std::uint32_t newest, std::uint32_t least) {
        statefs_config config{};
        config.disk = device;
        config.entries = STATE_ENTRIES_MAX;
        state_report report;
        const state_mount result = statefs_mount(fs_.get(), &config, &report);
        if (result == MOUNT_BLANK && newest == 0) {
            blank_++;
            return "";
        }
        if (result != MOUNT_OK) {
            return "mount says " + std::to_string(result);
        }
        cut_.torn = report.end == END_TORN;
        cut_.compacted = report.super.generation > 1;
        torn_ += cut_.torn;
        compacted_ += cut_.compacted;
        const state_table &table = fs_->table;
        const std::uint64_t space = service_id_named("load").value;
        const std::uint32_t found = number_in(table, space, "seq");
        if (found < least || found > newest) {
            return "change " + std::to_string(found) + " is the last, not " +
                   std::to_string(least) + " to " + std::to_string(newest);
        }
        cut_.found = found;
        cut_.last_lost = found < newest;
        last_lost_ += cut_.last_lost;
        for (std::uint32_t key = 0; key < KEYS; key++) {
            const std::uint32_t back = (found + KEYS - key) % KEYS;
            const std::uint32_t right = found > back ? found - back : 0;
            if (number_in(table, space, "key" + std::to_string(key)) != right) {
                return "key" + std::to_string(key) + " is not of change " + std::to_string(right);
            }
        }
        return "";
    }

    const std::vector<entry> &entries_;
    std::uint64_t disk_sectors_;
    bool forget_;
    std::unique_ptr<statefs> fs_ = std::make_unique<statefs>();
    std::vector<std::uint8_t> bytes_;
    cut_state cut_;
    std::uint64_t blank_ = 0;
    std::uint64_t torn_ = 0;
    std::uint64_t compacted_ = 0;
    std::uint64_t last_lost_ = 0;
};

// Keeps the first disk of each kind; another seed for each.
class keeper {
  public:
    explicit keeper(std::string path) : path_(std::move(path)) {}

    bool take(const judge &judged, std::uint64_t seed) {
        const cut_state &cut = judged.cut();
        const std::array<bool, KINDS> is{cut.torn, cut.last_lost, cut.compacted};
        if (path_.empty() || cut.found == 0) {
            return true;
        }
        for (std::size_t kind = 0; kind < KINDS; kind++) {
            if (!is[kind] || kept_[kind]) {
                continue;
            }
            kept_[kind] = true;
            const std::string name = path_ + std::to_string(kind + 1);
            std::ofstream file(name, std::ios::binary);
            file.write(reinterpret_cast<const char *>(judged.bytes().data()),
                       static_cast<std::streamsize>(judged.bytes().size()));
            std::cout << "powercut: " << name << " is of seed " << seed << ", change " << cut.found
                      << "\n";
            return file.flush().good();
        }
        return true;
    }
    bool is_done() const {
        return path_.empty() || (kept_[0] && kept_[1] && kept_[2]);
    }

  private:
    static constexpr std::size_t KINDS = 3;
    std::string path_;
    std::array<bool, KINDS> kept_{};
};

}  // namespace

int main(int argc, char **argv) {
    std::string path;
    std::uint64_t seeds = 1000;
    std::uint64_t mib = 1;
    bool forget = false;
    std::string keep;
    CLI::App app{"Cuts the power of a logged disk at seeded points, and mounts what is left."};
    app.add_option("log", path, "of QEMU's blklogwrites")->required();
    app.add_option("--seeds", seeds, "how many points");
    app.add_option("--mib", mib, "of the disk");
    app.add_flag("--forget-flushes", forget, "as if the disk did not flush: must be found");
    app.add_option("--keep", keep, "three of the disks are written to this path and 1, 2, 3");
    CLI11_PARSE(app, argc, argv);
    std::ifstream file(path, std::ios::binary);
    const std::vector<std::uint8_t> log((std::istreambuf_iterator<char>(file)), {});
    const std::vector<entry> entries = entries_of(log);
    if (entries.empty()) {
        std::cerr << "powercut: " << path << ": no log\n";
        return 2;
    }
    // A log that was not read to its end would be judged as if nothing were behind that.
    if (entries.back().newest != CHANGES) {
        std::cerr << "powercut: " << path << ": short: " << entries.back().newest << " of "
                  << CHANGES << " changes\n";
        return 2;
    }
    judge judged(entries, (mib << 20) / SECTOR, forget);
    keeper kept(keep);
    for (std::uint64_t seed = 0; seed < seeds; seed++) {
        const std::string complaint = judged.run(seed);
        if (!complaint.empty()) {
            std::cout << "powercut: seed " << seed << ": " << complaint << "\n";
            return 1;
        }
        if (!kept.take(judged, seed)) {
            std::cerr << "powercut: cannot write " << keep << "\n";
            return 2;
        }
    }
    std::uint64_t flushes = 0;
    for (const entry &one : entries) {
        flushes += one.flush;
    }
    std::cout << "powercut: " << seeds << " points of " << entries.size() << " entries with "
              << flushes << " flushes and " << entries.back().newest
              << " changes: " << judged.blank() << " before the journal, " << judged.torn()
              << " torn, " << judged.last_lost() << " without the last change, "
              << judged.compacted() << " in the second region\n";
    const bool wide =
        judged.last_lost() > 0 && judged.torn() > 0 && judged.compacted() > 0 && kept.is_done();
    return wide ? 0 : 1;
}
