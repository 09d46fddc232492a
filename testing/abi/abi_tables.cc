// testing/abi/abi_tables.cc: the .def files, printed.
#include "testing/abi/abi_tables.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/device.h"
#include "kernel/abi/elf_reject.h"
#include "kernel/abi/identity.h"
#include "kernel/abi/layout.h"
#include "kernel/abi/manifest.h"
#include "kernel/abi/message.h"
#include "kernel/abi/stats.h"
#include "kernel/abi/status.h"
#include "kernel/abi/syscall.h"
#include "kernel/abi/task.h"
#include "kernel/abi/vmo.h"

namespace {

enum class Kind { kGroup, kValue, kText, kStruct, kField };

struct Item {
    Kind kind;
    std::string name;     // Of a field: STRUCT.FIELD. Of a group: its title.
    std::string text;     // Of a text.
    uint64_t value;       // Of a struct: its size.
    size_t offset, size;  // Of a field.
    std::string meaning;
};

#define FIELD_SIZE(s, f) sizeof((static_cast<struct s *>(nullptr))->f)

const std::vector<Item> &items() {
    static const std::vector<Item> all = {
#define ABI_GROUP(title, meaning) {Kind::kGroup, title, "", 0, 0, 0, meaning},
#define ABI_VALUE(name, meaning) \
    {Kind::kValue, #name, "", static_cast<uint64_t>(name), 0, 0, meaning},
#define ABI_TEXT(name, meaning) {Kind::kText, #name, name, 0, 0, 0, meaning},
#define ABI_STRUCT(name, meaning) {Kind::kStruct, #name, "", sizeof(struct name), 0, 0, meaning},
#define ABI_FIELD(s, f, meaning) \
    {Kind::kField, #s "." #f, "", 0, offsetof(struct s, f), FIELD_SIZE(s, f), meaning},
#include "testing/abi/abi_names.def"
    };
    return all;
}

struct Row {
    std::string name;
    std::vector<std::string> cells;
};

const std::vector<Row> &syscall_rows() {
    static const std::vector<Row> rows = {
#define SYSCALL(NAME, name, arguments, results, purpose) \
    {#NAME, {#name, arguments, results, purpose}},
#include "kernel/abi/syscall.def"
#undef SYSCALL
    };
    return rows;
}

const std::vector<Row> &status_rows() {
    static const std::vector<Row> rows = {
#define STATUS(name, meaning) {#name, {meaning}},
#include "kernel/abi/status.def"
#undef STATUS
    };
    return rows;
}

const std::vector<Row> &reject_rows() {
    static const std::vector<Row> rows = {
#define ELF_REJECT(name, meaning) {#name, {meaning}},
#include "kernel/abi/elf_reject.def"
#undef ELF_REJECT
    };
    return rows;
}

std::string hex_or_decimal(uint64_t value) {
    char text[32];
    std::snprintf(text, sizeof(text), value < 4096 ? "%llu" : "0x%llx",
                  static_cast<unsigned long long>(value));
    return text;
}

std::string golden_rows(const std::string &prefix, const std::vector<Row> &rows) {
    std::string text;
    for (size_t i = 0; i < rows.size(); i++) {
        text += "value " + prefix + rows[i].name + " " + std::to_string(i) + "\n";
    }
    return text;
}

std::string table_head(const std::vector<std::string> &titles) {
    std::string first = "|";
    std::string second = "|";
    for (const std::string &title : titles) {
        first += " " + title + " |";
        second += " --- |";
    }
    return first + "\n" + second + "\n";
}

std::string table_rows(const std::vector<Row> &rows) {
    std::string text;
    for (size_t i = 0; i < rows.size(); i++) {
        text += "| " + std::to_string(i) + " | `" + rows[i].name + "` |";
        for (const std::string &cell : rows[i].cells) {
            text += " " + cell + (cell.empty() ? "|" : " |");
        }
        text += "\n";
    }
    return text;
}

std::string field_name(const Item &item) {
    return item.name.substr(item.name.find('.') + 1);
}

// What stands in front of an item so that it falls into a table of its kind.
std::string opening_of(const Item &item, Kind before) {
    if (item.kind == Kind::kStruct) {
        std::string size = "\n`struct " + item.name + "`, " + std::to_string(item.value) + " bytes";
        return size + (item.meaning.empty() ? "" : ": " + item.meaning) + ".\n\n" +
               table_head({"offset", "bytes", "field", "what"});
    }
    bool table_goes_on =
        item.kind == Kind::kField || before == Kind::kValue || before == Kind::kText;
    return table_goes_on ? "" : "\n" + table_head({"value", "name", "what"});
}

std::string line_of(const Item &item) {
    std::string end = " | " + item.meaning + (item.meaning.empty() ? "|\n" : " |\n");
    switch (item.kind) {
        case Kind::kGroup:
            return "\n## " + item.name + "\n" + (item.meaning.empty() ? "" : item.meaning + "\n");
        case Kind::kValue:
            return "| " + hex_or_decimal(item.value) + " | `" + item.name + "`" + end;
        case Kind::kText:
            return "| `" + item.text + "` | `" + item.name + "`" + end;
        case Kind::kField:
            return "| " + std::to_string(item.offset) + " | " + std::to_string(item.size) + " | `" +
                   field_name(item) + "`" + end;
        case Kind::kStruct:
            break;
    }
    return "";
}

std::string markdown_head() {
    return "# The kernel-user contract\n\nMade from `kernel/abi` by `./bazelw run "
           "//testing/abi:update` and compared by "
           "`//testing/abi:abi_test`: it cannot differ from the headers.\nNumbers, sizes and "
           "offsets are frozen; "
           "additions go to the end. A program of another `ABI_VERSION` is refused.\n";
}

// Groups that have a page of their own: the page would be too long to read.
bool is_of_statistics(const std::string &title) {
    return title.starts_with("Statistics") || title.starts_with("Events of the trace");
}

std::string item_tables(bool statistics) {
    std::string text;
    Kind before = Kind::kGroup;
    bool shown = false;
    for (const Item &item : items()) {
        if (item.kind == Kind::kGroup) {
            shown = is_of_statistics(item.name) == statistics;
        }
        if (shown) {
            text += item.kind == Kind::kGroup ? "" : opening_of(item, before);
            text += line_of(item);
            before = item.kind;
        }
    }
    return text;
}

}  // namespace

std::string abi_golden() {
    std::string text = golden_rows("SYSCALL_", syscall_rows()) +
                       golden_rows("STATUS_", status_rows()) +
                       golden_rows("ELF_REJECT_", reject_rows());
    for (const Item &item : items()) {
        switch (item.kind) {
            case Kind::kGroup:
                break;
            case Kind::kValue:
                text += "value " + item.name + " " + std::to_string(item.value) + "\n";
                break;
            case Kind::kText:
                text += "text " + item.name + " \"" + item.text + "\"\n";
                break;
            case Kind::kStruct:
                text += "struct " + item.name + " " + std::to_string(item.value) + "\n";
                break;
            case Kind::kField:
                text += "field " + item.name + " " + std::to_string(item.offset) + " " +
                        std::to_string(item.size) + "\n";
                break;
        }
    }
    return text;
}

std::string abi_markdown() {
    std::string text = markdown_head();
    text += "\n## System calls\n\n" +
            table_head({"number", "name", "call", "arguments", "results", "what it does"}) +
            table_rows(syscall_rows()) +
            "\nNothing is ambient: every call names a capability, a reply or a sequence of the "
            "caller's own, but `yield`, `clock_get`, `task_exit` and `set_qos` of 0. These reach "
            "nobody else's object: `set_qos` of 0 changes the caller's own class, up to the "
            "ceiling that its creator gave it, as `yield` gives up its own turn.\n";
    text += "\n## Statuses\n\n" + table_head({"number", "name", "what it means"}) +
            table_rows(status_rows());
    text += "\n## Why a program is refused\nFirst result of `task_load` with `BAD_IMAGE`.\n\n" +
            table_head({"number", "name", "what is wrong"}) + table_rows(reject_rows());
    return text + item_tables(false) +
           "\n## Statistics\nRecords of `kernel_stats` and the events of the trace: "
           "[abi-statistics.md](abi-statistics.md).\n";
}

std::string abi_statistics_markdown() {
    return "# The kernel-user contract: statistics\n\nMade from `kernel/abi/stats.h` as "
           "[abi.md](abi.md) is from the other headers.\n" +
           item_tables(true);
}

std::set<std::string> abi_names() {
    std::set<std::string> names;
    for (const Item &item : items()) {
        if (item.kind != Kind::kGroup && item.kind != Kind::kField) {
            names.insert(item.name);
        }
    }
    return names;
}

std::vector<StructCover> abi_struct_covers() {
    std::vector<StructCover> covers;
    for (const Item &item : items()) {
        if (item.kind == Kind::kStruct) {
            covers.push_back({item.name, item.value, 0});
        } else if (item.kind == Kind::kField) {
            covers.back().field_bytes += item.size;
        }
    }
    return covers;
}
