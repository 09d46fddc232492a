// tools/new_service/new_service.cc: `./bazelw run //tools/new_service -- NAME` writes a new service
// into the tree. Exit: 0 written; 1 nothing was, and why.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "tools/new_service/scaffold.h"

namespace {

namespace fs = std::filesystem;

std::optional<std::string> read_file(const fs::path &path) {
    if (fs::is_directory(path)) {
        return "";
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return std::nullopt;
    }
    return std::string(std::istreambuf_iterator<char>(file), {});
}

bool write_file(const fs::path &path, const std::string &text) {
    std::error_code ignored;
    fs::create_directories(path.parent_path(), ignored);
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    return static_cast<bool>(file);
}

// Everything beside its place first; then the renames, which do not fail for want of room.
bool write_all(const fs::path &root, const new_service::plan &plan, const std::string &name) {
    std::map<std::string, std::string> all = plan.made;
    all.insert(plan.edits.begin(), plan.edits.end());
    std::vector<fs::path> fresh;
    bool good = true;
    for (const auto &[path, text] : all) {
        fresh.push_back(root / (path + ".new"));
        good = good && write_file(fresh.back(), text);
    }
    for (const fs::path &from : fresh) {
        std::error_code error;
        if (good) {
            fs::path to = from;
            fs::rename(from, to.replace_extension(), error);
            good = !error;
        }
        if (!good) {
            fs::remove(from, error);
        }
    }
    std::error_code not_empty;
    if (!good && fs::is_empty(root / "services" / name, not_empty)) {
        fs::remove(root / "services" / name, not_empty);
    }
    return good;
}

void say(const new_service::plan &plan, const std::string &name) {
    for (const auto &[path, text] : plan.made) {
        std::cout << "made " << path << "\n";
    }
    for (const auto &[path, text] : plan.edits) {
        std::cout << "added to " << path << "\n";
    }
    std::cout << "\nto be added by you:\n";
    for (const std::string &lines : plan.to_add) {
        std::cout << "\n" << lines;
    }
    std::cout << "\nthen: ./bazelw run //testing/protocols:update && ./bazelw test //services/"
              << name << "/... //testing/protocols/... //testing/style/...\n";
}

}  // namespace

int main(int argc, char **argv) {
    CLI::App app{"Makes a service from services/example, with another name."};
    const char *workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
    std::string root = workspace != nullptr ? workspace : ".";
    std::string name;
    std::string letters;
    app.add_option("NAME", name, "of the service: a-z, then a-z 0-9 _")->required();
    app.add_option("--letters", letters, "that begin its messages; else two that are free");
    app.add_option("--root", root, "the tree, if not this checkout");
    CLI11_PARSE(app, argc, argv);
    const new_service::plan plan = new_service::plan_service(
        [&root](const std::string &path) { return read_file(fs::path(root) / path); }, name,
        letters);
    if (!plan.error.empty()) {
        std::cerr << "new_service: " << plan.error << "\n";
        return 1;
    }
    if (!write_all(root, plan, name)) {
        std::cerr << "new_service: can't write to " << root << "\n";
        return 1;
    }
    say(plan, name);
    return 0;
}
