// testing/markers/check.cc: the checker as a program: a golden file alone, or a log against it.
// Exit: 0 all well; 1 the log does not fit; 2 the golden file, the marker table or the call is
//       wrong.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "testing/markers/golden.h"
#include "testing/markers/log_lines.h"
#include "testing/markers/marker_table.h"
#include "testing/markers/matcher.h"
#include "testing/markers/report.h"
#include "tools/text/files.h"

namespace {

enum exit_status { EXIT_FITS = 0, EXIT_DOES_NOT_FIT = 1, EXIT_WRONG_INPUT = 2 };

std::optional<markers::golden> read_golden(const std::string &path,
                                           const markers::marker_table &table) {
    for (const std::string &problem : markers::marker_table_problems(table)) {
        std::cerr << "images/markers.def: " << problem << "\n";
    }
    const std::optional<std::string> contents = text::file_contents(path);
    if (!markers::marker_table_problems(table).empty() || !contents) {
        return std::nullopt;
    }
    markers::golden_result result = markers::golden_read(path, *contents, table);
    for (const markers::golden_mistake &mistake : result.mistakes) {
        std::cerr << markers::mistake_text(mistake) << "\n";
    }
    if (!result.mistakes.empty()) {
        return std::nullopt;
    }
    return std::move(result.rules);
}

int check_log(const markers::golden &rules, const markers::marker_table &table,
              const std::string &log_path) {
    const std::optional<std::string> log = text::file_contents(log_path);
    if (!log) {
        return EXIT_WRONG_INPUT;
    }
    markers::log_splitter splitter;
    std::vector<markers::log_line> lines;
    splitter.feed(*log, lines);
    markers::matcher judge(rules, table);
    for (const markers::log_line &line : lines) {
        judge.line(line, markers::NO_TIME);
    }
    judge.finish(splitter.unfinished());
    if (!judge.failures().empty()) {
        std::cout << "FAIL " << log_path << " against " << rules.file << "\n"
                  << markers::failures_text(judge);
        return EXIT_DOES_NOT_FIT;
    }
    std::cout << "PASS " << log_path << ": " << judge.rules_met() << " of " << judge.rules_needed()
              << " rules of " << rules.file << "\n";
    return EXIT_FITS;
}

}  // namespace

int main(int argc, char **argv) {
    CLI::App app{
        "Checks a golden file against images/markers.def, and a UART log against the golden file."};
    std::string golden_path;
    std::string log_path;
    std::string stamp_path;
    app.add_option("--golden", golden_path, "the golden file")->required();
    app.add_option("--log", log_path, "a UART log; without it only the golden file is checked");
    app.add_option("--stamp", stamp_path, "a file to write when all is well, for build rules");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? EXIT_FITS : EXIT_WRONG_INPUT;
    }
    const markers::marker_table table = markers::compiled_marker_table();
    const std::optional<markers::golden> rules = read_golden(golden_path, table);
    if (!rules) {
        return EXIT_WRONG_INPUT;
    }
    const int status = log_path.empty() ? int{EXIT_FITS} : check_log(*rules, table, log_path);
    if (status == EXIT_FITS && !stamp_path.empty() && !text::write_file(stamp_path, "checked\n")) {
        return EXIT_WRONG_INPUT;
    }
    return status;
}
