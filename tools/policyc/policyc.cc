// tools/policyc/policyc.cc: checks a policy against the manifest of its image, compiles it, or says
// what it decides and by which rule.
// Exit: 0 done; 1 a mistake in what was given, printed as file:line:column where there is a line.
#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>

#include "tools/mkimage/manifest.h"
#include "tools/policyc/policy_text.h"
#include "tools/text/files.h"

namespace {

struct arguments {
    std::string policy;
    std::string manifest;
    std::string out;
    std::vector<std::string> question;  // Subject, action, object; or nothing.
};

bool run(const arguments &given) {
    const std::optional<std::string> text = text::file_contents(given.policy);
    const std::optional<std::string> manifest = text::file_contents(given.manifest);
    if (!text || !manifest) {
        return false;
    }
    const policyc::policy_result result =
        policyc::policy_read(*text, mkimage::service_names(*manifest));
    for (const text::mistake &what : result.mistakes) {
        std::cerr << text::mistake_text(given.policy, what) << "\n";
    }
    if (!result.mistakes.empty()) {
        return false;
    }
    std::string answer;
    if (!given.question.empty()) {
        const bool known = policyc::explain(result.contents, given.question, answer);
        (known ? std::cout : std::cerr) << answer << "\n";
        return known;
    }
    return given.out.empty() ||
           text::write_file(given.out, policyc::policy_binary(result.contents));
}

}  // namespace

int main(int argc, char **argv) {
    CLI::App app{"Checks and compiles a policy; the syntax is in docs/policy.md."};
    arguments given;
    app.add_option("POLICY", given.policy, "the policy's text")->required();
    app.add_option("--manifest", given.manifest, "the boot manifest, whose services it speaks of")
        ->required();
    app.add_option("--out", given.out, "where to write the compiled form");
    app.add_option("--explain", given.question, "SUBJECT ACTION OBJECT: what decides, and why")
        ->expected(3);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? 0 : 1;
    }
    return run(given) ? 0 : 1;
}
