// tools/mkbundle/bundle_text.cc: see bundle_text.h.
#include "tools/mkbundle/bundle_text.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/task.h"
#include "tools/mkimage/image_bytes.h"
#include "tools/mkimage/manifest.h"

namespace mkbundle {
namespace {

using text::word;

constexpr const char *LIMIT_WORDS = "pages, endpoints, vmos, slots or cpu";

// What the text does not say.
constexpr std::uint32_t USUAL_PAGES = 64;
constexpr std::uint32_t USUAL_ENDPOINTS = 1;
constexpr std::uint32_t USUAL_VMOS = 2;

class reader {
  public:
    reader(bundle_result &out, const std::vector<std::string> &elfs) : out_(out), elfs_(elfs) {}

    void read(std::string_view text) {
        for (const std::vector<word> &words : text::lines_of(text)) {
            read_statement(words);
        }
        check();
    }

  private:
    void add_mistake(text::source_place place, std::string message) {
        out_.mistakes.push_back({place, std::move(message)});
    }

    void read_statement(const std::vector<word> &words) {
        const std::string &key = words[0].text;
        if (key == "program") {
            start_program(words);
        } else if (out_.programs.empty()) {
            add_mistake(words[0].place, "`" + key + "` before the first `program`");
        } else if (key == "elf") {
            out_.programs.back().elf = one_word(words) ? words[1].text : out_.programs.back().elf;
        } else if (key == "limit") {
            read_limits(words);
        } else if (key == "qos") {
            read_qos(words);
        } else if (key == "at_once") {
            read_at_once(words);
        } else if (key == "may") {
            read_flags(words);
        } else {
            add_mistake(words[0].place, "unknown word `" + key + "`");
        }
    }

    bool one_word(const std::vector<word> &words) {
        if (words.size() != 2) {
            add_mistake(words[0].place, "`" + words[0].text + "` takes one word, " +
                                            std::to_string(words.size() - 1) + " given");
        }
        return words.size() == 2;
    }

    void start_program(const std::vector<word> &words) {
        program made;
        made.place = words[0].place;
        if (one_word(words)) {
            made.name = words[1].text;
            made.place = words[1].place;
            if (!mkimage::name_is_proper(made.name)) {
                add_mistake(
                    made.place,
                    "`" + made.name + "` is no proper name: a-z, then a-z 0-9 _, at most 31 bytes");
            }
        }
        made.elf = made.name;
        out_.programs.push_back(std::move(made));
    }

    std::optional<std::uint32_t> number(const word &digits, std::uint32_t least,
                                        std::uint32_t most) {
        std::uint32_t value = 0;
        const char *last = digits.text.data() + digits.text.size();
        const auto [end, error] = std::from_chars(digits.text.data(), last, value);
        if (error != std::errc() || end != last || value < least || value > most) {
            add_mistake(digits.place, "`" + digits.text + "` is no number from " +
                                          std::to_string(least) + " to " + std::to_string(most));
            return std::nullopt;
        }
        return value;
    }

    void read_limits(const std::vector<word> &words) {
        if (words.size() < 3 || words.size() % 2 == 0) {
            add_mistake(words[0].place, "`limit` takes words and numbers in turn");
            return;
        }
        for (std::size_t at = 1; at < words.size(); at += 2) {
            read_limit(words[at], words[at + 1]);
        }
    }

    void read_limit(const word &what, const word &digits) {
        struct range {
            std::uint32_t least;
            std::uint32_t most;
        };
        static const std::map<std::string, range, std::less<>> ranges = {
            {"pages", {1, (1U << TASK_LIMIT_PAGES_BITS) - 1}},
            {"endpoints", {0, TASK_LIMIT_OBJECTS_MAX}},
            {"vmos", {0, TASK_LIMIT_OBJECTS_MAX}},
            {"slots", {1, CAP_SLOT_COUNT - 1}},
            {"cpu", {1, TASK_SHARE_CPU_MAX}},
        };
        const auto found = ranges.find(what.text);
        if (found == ranges.end()) {
            add_mistake(what.place, "nothing is limited by `" + what.text + "`: " + LIMIT_WORDS);
            return;
        }
        const std::optional<std::uint32_t> value =
            number(digits, found->second.least, found->second.most);
        if (!out_.programs.back().limits.emplace(what.text, value.value_or(0)).second) {
            add_mistake(what.place, "`" + what.text + "` is already limited");
        }
    }

    void read_qos(const std::vector<word> &words) {
        if (!one_word(words)) {
            return;
        }
        for (std::uint32_t qos = QOS_IDLE; qos < QOS_COUNT; qos++) {
            if (words[1].text == qos_name(qos)) {
                out_.programs.back().qos = qos;
                return;
            }
        }
        add_mistake(words[1].place, "no class is named `" + words[1].text +
                                        "`: idle, normal, interactive or burst");
    }

    void read_at_once(const std::vector<word> &words) {
        if (one_word(words)) {
            out_.programs.back().at_once = number(words[1], 1, BUNDLE_AT_ONCE_MAX).value_or(1);
        }
    }

    void read_flags(const std::vector<word> &words) {
        static const std::map<std::string, std::uint32_t, std::less<>> flags = {
            {"console", BUNDLE_CONSOLE}, {"factory", BUNDLE_FACTORY}, {"routes", BUNDLE_ROUTES}};
        for (std::size_t at = 1; at < words.size(); at++) {
            const auto found = flags.find(words[at].text);
            if (found == flags.end()) {
                add_mistake(words[at].place,
                            "no program may `" + words[at].text + "`: console, factory or routes");
                continue;
            }
            if ((out_.programs.back().flags & found->second) != 0) {
                add_mistake(words[at].place, "`" + words[at].text + "` stands twice");
            }
            out_.programs.back().flags |= found->second;
        }
    }

    void check() {
        if (out_.programs.empty() || out_.programs.size() > BUNDLE_PROGRAM_MAX) {
            add_mistake({1, 1},
                        "a bundle has 1 to " + std::to_string(BUNDLE_PROGRAM_MAX) + " programs");
        }
        for (std::size_t at = 0; at < out_.programs.size(); at++) {
            const program &one = out_.programs[at];
            if (std::ranges::find(elfs_, one.elf) == elfs_.end()) {
                add_mistake(one.place, "no file `" + one.elf + "` was given");
            }
            for (std::size_t other = 0; other < at; other++) {
                if (out_.programs[other].name == one.name) {
                    add_mistake(one.place, "`" + one.name + "` stands twice, first in line " +
                                               std::to_string(out_.programs[other].place.line));
                }
            }
        }
        std::ranges::sort(out_.programs, {}, &program::name);
    }

    bundle_result &out_;
    const std::vector<std::string> &elfs_;
};

std::uint32_t limit_of(const program &one, const char *what, std::uint32_t usual) {
    const auto found = one.limits.find(what);
    return found == one.limits.end() ? usual : found->second;
}

std::uint64_t limits_of(const program &one) {
    const task_limits limits = {.pages = limit_of(one, "pages", USUAL_PAGES),
                                .tasks = 0,
                                .endpoints = limit_of(one, "endpoints", USUAL_ENDPOINTS),
                                .vmos = limit_of(one, "vmos", USUAL_VMOS),
                                .slots = limit_of(one, "slots", CAP_SLOT_COUNT - 1)};
    return task_limits_pack(limits) | task_ceiling_pack(static_cast<qos>(one.qos));
}

std::size_t aligned(std::size_t bytes) {
    return (bytes + BUNDLE_ALIGN - 1) / BUNDLE_ALIGN * BUNDLE_ALIGN;
}

// What execd will say of it.
bool passes(const std::string &bundle, const std::vector<program> &programs, std::string &error) {
    std::vector<std::uint64_t> words((bundle.size() + 7) / 8);
    std::memcpy(words.data(), bundle.data(), bundle.size());
    bundle_view view;
    const bundle_verdict verdict = bundle_open(words.data(), bundle.size(), &view);
    if (verdict.flaw == BUNDLE_FLAW_NONE) {
        return true;
    }
    error = programs[verdict.program].name + ": " + bundle_flaw_text(verdict.flaw);
    if (verdict.flaw == BUNDLE_FLAW_PROGRAM) {
        error += std::string(": ") + elf_reject_name(verdict.elf);
    }
    return false;
}

}  // namespace

bundle_result bundle_read(std::string_view text, const std::vector<std::string> &elfs) {
    bundle_result out;
    reader(out, elfs).read(text);
    return out;
}

std::string bundle_binary(const std::vector<program> &programs,
                          const std::map<std::string, std::string> &files, std::string &error) {
    const std::size_t table_end = sizeof(bundle_header) + programs.size() * sizeof(bundle_program);
    std::string table;
    std::string body;
    for (const program &one : programs) {
        const std::string &file = files.at(one.elf);
        mkimage::append_name(table, one.name);
        mkimage::append_u64(table, program_id_of(one.name.data(), one.name.size()));
        mkimage::append_u64(table, aligned(table_end) + body.size());
        mkimage::append_u64(table, file.size());
        mkimage::append_u64(table, limits_of(one));
        mkimage::append_u32(table, one.flags);
        mkimage::append_u32(table, one.at_once);
        mkimage::append_u64(table, task_shares_pack({limit_of(one, "cpu", 0), 0}));
        body += file;
        body.resize(aligned(body.size()), '\0');
    }
    std::string out;
    mkimage::append_u64(out, BUNDLE_MAGIC);
    mkimage::append_u32(out, ABI_VERSION);
    mkimage::append_u32(out, static_cast<std::uint32_t>(programs.size()));
    mkimage::append_u64(out, aligned(table_end) + body.size());
    mkimage::append_u64(out, 0);
    out += table;
    out.resize(aligned(table_end), '\0');
    out += body;
    return passes(out, programs, error) ? out : "";
}

}  // namespace mkbundle
