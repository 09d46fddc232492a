// tools/bep_summary/summary.h: what a build event file says about tests.
// Units:     milliseconds. Ownership: all values are copies. Blocking: none but reading.
// Errors:    read_events throws std::runtime_error, naming the line, on text that is not a build
// event file.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

enum class Verdict { kPassed, kFlaky, kFailed };

struct TestOutcome {
    Verdict verdict = Verdict::kFailed;
    std::string reason = "did not run";  // why it failed, in Bazel's word
    int64_t duration_ms = 0;
    bool cached = false;
};

struct Summary {
    std::map<std::string, TestOutcome> tests;  // by label; every configured test is here
    std::vector<std::string> build_failures;   // what is not a test and did not build
    bool finished = false;                     // the build came to its end
    int exit_code = -1;                        // Bazel's own
    std::string exit_name = "NOT_FINISHED";
};

struct Policy {
    size_t tests_min = 0;                  // fewer tests than this are a failure
    std::vector<std::string> drift;        // lines `DRIFT: ...`
    std::vector<std::string> also_failed;  // what failed besides this build, counted with it
};

// Reads one event a line (--build_event_json_file).
Summary read_events(std::istream &events);

// Prints the report, the last line being `N passed, N failed`. True if nothing failed.
bool report(const Summary &summary, const Policy &policy, std::ostream &out);
