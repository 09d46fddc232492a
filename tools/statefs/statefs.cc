// tools/statefs/statefs.cc: looks into images of disks that statefsd writes, and mends them.
#include <CLI/CLI.hpp>
#include <iostream>
#include <random>
#include <string>

#include "tools/statefs/commands.h"

int main(int argc, char **argv) {
    statefs_tool::options with;
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
        sub->add_option("--key", with.key, "of an encrypted one: 64 hexadecimal digits");
        sub->callback([&, command] { status = command(with, std::cout, std::cerr); });
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
