// testing/protocols/update.cc: writes docs/wire.md, docs/route-cache.md, docs/example-service.md
// and ipc/wire/vectors.txt anew, in the checkout that `bazel run` was called from.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "testing/protocols/pages.h"
#include "testing/protocols/vectors.h"

namespace {

std::string read_text(const std::string &path) {
    std::ifstream stream(path);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

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
        std::cerr << "update: start it by ./bazelw run //testing/protocols:update\n";
        return 2;
    }
    std::string docs = std::string(root) + "/docs/";
    bool wire = write_text(docs + "wire.md", wire_page());
    bool route = write_text(docs + "route-cache.md", route_page());
    bool example = write_text(docs + "example-service.md", example_page([root](const auto &path) {
                                  return read_text(std::string(root) + "/" + path);
                              }));
    bool vectors = write_text(std::string(root) + "/ipc/wire/vectors.txt", vector_lines());
    return wire && route && example && vectors ? 0 : 1;
}
