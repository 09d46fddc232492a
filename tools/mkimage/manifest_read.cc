// tools/mkimage/manifest_read.cc: words of a line to fields; manifest_checks.cc judges what they
// mean together.
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <optional>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/device.h"
#include "kernel/abi/task.h"
#include "tools/mkimage/manifest.h"
#include "tools/mkimage/manifest_checks.h"

namespace mkimage {
namespace {

using text::word;

struct named_right {
    std::string_view name;
    std::uint32_t bit;
};

struct grant_form {
    std::string_view name;
    manifest_grant_kind kind;
    bool target_first;  // `route TARGET ...`
    std::vector<named_right> rights;
};

const std::vector<grant_form> &grant_forms() {
    static const std::vector<grant_form> forms = {
        {"console",
         MANIFEST_GRANT_CONSOLE,
         false,
         {{"write", RIGHT_WRITE}, {"marker", RIGHT_MARKER}, {"input", RIGHT_READ_INPUT}}},
        {"endpoint",
         MANIFEST_GRANT_ENDPOINT,
         false,
         {{"send", RIGHT_SEND},
          {"call", RIGHT_CALL},
          {"notify", RIGHT_NOTIFY},
          {"recv", RIGHT_RECV},
          {"mint", RIGHT_MINT},
          {"manage", RIGHT_MANAGE},
          {"accept", MANIFEST_ACCEPT_CAPS}}},
        {"route",
         MANIFEST_GRANT_ROUTE,
         true,
         {{"send", RIGHT_SEND}, {"call", RIGHT_CALL}, {"notify", RIGHT_NOTIFY}}},
        {"factory",
         MANIFEST_GRANT_FACTORY,
         false,
         {{"endpoint", RIGHT_MAKE_ENDPOINT},
          {"task", RIGHT_MAKE_TASK},
          {"grant", RIGHT_MAKE_GRANT},
          {"vmo", RIGHT_MAKE_VMO}}},
        {"image", MANIFEST_GRANT_IMAGE, false, {{"read", RIGHT_READ}, {"secret", RIGHT_SECRET}}},
        {"device",
         MANIFEST_GRANT_DEVICE,
         true,
         {{"map", RIGHT_DEVICE_MAP}, {"irq", RIGHT_DEVICE_IRQ}, {"dma", RIGHT_DEVICE_DMA}}},
        {"stats",
         MANIFEST_GRANT_STATS,
         false,
         {{"read", RIGHT_STATS_READ}, {"trace", RIGHT_STATS_TRACE}, {"audit", RIGHT_STATS_AUDIT}}},
        {"family",
         MANIFEST_GRANT_FAMILY,
         false,
         {{"mint", RIGHT_MINT_UNDER}, {"revoke", RIGHT_REVOKE}}},
    };
    return forms;
}

class reader {
  public:
    explicit reader(manifest_result &out) : out_(out) {}

    void read(std::string_view text) {
        for (const std::vector<word> &words : text::lines_of(text)) {
            read_statement(words);
        }
    }

  private:
    void add_mistake(source_place place, std::string message) {
        out_.mistakes.push_back({place, std::move(message)});
    }

    void read_statement(const std::vector<word> &words) {
        if (words[0].text == "service") {
            start_service(words);
            return;
        }
        if (out_.contents.services.empty()) {
            add_mistake(words[0].place, "`" + words[0].text + "` before the first `service`");
            return;
        }
        if (!read_flag(words) && !read_value(words)) {
            add_mistake(words[0].place, "unknown word `" + words[0].text + "`");
        }
    }

    void start_service(const std::vector<word> &words) {
        service made;
        made.place = words[0].place;
        if (one_argument(words)) {
            made.name = words[1].text;
            made.place = words[1].place;
            check_name(words[1]);
        }
        made.program = made.name;
        made.program_place = made.place;
        out_.contents.services.push_back(std::move(made));
    }

    void check_name(const word &name) {
        if (!name_is_proper(name.text)) {
            add_mistake(
                name.place,
                "`" + name.text + "` is no proper name: a-z, then a-z 0-9 _, at most 31 bytes");
        }
    }

    bool one_argument(const std::vector<word> &words) {
        if (words.size() != 2) {
            add_mistake(words[0].place, "`" + words[0].text + "` takes one word, " +
                                            std::to_string(words.size() - 1) + " given");
        }
        return words.size() == 2;
    }

    bool read_flag(const std::vector<word> &words) {
        service &current = out_.contents.services.back();
        for (const word &flag : words) {
            if (flag.text == "critical") {
                current.flags |= MANIFEST_CRITICAL;
            } else if (flag.text == "final") {
                current.flags |= MANIFEST_FINAL;
            } else if (flag.text == "manual") {
                current.flags &= ~static_cast<std::uint32_t>(MANIFEST_AUTOSTART);
            } else if (&flag == &words[0]) {
                return false;
            } else {
                add_mistake(flag.place, "unknown flag `" + flag.text + "`");
            }
        }
        return true;
    }

    bool read_value(const std::vector<word> &words) {
        service &current = out_.contents.services.back();
        const std::string &key = words[0].text;
        if (key == "slot") {
            read_slot(words);
            return true;
        }
        if (key == "limit") {
            read_limits(words);
            return true;
        }
        if (key == "keep") {
            read_keep(words);
            return true;
        }
        if (key == "sectors") {
            read_sectors(words);
            return true;
        }
        if (key == "qos") {
            read_qos(words);
            return true;
        }
        if (key != "program" && key != "hart" && key != "argument" && key != "restarts") {
            return false;
        }
        if (!one_argument(words)) {
            return true;
        }
        if (key == "program") {
            current.program = words[1].text;
            current.program_place = words[1].place;
        } else if (key == "hart") {
            current.hart = number_of_32_bits(words[1]);
            current.hart_place = words[1].place;
        } else if (key == "argument") {
            current.argument = number_of_32_bits(words[1]);
        } else {
            current.restart_budget = number_of_32_bits(words[1]);
        }
        return true;
    }

    std::optional<std::uint64_t> number(const word &digits) {
        std::uint64_t value = 0;
        const char *first = digits.text.data();
        const char *last = first + digits.text.size();
        const bool is_hex = digits.text.starts_with("0x");
        const auto [end, error] =
            std::from_chars(is_hex ? first + 2 : first, last, value, is_hex ? 16 : 10);
        if (error != std::errc() || end != last) {
            add_mistake(digits.place, "`" + digits.text + "` is no number of 64 bits");
            return std::nullopt;
        }
        return value;
    }

    std::uint32_t number_of_32_bits(const word &digits) {
        const std::uint64_t value = number(digits).value_or(0);
        if (value > std::numeric_limits<std::uint32_t>::max()) {
            add_mistake(digits.place, "`" + digits.text + "` is over 32 bits");
        }
        return static_cast<std::uint32_t>(value);
    }

    void read_sectors(const std::vector<word> &words) {
        service &current = out_.contents.services.back();
        if (words.size() != 3) {
            add_mistake(words[0].place, "`sectors` takes the first and how many");
            return;
        }
        if (current.sectors != 0) {
            add_mistake(words[0].place, "it already has a part of the disk");
        }
        current.first_sector = number_of_32_bits(words[1]);
        current.sectors = number_of_32_bits(words[2]);
        current.sectors_place = words[0].place;
        if (current.sectors == 0) {
            add_mistake(words[2].place, "a part has at least one sector");
        }
    }

    void read_qos(const std::vector<word> &words) {
        if (!one_argument(words)) {
            return;
        }
        for (std::uint32_t qos = QOS_IDLE; qos < QOS_COUNT; qos++) {
            if (words[1].text == qos_name(qos)) {
                out_.contents.services.back().qos = qos;
                return;
            }
        }
        add_mistake(words[1].place, "no class is named `" + words[1].text +
                                        "`: idle, normal, interactive or burst");
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
        static const std::map<std::string, std::uint32_t, std::less<>> most = {
            {"pages", (1U << TASK_LIMIT_PAGES_BITS) - 1},
            {"tasks", TASK_LIMIT_OBJECTS_MAX},
            {"endpoints", TASK_LIMIT_OBJECTS_MAX},
            {"vmos", TASK_LIMIT_OBJECTS_MAX},
            {"slots", CAP_SLOT_COUNT - 1},
            {"grants", TASK_LIMIT_OBJECTS_MAX},
            {"cpu", TASK_SHARE_CPU_MAX},
        };
        const auto found = most.find(what.text);
        if (found == most.end()) {
            add_mistake(what.place, "nothing is limited by `" + what.text +
                                        "`: pages, tasks, endpoints, vmos, slots, grants or cpu");
            return;
        }
        const std::uint32_t value = number_of_32_bits(digits);
        if (value > found->second) {
            add_mistake(digits.place, "at most " + std::to_string(found->second) + " " + what.text);
        }
        if (value == 0 && what.text == "cpu") {
            add_mistake(digits.place, "`cpu` is at least 1; without it there is no bound");
        }
        if (!out_.contents.services.back().limits.emplace(what.text, value).second) {
            add_mistake(what.place, "`" + what.text + "` is already limited");
        }
    }

    void read_keep(const std::vector<word> &words) {
        service &current = out_.contents.services.back();
        if (!current.keeps.empty()) {
            add_mistake(words[0].place, "`keep` stands twice");
        }
        if (words.size() != 5 || words[1].text != "entries" || words[3].text != "bytes") {
            add_mistake(words[0].place, "`keep` is followed by `entries N bytes N`");
            return;
        }
        current.keep_place = words[0].place;
        current.keeps["entries"] = number_of_32_bits(words[2]);
        current.keeps["bytes"] = number_of_32_bits(words[4]);
        if (current.keeps["entries"] == 0) {
            add_mistake(words[2].place, "who keeps nothing needs no `keep`");
        }
    }

    void read_slot(const std::vector<word> &words) {
        if (words.size() < 3) {
            add_mistake(words[0].place, "`slot` takes a number, a kind and rights");
            return;
        }
        grant made;
        made.slot = number_of_32_bits(words[1]);
        made.place = words[1].place;
        for (const grant_form &form : grant_forms()) {
            if (form.name == words[2].text) {
                made.kind = form.kind;
                read_grant(form, words, made);
                return;
            }
        }
        add_mistake(words[2].place, "unknown kind `" + words[2].text +
                                        "`: console, endpoint, route, factory, image, "
                                        "device, stats or family");
    }

    void read_grant(const grant_form &form, const std::vector<word> &words, grant &made) {
        std::size_t at = 3;
        if (form.target_first) {
            if (words.size() == at) {
                add_mistake(words[2].place, "`" + words[2].text + "` takes a name");
                return;
            }
            made.target = words[at].text;
            made.target_place = words[at++].place;
        }
        while (at < words.size()) {
            at += read_right(form, words, at, made);
        }
        if (made.rights == 0) {
            add_mistake(words[2].place, "no right given");
        }
        out_.contents.services.back().grants.push_back(std::move(made));
    }

    // Returns how many words it took.
    std::size_t read_right(const grant_form &form, const std::vector<word> &words, std::size_t at,
                           grant &made) {
        const word &current = words[at];
        const bool has_more = at + 1 < words.size();
        if (current.text == "crowded" && form.kind == MANIFEST_GRANT_ENDPOINT) {
            made.crowded = true;
            return 1;
        }
        if (current.text == "badge" && form.kind == MANIFEST_GRANT_ROUTE && has_more) {
            made.badge = number(words[at + 1]).value_or(0);
            return 2;
        }
        if (current.text == "number" && form.kind == MANIFEST_GRANT_DEVICE && has_more) {
            made.number = number_of_32_bits(words[at + 1]);
            if (made.number < 1 || made.number > DEVICE_MAX) {
                add_mistake(words[at + 1].place, "devices of a kind are numbered from 1 to " +
                                                     std::to_string(DEVICE_MAX));
            }
            return 2;
        }
        if (current.text == "of" && form.kind == MANIFEST_GRANT_FACTORY && has_more) {
            made.target = words[at + 1].text;
            made.target_place = words[at + 1].place;
            return 2;
        }
        for (const named_right &right : form.rights) {
            if (right.name != current.text) {
                continue;
            }
            if ((made.rights & right.bit) != 0) {
                add_mistake(current.place, "`" + current.text + "` stands twice");
            }
            made.rights |= right.bit;
            if (form.kind != MANIFEST_GRANT_DEVICE || right.bit != RIGHT_DEVICE_DMA) {
                return 1;
            }
            if (!has_more) {
                add_mistake(current.place, "`dma` takes a number of pages");
                return 1;
            }
            made.badge = number(words[at + 1]).value_or(0);
            return 2;
        }
        add_mistake(current.place, "`" + current.text + "` is no right of a capability of kind `" +
                                       std::string(form.name) + "`");
        return 1;
    }

    manifest_result &out_;
};

}  // namespace

manifest_result manifest_read(std::string_view text, const surroundings &around) {
    manifest_result out;
    reader(out).read(text);
    if (out.mistakes.empty()) {
        manifest_check(out, around);
    }
    return out;
}

std::vector<std::string> service_names(std::string_view text) {
    manifest_result out;
    reader(out).read(text);
    std::vector<std::string> names;
    for (const service &one : out.contents.services) {
        names.push_back(one.name);
    }
    return names;
}

bool name_is_proper(std::string_view name) {
    if (name.empty() || name.size() >= BOOT_IMAGE_NAME_BYTES || name[0] < 'a' || name[0] > 'z') {
        return false;
    }
    return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
           std::string_view::npos;
}

}  // namespace mkimage
