// tools/statefs/write_log.cc: see write_log.h.
#include "tools/statefs/write_log.h"

#include <cstring>
#include <ostream>
#include <utility>

#include "tools/text/files.h"

namespace statefs_tool {

namespace {

constexpr std::uint64_t LOG_MAGIC = 0x6a736677736872;
constexpr std::uint64_t LOG_VERSION = 1;
constexpr std::uint64_t LOG_FLUSH = 1;
constexpr std::size_t SECTOR = DISK_SECTOR_BYTES;

// As they stand in the file, little endian as this machine.
struct log_head {
    std::uint64_t magic;
    std::uint64_t version;
    std::uint64_t entries;
    std::uint32_t sector_bytes;
};

struct entry_head {
    std::uint64_t sector;
    std::uint64_t sectors;
    std::uint64_t flags;
};

template <typename Head>
Head head_at(const std::string &bytes, std::size_t at) {
    Head head;
    std::memcpy(&head, &bytes[at], sizeof(head));
    return head;
}

// Empty: it is one.
std::string complaint_of(const std::string &bytes) {
    if (bytes.size() < SECTOR || head_at<log_head>(bytes, 0).magic != LOG_MAGIC) {
        return "no log of a disk";
    }
    const auto head = head_at<log_head>(bytes, 0);
    if (head.version != LOG_VERSION) {
        return "a log of version " + std::to_string(head.version) + ", not " +
               std::to_string(LOG_VERSION);
    }
    if (head.sector_bytes != SECTOR) {
        return "a log in sectors of " + std::to_string(head.sector_bytes) + " bytes, not " +
               std::to_string(SECTOR);
    }
    return "";
}

// Of one that is whole. Empty: such a disk does that.
std::string complaint_of(const entry_head &head, std::uint64_t disk_sectors) {
    if (head.flags == LOG_FLUSH) {
        return head.sectors == 0 ? "" : "a flush that writes";
    }
    if (head.flags != 0) {
        return "neither a write nor a flush: flags " + std::to_string(head.flags);
    }
    if (head.sector > disk_sectors || head.sectors > disk_sectors - head.sector) {
        return std::to_string(head.sectors) + " sectors at " + std::to_string(head.sector) +
               ", on a disk of " + std::to_string(disk_sectors);
    }
    return "";
}

}  // namespace

std::optional<write_log> write_log_of(std::string bytes, std::uint64_t disk_sectors,
                                      std::string &complaint) {
    complaint = complaint_of(bytes);
    if (!complaint.empty()) {
        return std::nullopt;
    }
    write_log log{disk_sectors, std::move(bytes), {}};
    for (std::size_t at = SECTOR; log.bytes.size() - at >= SECTOR;) {
        const auto head = head_at<entry_head>(log.bytes, at);
        at += SECTOR;
        // Zeros, or what is not all there: the end.
        if ((head.sectors == 0 && head.flags == 0) ||
            head.sectors > (log.bytes.size() - at) / SECTOR) {
            break;
        }
        complaint = complaint_of(head, disk_sectors);
        if (!complaint.empty()) {
            complaint = "entry " + std::to_string(log.entries.size() + 1) + ": " + complaint;
            return std::nullopt;
        }
        log.entries.push_back({head.sector, head.sectors, at, head.flags == LOG_FLUSH});
        at += head.sectors * SECTOR;
    }
    const std::uint64_t counted = head_at<log_head>(log.bytes, 0).entries;
    if (log.entries.size() < counted) {
        complaint = "short: " + std::to_string(log.entries.size()) + " of " +
                    std::to_string(counted) + " entries";
        return std::nullopt;
    }
    if (log.entries.empty()) {
        complaint = "nothing was written";
        return std::nullopt;
    }
    return log;
}

std::optional<write_log> read_write_log(const std::string &path, std::uint64_t mib,
                                        std::ostream &err) {
    std::optional<std::string> bytes = text::file_contents(path);
    if (!bytes) {
        return std::nullopt;
    }
    std::string complaint;
    std::optional<write_log> log = write_log_of(std::move(*bytes), (mib << 20) / SECTOR, complaint);
    if (!log) {
        err << path << ": " << complaint << "\n";
    }
    return log;
}

}  // namespace statefs_tool
