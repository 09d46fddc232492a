// tools/statefs/commands.cc: see commands.h.
#include "tools/statefs/commands.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <ostream>
#include <set>

#include "tools/statefs/file_disk.h"

namespace statefs_tool {

namespace {

const char *text_of(state_mount result) {
    switch (result) {
        case MOUNT_OK:
            return "it can be mounted";
        case MOUNT_BLANK:
            return "blank: there is no journal";
        case MOUNT_NO_SUPERBLOCK:
            return "no good superblock: not a journal, or damaged";
        case MOUNT_OTHER_VERSION:
            return "a journal of another version";
        case MOUNT_TOO_SMALL:
            return "smaller than its superblock says, or than a journal must be";
        case MOUNT_WRONG_KEY:
            return "wrong key, or none where one is needed, or one where none is";
        case MOUNT_DAMAGED:
            return "damaged: what was acknowledged is missing";
        case MOUNT_CONTENTS:
            return "contents that no journal writes";
        case MOUNT_FAILED:
            return "the file could not be read";
    }
    return "?";
}

const char *text_of(state_end end) {
    switch (end) {
        case END_CLEAN:
            return "clean";
        case END_TORN:
            return "torn: one batch was begun and not acknowledged";
        case END_DAMAGED:
            return "damaged: an acknowledged batch is missing";
    }
    return "?";
}

std::string hex(std::uint64_t value) {
    char text[20];
    std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(value));
    return text;
}

// A mounted image.
struct mounted {
    std::unique_ptr<file_disk> disk;
    std::unique_ptr<statefs> fs = std::make_unique<statefs>();
    state_report report{};
    state_mount result = MOUNT_FAILED;
};

enum class access { read, repair };

// Null, and said so: no such file, or no such key.
std::unique_ptr<mounted> open(const options &with, access how, std::ostream &err) {
    auto made = std::make_unique<mounted>();
    const std::optional<state_key> key = key_of_hex(with.key);
    if (!key) {
        err << "statefs: a key is 64 hexadecimal digits\n";
        return nullptr;
    }
    made->disk = std::make_unique<file_disk>(with.image, how == access::repair);
    if (!made->disk->good()) {
        err << "statefs: " << with.image
            << ": cannot be opened, or is no whole number of sectors\n";
        return nullptr;
    }
    statefs_config config{};
    config.disk = made->disk->disk();
    config.key = *key;
    config.entries = STATE_ENTRIES_MAX;
    config.accept_damage = how == access::repair;
    made->result = statefs_mount(made->fs.get(), &config, &made->report);
    return made;
}

void print_report(const mounted &image, std::ostream &out) {
    const state_report &report = image.report;
    out << "superblocks  " << (report.super_good[0] ? "good" : "bad") << " "
        << (report.super_good[1] ? "good" : "bad") << "\n";
    if (report.super_good[0] || report.super_good[1]) {
        const state_super &super = report.super;
        out << "volume       " << hex(super.volume) << (super.encrypted ? " encrypted" : "") << "\n"
            << "region       " << super.region << " of " << super.region_sectors
            << " sectors, generation " << super.generation << ", epoch " << super.epoch << "\n"
            << "batches      " << report.batches << " with " << report.records << " records\n"
            << "end          " << text_of(report.end) << ", at sector " << report.end_sector
            << "\n";
    }
    if (report.later_sector != 0) {
        out << "later        a batch that was written after it, at sector " << report.later_sector
            << "\n";
    }
}

bool complain(const options &with, const mounted &image, std::ostream &err) {
    if (image.result == MOUNT_OK) {
        return false;
    }
    err << "statefs: " << with.image << ": " << text_of(image.result) << "\n";
    return true;
}

std::set<std::uint64_t> spaces_of(const state_table &table) {
    std::set<std::uint64_t> found;
    for (const state_space &space : table.spaces) {
        if (space.entries > 0) {
            found.insert(space.id);
        }
    }
    return found;
}

void for_each(const state_table &table, std::uint64_t space,
              const std::function<void(const state_entry &)> &visit) {
    const state_entry *entry = state_table_next(&table, space, {nullptr, 0});
    while (entry != nullptr) {
        visit(*entry);
        entry = state_table_next(&table, space, {entry->key, entry->key_count});
    }
}

}  // namespace

std::optional<state_key> key_of_hex(const std::string &hex) {
    state_key key{};
    if (hex.empty()) {
        return key;
    }
    if (hex.size() != 2 * std::size_t{STATE_KEY_BYTES} ||
        hex.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
        return std::nullopt;
    }
    key.present = true;
    for (std::size_t i = 0; i < STATE_KEY_BYTES; i++) {
        key.bytes[i] = static_cast<std::uint8_t>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
    }
    return key;
}

std::string escaped(const std::uint8_t *bytes, std::uint32_t count) {
    std::string text;
    for (std::uint32_t i = 0; i < count; i++) {
        const char letter = static_cast<char>(bytes[i]);
        if (letter == '\\') {
            text += "\\\\";
        } else if (bytes[i] > ' ' && bytes[i] < 0x7f) {
            text += letter;
        } else {
            char code[5];
            std::snprintf(code, sizeof(code), "\\x%02x", bytes[i]);
            text += code;
        }
    }
    return text;
}

int make_image(const options &with, std::ostream &out, std::ostream &err) {
    const std::optional<state_key> key = key_of_hex(with.key);
    if (!key || with.mib == 0 || with.mib > IMAGE_MIB_MAX) {
        err << "statefs: a key is 64 hexadecimal digits, a size is 1 to " << IMAGE_MIB_MAX
            << " MiB\n";
        return 1;
    }
    if (std::filesystem::exists(with.image) && !with.force) {
        err << "statefs: " << with.image << ": is there; --force writes over it\n";
        return 1;
    }
    std::ofstream(with.image, std::ios::binary | std::ios::trunc).close();
    std::error_code error;
    std::filesystem::resize_file(with.image, with.mib << 20, error);
    file_disk disk(with.image, true);
    statefs_config config{};
    config.disk = disk.disk();
    config.key = *key;
    config.entries = STATE_ENTRIES_MAX;
    const state_mount result = disk.good() ? statefs_format(&config, with.volume) : MOUNT_FAILED;
    if (error || result != MOUNT_OK) {
        err << "statefs: " << with.image << ": cannot be made\n";
        return 1;
    }
    out << with.image << ": an empty journal, volume " << hex(with.volume) << "\n";
    return 0;
}

int check(const options &with, std::ostream &out, std::ostream &err) {
    const std::unique_ptr<mounted> image = open(with, access::read, err);
    if (!image) {
        return 1;
    }
    print_report(*image, out);
    return complain(with, *image, err) ? 1 : 0;
}

int list(const options &with, std::ostream &out, std::ostream &err) {
    const std::unique_ptr<mounted> image = open(with, access::read, err);
    if (!image || complain(with, *image, err)) {
        return 1;
    }
    const state_table &table = image->fs->table;
    for (const std::uint64_t space : spaces_of(table)) {
        const state_space *usage = state_table_space(&table, space);
        out << hex(space) << "  " << usage->entries << " entries, " << usage->bytes << " bytes\n";
        for_each(table, space, [&out](const state_entry &entry) {
            out << "  " << escaped(entry.key, entry.key_count) << "  " << entry.value_count << "\n";
        });
    }
    return 0;
}

int dump(const options &with, std::ostream &out, std::ostream &err) {
    const std::unique_ptr<mounted> image = open(with, access::read, err);
    if (!image || complain(with, *image, err)) {
        return 1;
    }
    const state_table &table = image->fs->table;
    for (const std::uint64_t space : spaces_of(table)) {
        for_each(table, space, [&out, space](const state_entry &entry) {
            out << hex(space) << " " << escaped(entry.key, entry.key_count) << " "
                << escaped(entry.value, entry.value_count) << "\n";
        });
    }
    return 0;
}

int repair(const options &with, std::ostream &out, std::ostream &err) {
    const std::unique_ptr<mounted> image = open(with, access::repair, err);
    if (!image || complain(with, *image, err)) {
        return 1;
    }
    const state_report &report = image->report;
    if (report.end == END_CLEAN && report.super_good[0] && report.super_good[1]) {
        out << with.image << ": nothing to repair\n";
        return 0;
    }
    print_report(*image, out);
    if (statefs_compact(image->fs.get()) != STATE_OK) {
        err << "statefs: " << with.image << ": cannot be written\n";
        return 1;
    }
    out << with.image << ": kept " << report.batches << " batches, " << image->fs->table.count
        << " entries\n";
    return 0;
}

}  // namespace statefs_tool
