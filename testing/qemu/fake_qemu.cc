// testing/qemu/fake_qemu.cc: stands for QEMU in the runner's tests: does what the file after
// `-initrd` says, a statement a line.
//   print TEXT    a line of the UART        bytes TEXT    the same without an end of line
//   error TEXT    a line of QEMU's own      sleep MS      exit N      kill N (signal to itself)
//   read TEXT     ends with status 3 unless that is the next line of its input
//   hang          until somebody kills it   close         closes both outputs
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>

namespace {

constexpr int NO_SCRIPT = 99;
constexpr int NOT_READ = 3;
constexpr useconds_t MICROSECONDS_A_MS = 1000;

void obey(const std::string &verb, const std::string &rest) {
    if (verb == "print") {
        std::cout << rest << "\r\n" << std::flush;
    } else if (verb == "bytes") {
        std::cout << rest << std::flush;
    } else if (verb == "error") {
        std::cerr << rest << "\n" << std::flush;
    } else if (verb == "sleep") {
        usleep(static_cast<useconds_t>(std::stoul(rest)) * MICROSECONDS_A_MS);
    } else if (verb == "exit") {
        _exit(std::stoi(rest));
    } else if (verb == "kill") {
        raise(std::stoi(rest));
    } else if (verb == "close") {
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
    } else if (verb == "read") {
        std::string line;
        if (!std::getline(std::cin, line) || line != rest) {
            _exit(NOT_READ);
        }
    } else if (verb == "hang") {
        for (;;) {
            pause();
        }
    }
}

}  // namespace

int main(int argc, char **argv) {
    for (int at = 1; at + 1 < argc; at++) {
        if (std::strcmp(argv[at], "-initrd") != 0) {
            continue;
        }
        std::ifstream script(argv[at + 1]);
        for (std::string line; std::getline(script, line);) {
            const std::size_t space = line.find(' ');
            obey(line.substr(0, space), space == std::string::npos ? "" : line.substr(space + 1));
        }
        return 0;
    }
    return NO_SCRIPT;
}
