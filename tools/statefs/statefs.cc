// tools/statefs/statefs.cc: looks into images of disks that statefsd writes, and mends them; makes
// those that power cuts leave.
#include <CLI/CLI.hpp>
#include <iostream>
#include <random>
#include <string>

#include "tools/statefs/commands.h"
#include "tools/statefs/cuts.h"
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

using cut_command = int(const statefs_tool::cut_options &, std::ostream &, std::ostream &);

// Of logs.
CLI::App *add_cut(CLI::App &app, const char *name, const char *what,
                  statefs_tool::cut_options &with) {
    CLI::App *sub = app.add_subcommand(name, what);
    sub->add_option("log", with.log, "of what a disk was told, as --disk-log of an image writes it")
        ->required();
    sub->add_option("--mib", with.mib, "size of the disk, MiB");
    return sub;
}

void add_cuts(CLI::App &app, statefs_tool::cut_options &with, int &status) {
    const auto run = [&with, &status](cut_command *command) {
        return [&with, &status, command] { status = command(with, std::cout, std::cerr); };
    };
    CLI::App *cut = add_cut(app, "cut", "makes the image that a power cut would leave", with);
    cut->add_option("image", with.image, "the file")->required();
    cut->add_option("--seed", with.seed, "chooses the point of the log, and what is torn");
    cut->add_flag("--force", with.force, "writes over a file that is there");
    cut->callback(run(statefs_tool::cut_image));
    CLI::App *points = add_cut(app, "points", "what `cut` makes of each seed from 0 on", with);
    points->add_option("--seeds", with.seeds, "how many");
    points->callback(run(statefs_tool::list_points));
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
    statefs_tool::cut_options cut;
    add_cuts(app, cut, status);
    CLI11_PARSE(app, argc, argv);
    return status;
}
