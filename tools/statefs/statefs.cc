// tools/statefs/statefs.cc: looks into images of disks that statefsd writes, and mends them.
#include <CLI/CLI.hpp>
#include <iostream>
#include <random>
#include <string>

#include "tools/statefs/commands.h"
#include "tools/text/files.h"

namespace {

// A key on the command line would be seen by who lists processes.
bool read_key(const std::string &path, std::string &key) {
    const auto contents = text::file_contents(path);
    if (!contents) {
        return false;
    }
    const bool has_newline = !contents->empty() && contents->back() == '\n';
    key = contents->substr(0, contents->size() - has_newline);
    if (key.empty()) {  // Which would be no key.
        std::cerr << path << ": empty, and no key\n";
    }
    return !key.empty();
}

}  // namespace

int main(int argc, char **argv) {
    statefs_tool::options with;
    std::string key_file;
    std::random_device random;
    with.volume = std::uint64_t{random()} << 32 | random();
    CLI::App app{
        "Images of disks that statefsd writes. The exit status is 0 if the image is as it should "
        "be."};
    app.require_subcommand(1);
    int status = 1;
    const auto add = [&](const char *name, const char *what, auto command) {
        CLI::App *sub = app.add_subcommand(name, what);
        sub->add_option("image", with.image, "the file")->required();
        sub->add_option("--key", key_file, "of an encrypted one: a file of 64 hexadecimal digits");
        sub->callback([&, command] {
            if (key_file.empty() || read_key(key_file, with.key)) {
                status = command(with, std::cout, std::cerr);
            }
        });
        return sub;
    };
    CLI::App *make = add("make", "makes an image with an empty journal", statefs_tool::make_image);
    make->add_option("--mib", with.mib, "its size, MiB");
    make->add_option("--volume", with.volume, "its number; else a random one");
    make->add_flag("--force", with.force, "writes over a file that is there");
    add("check", "replays the journal and says how it ended", statefs_tool::check);
    add("list", "the services that have something, and their keys with sizes", statefs_tool::list);
    add("dump", "every entry: service, key, value", statefs_tool::dump);
    add("repair", "keeps what is before the first damage, and writes it anew",
        statefs_tool::repair);
    CLI11_PARSE(app, argc, argv);
    return status;
}
