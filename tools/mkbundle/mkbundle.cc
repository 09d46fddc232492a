// tools/mkbundle/mkbundle.cc: a text and programs in, a bundle out.
// Exit: 0 made; 1 a mistake in what was given, printed as file:line:column where there is a line.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/mkbundle/bundle_text.h"
#include "tools/mkimage/image_bytes.h"
#include "tools/text/files.h"

namespace {

struct arguments {
    std::string text;
    std::string out;
    std::vector<std::string> elfs;  // name=path
};

// The program without what no segment of it holds.
bool read_elf(const std::string &pair, std::map<std::string, std::string> &files) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) {
        std::cerr << "`" << pair << "`: name=path expected\n";
        return false;
    }
    const std::string path = pair.substr(equals + 1);
    std::optional<std::string> contents = text::file_contents(path);
    std::string error;
    if (!contents) {
        return false;
    }
    if (!mkimage::reduce_program(*contents, error)) {
        std::cerr << path << ": the kernel would refuse this program: " << error << "\n";
        return false;
    }
    files[pair.substr(0, equals)] = std::move(*contents);
    return true;
}

bool make(const arguments &given) {
    const std::optional<std::string> text = text::file_contents(given.text);
    std::map<std::string, std::string> files;
    std::vector<std::string> names;
    for (const std::string &pair : given.elfs) {
        if (!read_elf(pair, files)) {
            return false;
        }
        names.push_back(pair.substr(0, pair.find('=')));
    }
    if (!text) {
        return false;
    }
    const mkbundle::bundle_result result = mkbundle::bundle_read(*text, names);
    for (const text::mistake &what : result.mistakes) {
        std::cerr << text::mistake_text(given.text, what) << "\n";
    }
    if (!result.mistakes.empty()) {
        return false;
    }
    std::string error;
    const std::string bundle = mkbundle::bundle_binary(result.programs, files, error);
    if (bundle.empty()) {
        std::cerr << given.text << ": " << error << "\n";
        return false;
    }
    return text::write_file(given.out, bundle);
}

}  // namespace

int main(int argc, char **argv) {
    CLI::App app{"Makes a bundle of programs that execd starts."};
    arguments given;
    app.add_option("--text", given.text, "what is in the bundle")->required();
    app.add_option("--out", given.out, "the bundle to write")->required();
    app.add_option("--elf", given.elfs, "name=path of an ELF file; repeated");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? 0 : 1;
    }
    return make(given) ? 0 : 1;
}
