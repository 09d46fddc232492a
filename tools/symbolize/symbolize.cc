// tools/symbolize/symbolize.cc: copies a log from standard input and writes functions and lines
// under its backtraces.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "tools/symbolize/backtrace.h"

int main(int argc, char **argv) {
    CLI::App app{"Copies a UART log and adds functions and lines to backtraces."};
    symbolize::symbol_source source;
    std::vector<std::string> programs;
    app.add_option("--kernel", source.elf, "the kernel's ELF file")->required();
    app.add_option("--addr2line", source.addr2line, "the RISC-V addr2line to ask")->required();
    app.add_option("--program", programs, "name=path of a program's ELF file; repeated");
    CLI11_PARSE(app, argc, argv);
    for (const std::string &pair : programs) {
        const std::size_t equals = pair.find('=');
        if (equals == std::string::npos) {
            std::cerr << "`" << pair << "`: name=path expected\n";
            return 1;
        }
        source.programs[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    symbolize::backtrace_reader reader(source);
    for (std::string line; std::getline(std::cin, line);) {
        std::cout << line << "\n" << reader.line(line) << std::flush;
    }
    return 0;
}
