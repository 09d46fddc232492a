// tools/symbolize/symbolize.cc: copies a log from standard input and writes functions and lines
// under its backtraces.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "tools/symbolize/backtrace.h"

int main(int argc, char **argv) {
    CLI::App app{"Copies a UART log and adds functions and lines to the kernel's backtraces."};
    symbolize::symbol_source source;
    app.add_option("--kernel", source.elf, "the kernel's ELF file")->required();
    app.add_option("--addr2line", source.addr2line, "the RISC-V addr2line to ask")->required();
    CLI11_PARSE(app, argc, argv);
    symbolize::backtrace_reader reader(source);
    for (std::string line; std::getline(std::cin, line);) {
        std::cout << line << "\n" << reader.line(line) << std::flush;
    }
    return 0;
}
