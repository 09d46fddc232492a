// tools/statefs/cuts.cc: see cuts.h.
#include "tools/statefs/cuts.h"

#include <filesystem>
#include <optional>
#include <ostream>
#include <vector>

#include "tools/statefs/commands.h"
#include "tools/statefs/power_cut.h"
#include "tools/statefs/write_log.h"
#include "tools/text/files.h"

namespace statefs_tool {

namespace {

std::optional<write_log> read_log(const cut_options &with, std::ostream &err) {
    if (with.mib == 0 || with.mib > IMAGE_MIB_MAX) {
        err << "statefs: a size is 1 to " << IMAGE_MIB_MAX << " MiB\n";
        return std::nullopt;
    }
    return read_write_log(with.log, with.mib, err);
}

void print(std::ostream &out, std::uint64_t seed, const cut &made, const write_log &log) {
    out << "seed " << seed << ": after " << made.entries << " of " << log.entries.size()
        << " entries, flushed " << made.flushed << "; of the sectors written later "
        << made.later.kept << " there, " << made.later.torn << " torn, " << made.later.lost
        << " not\n";
}

}  // namespace

int cut_image(const cut_options &with, std::ostream &out, std::ostream &err) {
    if (std::filesystem::exists(with.image) && !with.force) {
        err << "statefs: " << with.image << ": is there; --force writes over it\n";
        return 1;
    }
    const std::optional<write_log> log = read_log(with, err);
    if (!log) {
        return 1;
    }
    std::vector<std::uint8_t> disk;
    const cut made = cut_disk(*log, with.seed, disk);
    if (!text::write_file(with.image, {reinterpret_cast<const char *>(disk.data()), disk.size()})) {
        return 1;
    }
    out << with.image << ": ";
    print(out, with.seed, made, *log);
    return 0;
}

int list_points(const cut_options &with, std::ostream &out, std::ostream &err) {
    const std::optional<write_log> log = read_log(with, err);
    if (!log) {
        return 1;
    }
    std::vector<std::uint8_t> disk;
    for (std::uint64_t seed = 0; seed < with.seeds; seed++) {
        print(out, seed, cut_disk(*log, seed, disk), *log);
    }
    return 0;
}

}  // namespace statefs_tool
