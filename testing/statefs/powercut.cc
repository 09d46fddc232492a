// testing/statefs/powercut.cc: a disk that a machine wrote, as it would be had the power gone at
// any point (tools/statefs/power_cut.h) of the log of the image `powercut`. The service's own code
// mounts that disk.
//
// load.c changes one thing after the other, and begins change n only after n - 1 was acknowledged:
// where the log shows change n, n - 1 must be there, and n if it was flushed; nothing else, and all
// of it. With --choose three of the seeds are named whose disks a machine shall boot on: one with a
// torn end, one without the last change, one in its second region. Exit status: 0 if so for all
// seeds, 1 if not, 2 if that is no whole log.
#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipc/types.h"
#include "services/statefsd/statefs.h"
#include "testing/statefs/memory_disk.h"
#include "tools/statefs/power_cut.h"
#include "tools/statefs/write_log.h"

namespace {

using statefs_tool::log_entry;
using statefs_tool::write_log;

constexpr std::size_t SECTOR = DISK_SECTOR_BYTES;
// Of load.c.
constexpr std::uint32_t KEYS = 6;
constexpr std::uint32_t CHANGES = 440;
constexpr std::uint32_t DIGITS = 8;

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

// After so many entries: the highest change that the log shows.
std::vector<std::uint32_t> newest_of(const write_log &log) {
    std::vector<std::uint32_t> newest{0};
    for (const log_entry &one : log.entries) {
        newest.push_back(
            std::max(newest.back(), newest_in(log.bytes_of(one), one.sectors * SECTOR)));
    }
    return newest;
}

// As a disk would see it that ignores flushes.
write_log without_flushes(write_log log) {
    for (log_entry &one : log.entries) {
        one.is_flush = false;
    }
    return log;
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
    judge(const write_log &log, bool forget_flushes)
        : log_(log), seen_(forget_flushes ? without_flushes(log) : log), newest_(newest_of(log)) {}

    // Empty: as it must be.
    std::string run(std::uint64_t seed) {
        statefs_test::memory_disk disk(log_.disk_sectors);
        const statefs_tool::cut made = statefs_tool::cut_disk(seen_, seed, disk.bytes());
        std::size_t flushed = made.entries;
        while (flushed > 0 && !log_.entries[flushed - 1].is_flush) {
            flushed--;
        }
        const std::uint32_t newest = newest_[made.entries];
        cut_ = {};
        return look(disk.disk(), newest, std::max(newest_[flushed], newest == 0 ? 0 : newest - 1));
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

    const write_log &log_;
    const write_log seen_;  // By the disk.
    const std::vector<std::uint32_t> newest_;
    std::unique_ptr<statefs> fs_ = std::make_unique<statefs>();
    cut_state cut_;
    std::uint64_t blank_ = 0;
    std::uint64_t torn_ = 0;
    std::uint64_t compacted_ = 0;
    std::uint64_t last_lost_ = 0;
};

// Names the first seed of each kind; another one for each.
class chooser {
  public:
    void look(const cut_state &cut, std::uint64_t seed) {
        const std::array<bool, KINDS> is{cut.torn, cut.last_lost, cut.compacted};
        for (std::size_t kind = 0; kind < KINDS && cut.found != 0; kind++) {
            if (is[kind] && !chosen_[kind]) {
                chosen_[kind] = true;
                std::cout << "powercut: disk " << kind + 1 << " is seed " << seed << " change "
                          << cut.found << "\n";
                return;
            }
        }
    }
    bool is_done() const {
        return chosen_[0] && chosen_[1] && chosen_[2];
    }

  private:
    static constexpr std::size_t KINDS = 3;
    std::array<bool, KINDS> chosen_{};
};

}  // namespace

int main(int argc, char **argv) {
    std::string path;
    std::uint64_t seeds = 1000;
    std::uint64_t mib = 1;
    bool forget = false;
    bool choose = false;
    CLI::App app{"Cuts the power of a logged disk at seeded points, and mounts what is left."};
    app.add_option("log", path, "of QEMU's blklogwrites")->required();
    app.add_option("--seeds", seeds, "how many points");
    app.add_option("--mib", mib, "of the disk");
    app.add_flag("--forget-flushes", forget, "as if the disk did not flush: must be found");
    app.add_flag("--choose", choose, "names three seeds to boot on");
    CLI11_PARSE(app, argc, argv);
    const std::optional<write_log> log = statefs_tool::read_write_log(path, mib, std::cerr);
    if (!log) {
        return 2;
    }
    // A log that was not read to its end would be judged as if nothing were behind that.
    const std::uint32_t changes = newest_of(*log).back();
    if (changes != CHANGES) {
        std::cerr << path << ": short: " << changes << " of " << CHANGES << " changes\n";
        return 2;
    }
    judge judged(*log, forget);
    chooser chosen;
    for (std::uint64_t seed = 0; seed < seeds; seed++) {
        const std::string complaint = judged.run(seed);
        if (!complaint.empty()) {
            std::cout << "powercut: seed " << seed << ": " << complaint << "\n";
            return 1;
        }
        if (choose) {
            chosen.look(judged.cut(), seed);
        }
    }
    std::uint64_t flushes = 0;
    for (const log_entry &one : log->entries) {
        flushes += one.is_flush;
    }
    std::cout << "powercut: " << seeds << " points of " << log->entries.size() << " entries with "
              << flushes << " flushes and " << changes << " changes: " << judged.blank()
              << " before the journal, " << judged.torn() << " torn, " << judged.last_lost()
              << " without the last change, " << judged.compacted() << " in the second region\n";
    const bool wide = judged.last_lost() > 0 && judged.torn() > 0 && judged.compacted() > 0 &&
                      (!choose || chosen.is_done());
    return wide ? 0 : 1;
}
