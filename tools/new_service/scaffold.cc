// tools/new_service/scaffold.cc: see scaffold.h.
#include "tools/new_service/scaffold.h"

#include <algorithm>
#include <regex>
#include <string_view>

namespace new_service {

namespace {

constexpr std::size_t NAME_BYTES_MAX = 24;  // With `_fields.def` behind it a line still fits.
constexpr std::string_view EXAMPLE = "example";

// Names of C and of the tree that a service cannot have.
constexpr std::string_view reserved[] = {
    "auto",   "break",  "case",   "char",     "const",    "continue",  "default",  "do",
    "double", "else",   "enum",   "extern",   "float",    "for",       "goto",     "if",
    "inline", "int",    "long",   "register", "restrict", "return",    "short",    "signed",
    "sizeof", "static", "struct", "switch",   "typedef",  "union",     "unsigned", "void",
    "while",  "class",  "delete", "friend",   "new",      "operator",  "private",  "public",
    "this",   "throw",  "try",    "using",    "virtual",  "namespace", "template", "bool",
    "true",   "false",  "ipc",    "wire",     "frame",    "runtime",   "service",  "message",
    "state",  "kernel", "init",   "status",   "main",     "slot",      "marker",   "log_line"};

const char *const service_files[] = {"BUILD.bazel", "README.md", "@.c",       "@.h",
                                     "@_test.cc",   "service.c", "service.h", "main.c"};

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
        return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    });
    return text;
}

std::string replaced(std::string text, std::string_view from, const std::string &to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

std::string service_path(const std::string &file, std::string_view name) {
    return "services/" + std::string(name) + "/" + replaced(file, "@", std::string(name));
}

std::string wire_path(const char *kind, std::string_view name) {
    return "ipc/wire/" + std::string(name) + "_" + kind + ".def";
}

// Empty: it may be a service's name.
std::string name_error(const std::string &name) {
    if (!std::regex_match(name, std::regex("[a-z][a-z0-9_]*")) || name.back() == '_') {
        return "`" + name + "`: a name is a-z, then a-z 0-9 _, and does not end with _";
    }
    if (name.size() > NAME_BYTES_MAX) {
        return "`" + name + "`: a name has at most " + std::to_string(NAME_BYTES_MAX) + " letters";
    }
    if (std::ranges::find(reserved, name) != std::end(reserved)) {
        return "`" + name + "`: means something else in C or in this tree";
    }
    return "";
}

std::string taken_error(const reader &read, const std::string &name) {
    const std::string markers = read("images/markers.def").value_or("");
    const std::string protocols = read("ipc/wire/wire.h").value_or("");
    if (read(service_path("BUILD.bazel", name)) || read("services/" + name)) {
        return "`" + name + "` is taken: services/" + name + " is there";
    }
    if (read(wire_path("ops", name)) ||
        protocols.find("WIRE_PROTOCOL_" + upper(name) + " ") != std::string::npos) {
        return "`" + name + "` is taken: a protocol has that name";
    }
    if (markers.find("\"" + name + ": ") != std::string::npos) {
        return "`" + name + "` is taken: markers begin with it";
    }
    return "";
}

bool is_letters(const std::string &text) {
    return std::regex_match(text, std::regex("[A-Z]{2}"));
}

bool letters_taken(const std::string &build, const std::string &letters) {
    return build.find("letters = \"" + letters + "\"") != std::string::npos;
}

// The first letter of the name, with the next of the name that is free, then with any.
std::string free_letters(const std::string &build, const std::string &name) {
    const std::string all = upper(name.substr(1)) + "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (const char second : all) {
        const std::string letters = upper(name.substr(0, 1)) + second;
        if (is_letters(letters) && !letters_taken(build, letters)) {
            return letters;
        }
    }
    return "";
}

std::string letters_error(const std::string &build, const std::string &letters) {
    if (!is_letters(letters)) {
        return "`" + letters + "`: two capital letters begin a protocol's messages";
    }
    return letters_taken(build, letters) ? "`" + letters + "` begin another protocol's messages"
                                         : "";
}

// Edits one file of the plan, or says what people have to do.
class editor {
  public:
    editor(plan &out, const reader &read, std::string path) : out_(out), path_(std::move(path)) {
        const auto edited = out.edits.find(path_);
        text_ = edited != out.edits.end() ? edited->second : read(path_).value_or("");
    }

    // Lines before the first line that begins with `anchor`, which must stand there once.
    void before(const std::string &anchor, const std::string &lines) {
        insert(line_of(anchor, 0), lines);
    }

    // A line into the sorted run of lines that begin with `start`, after the first line that begins
    // with `from`.
    void into(const std::string &from, const std::string &start, const std::string &line) {
        std::size_t at = line_of(from, 0);
        at = at == std::string::npos ? at : line_of(start, at);
        while (at != std::string::npos && text_.compare(at, start.size(), start) == 0 &&
               text_.compare(at, line.size(), line) < 0) {
            at = text_.find('\n', at);
            at = at == std::string::npos ? at : at + 1;
        }
        insert(at, line);
    }

  private:
    std::size_t line_of(const std::string &start, std::size_t from) const {
        if (text_.compare(from, start.size(), start) == 0) {
            return from;
        }
        const std::size_t at = text_.find("\n" + start, from);
        return at == std::string::npos ? at : at + 1;
    }

    void insert(std::size_t at, const std::string &lines) {
        if (at == std::string::npos) {
            out_.to_add.push_back(path_ + ":\n" + lines);
            return;
        }
        text_.insert(at, lines);
        out_.edits[path_] = text_;
    }

    plan &out_;
    std::string path_;
    std::string text_;
};

// The number that the protocol gets: one more than the last.
std::string next_protocol(const std::string &wire) {
    const std::regex row("WIRE_PROTOCOL_[A-Z0-9_]+ = ([0-9]+),");
    unsigned last = 0;
    for (std::sregex_iterator at(wire.begin(), wire.end(), row); at != std::sregex_iterator();
         ++at) {
        last = std::max(last, static_cast<unsigned>(std::stoul((*at)[1])));
    }
    return std::to_string(last + 1);
}

void edit_protocols(plan &out, const reader &read, const std::string &name,
                    const std::string &letters) {
    const std::string number = next_protocol(read("ipc/wire/wire.h").value_or(""));
    editor(out, read, "ipc/wire/wire.h")
        .before("    WIRE_PROTOCOL_END\n",
                "    WIRE_PROTOCOL_" + upper(name) + " = " + number + ",\n");
    editor rows(out, read, "ipc/wire/protocols.c");
    rows.into("#include \"ipc/wire/echo_wire.h\"", "#include \"ipc/wire/",
              "#include \"ipc/wire/" + name + "_wire.h\"\n");
    rows.before("};\n", "    [WIRE_PROTOCOL_" + upper(name) + " - WIRE_PROTOCOL_INIT] = &" + name +
                            "_rows,\n");
    editor build(out, read, "ipc/wire/BUILD.bazel");
    build.into("    name = \"protocols\",", "        \":", "        \":" + name + "_wire\",\n");
    build.before("cc_library(\n    name = \"policy_action\",",
                 "wire_protocol(\n    name = \"" + name + "\",\n    letters = \"" + letters +
                     "\",\n    visibility = _USERS,\n)\n\n");
}

void edit_lists(plan &out, const reader &read, const std::string &name) {
    editor markers(out, read, "images/markers.def");
    markers.before("MARKER_AREA(\"selftest: \")", "MARKER_AREA(\"" + name + ": \")\n");
    markers.before("MARKER(SELFTEST_READY, ", "MARKER(" + upper(name) + "_READY, \"" + name +
                                                  ": ready\")\nMARKER(" + upper(name) +
                                                  "_READY_AGAIN, \"" + name + ": ready #%u\")\n");
    editor(out, read, "testing/style/packages.bzl")
        .into("    \"services\",", "    \"services", "    \"services/" + name + "\",\n");
}

// What is a choice of the image's author, or a sentence.
void say_rest(plan &out, const std::string &name) {
    out.to_add.push_back("images/SOME.manifest, before its users:\nservice " + name +
                         "\n    restarts 4\n    slot 1 console write marker\n    slot 2 route init "
                         "call\n    slot 3 endpoint recv\n");
    out.to_add.push_back("images/SOME.policy:\nallow CLIENT call " + name + "\n");
    out.to_add.push_back("images/BUILD.bazel, programs of that image:\n        \"//services/" +
                         name + ":" + name + "\": \"" + name + "\",\n");
    out.to_add.push_back(
        "images/golden/SOME.golden, with two more entries and services counted above:\n"
        "init: start " +
        name + "\n" + name + ": ready\ninit: up " + name + "\n");
    out.to_add.push_back("services/README.md and ipc/wire/README.md, a row each:\n| `" + name +
                         "` | WHAT IT DOES |\n");
}

}  // namespace

std::string renamed(const std::string &text, const std::string &name) {
    return replaced(replaced(text, upper(std::string(EXAMPLE)), upper(name)), EXAMPLE, name);
}

plan plan_service(const reader &read, const std::string &name, const std::string &letters) {
    plan out;
    const std::string build = read("ipc/wire/BUILD.bazel").value_or("");
    const std::string chosen =
        letters.empty() && !name.empty() ? free_letters(build, name) : letters;
    out.error = name_error(name);
    out.error = out.error.empty() ? taken_error(read, name) : out.error;
    out.error = out.error.empty() ? letters_error(build, chosen) : out.error;
    if (!out.error.empty()) {
        return out;
    }
    std::vector<std::pair<std::string, std::string>> copies = {
        {wire_path("fields", EXAMPLE), wire_path("fields", name)},
        {wire_path("ops", EXAMPLE), wire_path("ops", name)}};
    for (const char *file : service_files) {
        copies.emplace_back(service_path(file, EXAMPLE), service_path(file, name));
    }
    for (const auto &[from, to] : copies) {
        const std::optional<std::string> text = read(from);
        if (!text) {
            return {.error = from + ": not there; a new service is made from it",
                    .made = {},
                    .edits = {},
                    .to_add = {}};
        }
        out.made[to] = renamed(*text, name);
    }
    edit_protocols(out, read, name, chosen);
    edit_lists(out, read, name);
    say_rest(out, name);
    return out;
}

}  // namespace new_service
