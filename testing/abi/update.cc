// testing/abi/update.cc: writes testing/abi/abi.golden and docs/abi.md anew, in the checkout that
// `bazel run` was called from.
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "testing/abi/abi_tables.h"

namespace {

bool write_text(const std::string &path, const std::string &text) {
    std::ofstream stream(path);
    stream << text;
    stream.close();
    std::cout << (stream ? "wrote " : "cannot write ") << path << "\n";
    return static_cast<bool>(stream);
}

}  // namespace

int main() {
    const char *root = std::getenv("BUILD_WORKSPACE_DIRECTORY");
    if (root == nullptr) {
        std::cerr << "update: start it by ./bazelw run //testing/abi:update\n";
        return 2;
    }
    std::string folder = root;
    bool golden = write_text(folder + "/testing/abi/abi.golden", abi_golden());
    bool page = write_text(folder + "/docs/abi.md", abi_markdown());
    bool statistics = write_text(folder + "/docs/abi-statistics.md", abi_statistics_markdown());
    return golden && page && statistics ? 0 : 1;
}
