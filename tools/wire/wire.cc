// tools/wire/wire.cc: shows messages, one an argument or one a line of the input.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "tools/wire/dissect.h"

namespace {

bool show(const std::string &hex) {
    std::vector<std::uint8_t> bytes;
    if (!wire::bytes_of_hex(hex, bytes)) {
        std::cerr << "wire: not hexadecimal, in pairs of digits: " << hex << "\n";
        return false;
    }
    const wire::dissection shown = wire::dissect(bytes);
    std::cout << shown.text << "\n";
    return shown.good;
}

}  // namespace

int main(int argc, char **argv) {
    std::vector<std::string> messages;
    CLI::App app{"Shows messages field by field. The exit status is 0 if all are well-formed."};
    app.add_option("message", messages,
                   "bytes as hexadecimal digits; without any, one message a line of the input");
    CLI11_PARSE(app, argc, argv);
    bool good = true;
    if (messages.empty()) {
        for (std::string line; std::getline(std::cin, line);) {
            good = show(line) && good;
        }
    }
    for (const std::string &message : messages) {
        good = show(message) && good;
    }
    return good ? 0 : 1;
}
