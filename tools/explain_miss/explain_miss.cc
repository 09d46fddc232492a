// explain_miss: did a build take everything from the cache that another one filled, and if not, why
// not? By both execution logs. Exits with 0 only if it took everything.
#include <CLI/CLI.hpp>
#include <exception>
#include <fstream>
#include <iostream>

#include "tools/explain_miss/explain.h"

int main(int argc, char **argv) {
    CLI::App app{"Says why a build ran what a shared cache should have answered."};
    std::string first_path;
    std::string second_path;
    app.add_option("FIRST", first_path, "--execution_log_json_file of the build that filled it")
        ->required()
        ->check(CLI::ExistingFile);
    app.add_option("SECOND", second_path, "the same of the build that should take all from it")
        ->required()
        ->check(CLI::ExistingFile);
    CLI11_PARSE(app, argc, argv);
    try {
        std::ifstream first(first_path);
        std::ifstream second(second_path);
        return print(explain(first, second), std::cout) ? 0 : 1;
    } catch (const std::exception &error) {
        std::cerr << "explain_miss: " << error.what() << "\n";
        return 2;
    }
}
