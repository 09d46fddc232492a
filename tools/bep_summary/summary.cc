#include "tools/bep_summary/summary.h"

#include <algorithm>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>

namespace {

using nlohmann::json;

constexpr size_t kSlowestShown = 10;

// Protocol buffers' JSON writes 64-bit numbers as text.
int64_t number(const json &object, const char *key) {
    const auto found = object.find(key);
    if (found == object.end()) {
        return 0;
    }
    return found->is_string() ? std::stoll(found->get<std::string>()) : found->get<int64_t>();
}

void take_configured(const json &event, const std::string &label, Summary &summary) {
    // Only tests have a size.
    if (event.contains("configured") && event["configured"].contains("testSize")) {
        summary.tests[label];
    }
}

// A target for the other platform (target_compatible_with) is left out of `//...`, and that is as
// it should be.
bool is_skipped(const json &event) {
    return event.contains("aborted") && event["aborted"].value("reason", "") == "SKIPPED";
}

void take_completed(const json &event, const std::string &label, Summary &summary) {
    if (event.contains("completed") && event["completed"].value("success", false)) {
        return;
    }
    const auto test = summary.tests.find(label);
    if (test != summary.tests.end()) {
        test->second.reason = is_skipped(event) ? "is not for this platform" : "did not build";
    } else if (!is_skipped(event)) {
        summary.build_failures.push_back(label);
    }
}

void take_summary(const json &event, const std::string &label, Summary &summary) {
    const json &result = event.at("testSummary");
    const std::string status = result.value("overallStatus", "NO_STATUS");
    TestOutcome &test = summary.tests[label];
    test.duration_ms = number(result, "totalRunDurationMillis");
    test.cached = number(result, "totalNumCached") > 0;
    if (status == "PASSED") {
        test.verdict = Verdict::kPassed;
    } else if (status == "FLAKY") {
        test.verdict = Verdict::kFlaky;
    } else if (!(status == "NO_STATUS" && test.reason == "did not build")) {
        test.reason = status;
    }
}

void take_finished(const json &event, Summary &summary) {
    const json exit = event.at("finished").value("exitCode", json::object());
    summary.finished = true;
    summary.exit_code = static_cast<int>(number(exit, "code"));
    summary.exit_name = exit.value("name", "SUCCESS");
}

void take(const json &event, Summary &summary) {
    const json &id = event.at("id");
    if (id.contains("targetConfigured")) {
        take_configured(event, id["targetConfigured"].at("label"), summary);
    } else if (id.contains("targetCompleted")) {
        take_completed(event, id["targetCompleted"].at("label"), summary);
    } else if (id.contains("testSummary") && event.contains("testSummary")) {
        take_summary(event, id["testSummary"].at("label"), summary);
    } else if (id.contains("buildFinished") && event.contains("finished")) {
        take_finished(event, summary);
    }
}

std::string seconds(int64_t duration_ms) {
    const std::string tenths = std::to_string(duration_ms / 100 % 10);
    return std::to_string(duration_ms / 1000) + "." + tenths + " s";
}

void print_times(const Summary &summary, std::ostream &out) {
    std::vector<std::pair<int64_t, std::string>> times;
    int64_t sum_ms = 0;
    for (const auto &[label, test] : summary.tests) {
        times.emplace_back(test.duration_ms, label + (test.cached ? " (cached)" : ""));
        sum_ms += test.duration_ms;
    }
    std::sort(times.rbegin(), times.rend());
    times.resize(std::min(times.size(), kSlowestShown));
    out << "sum of test times: " << seconds(sum_ms) << "\n";
    for (const auto &[duration_ms, label] : times) {
        out << "  " << seconds(duration_ms) << "  " << label << "\n";
    }
}

// What went wrong besides single tests; each counts as one failure.
std::vector<std::string> other_failures(const Summary &summary, const Policy &policy,
                                        size_t tests_failed) {
    std::vector<std::string> failures = policy.also_failed;
    for (const std::string &label : summary.build_failures) {
        failures.push_back(label + ": did not build");
    }
    if (summary.tests.size() < policy.tests_min) {
        failures.push_back("only " + std::to_string(summary.tests.size()) + " tests, at least " +
                           std::to_string(policy.tests_min) + " expected (testing/minimum_count)");
    }
    if (!summary.finished) {
        failures.push_back("the build did not come to its end");
    } else if (summary.exit_code != 0 && tests_failed == 0 &&
               failures.size() == policy.also_failed.size()) {
        failures.push_back("Bazel ended with " + std::to_string(summary.exit_code) + " (" +
                           summary.exit_name + ")");
    }
    return failures;
}

}  // namespace

Summary read_events(std::istream &events) {
    Summary summary;
    std::string line;
    for (int number = 1; std::getline(events, line); number++) {
        if (line.empty()) {
            continue;
        }
        try {
            take(json::parse(line), summary);
        } catch (const json::exception &error) {
            throw std::runtime_error("line " + std::to_string(number) + ": " + error.what());
        }
    }
    return summary;
}

bool report(const Summary &summary, const Policy &policy, std::ostream &out) {
    size_t passed = 0;
    size_t failed = 0;
    for (const auto &[label, test] : summary.tests) {
        switch (test.verdict) {
            case Verdict::kPassed:
                passed++;
                break;
            case Verdict::kFlaky:
                passed++;
                out << "flaky:  " << label << "\n";
                break;
            case Verdict::kFailed:
                failed++;
                out << "failed: " << label << ": " << test.reason << "\n";
                break;
        }
    }
    const std::vector<std::string> others = other_failures(summary, policy, failed);
    for (const std::string &other : others) {
        out << "failed: " << other << "\n";
    }
    print_times(summary, out);
    for (const std::string &line : policy.drift) {
        out << line << "\n";
    }
    failed += others.size();
    out << passed << " passed, " << failed << " failed\n";
    return failed == 0;
}
