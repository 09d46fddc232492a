// tools/compile_commands/main.cc: asks Bazel how each file is compiled and writes
// compile_commands.json at the root of the checkout. Started by `./bazelw run
// //tools/compile_commands`. Bazel compiles nothing for it.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "tools/compile_commands/commands.h"

namespace {

// What a command prints. It may fail if it prints something all the same: Bazel's answer then lacks
// what does not load.
std::string output_of(const std::string &command) {
    FILE *pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) {
        throw std::runtime_error("cannot start " + command);
    }
    std::string text;
    char buffer[65536];
    for (size_t count = 0; (count = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
        text.append(buffer, count);
    }
    if (pclose(pipe) != 0) {
        if (text.empty()) {
            throw std::runtime_error("failed: " + command);
        }
        std::cerr << "compile_commands: some packages do not load; their files are missing\n";
    }
    return text;
}

std::string first_line(const std::string &text) {
    return text.substr(0, text.find('\n'));
}

}  // namespace

int main() {
    const char *workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
    if (workspace == nullptr) {
        std::cerr << "compile_commands: start it by ./bazelw run //tools/compile_commands\n";
        return 2;
    }
    try {
        std::string bazel = "cd '" + std::string(workspace) + "' && ./bazelw ";
        std::string base = first_line(output_of(bazel + "info output_base 2>/dev/null"));
        std::string actions =
            output_of(bazel +
                      "aquery --output=jsonproto --keep_going --ui_event_filters=-info "
                      "'mnemonic(\"CppCompile\", deps(//...))'");
        std::string path = std::string(workspace) + "/compile_commands.json";
        std::ofstream stream(path);
        stream << compile_commands(actions, workspace, base);
        stream.close();
        std::cout << (stream ? "wrote " : "cannot write ") << path << "\n";
        return stream ? 0 : 1;
    } catch (const std::exception &error) {
        std::cerr << "compile_commands: " << error.what() << "\n";
        return 1;
    }
}
