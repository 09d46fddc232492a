// testing/fuzz/texts.cc: any bytes as a policy or a boot manifest in text. A mistake is told with a
// place that is in the text; what has none becomes a binary form that its reader accepts, and that
// decides as the text does.
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tools/mkimage/manifest.h"
#include "tools/policyc/policy_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

const std::vector<std::string> kNames = {"echo", "init", "policyd", "samgrd", "selftest", "timed"};

uint64_t id_of(const std::string &name) {
    return mkimage::service_id_of(name);
}

void check_decisions(const policyc::policy &contents, const policy_view &view) {
    for (size_t subject = 0; subject < kNames.size(); subject++) {
        for (size_t object = 0; object < kNames.size(); object++) {
            for (int action = 0; action < POLICY_ACTION_COUNT; action++) {
                const policyc::question asked{subject, static_cast<policy_action>(action), object};
                const policyc::rule *rule = policyc::deciding_rule(contents, asked);
                const policy_decision decision = policy_decide(&view, id_of(kNames[subject]),
                                                               asked.action, id_of(kNames[object]));
                require(decision.allowed == (rule != nullptr && rule->allows));
            }
        }
    }
}

void try_policy(std::string_view text) {
    const policyc::policy_result result = policyc::policy_read(text, kNames);
    if (!result.mistakes.empty()) {
        return;
    }
    const std::string binary = policyc::policy_binary(result.contents);
    if (binary.empty()) {
        return;
    }
    std::vector<uint64_t> aligned((binary.size() + 7) / 8);
    std::memcpy(aligned.data(), binary.data(), binary.size());
    policy_view view;
    require(policy_open(aligned.data(), binary.size(), &view));
    check_decisions(result.contents, view);
}

void try_manifest(std::string_view text) {
    mkimage::surroundings around;
    around.programs = kNames;
    around.hart_count = 2;
    const mkimage::manifest_result result = mkimage::manifest_read(text, around);
    if (result.mistakes.empty()) {
        require(!mkimage::manifest_binary(result.contents).empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const std::string_view text(reinterpret_cast<const char *>(data), size);
    try_policy(text);
    try_manifest(text);
    return 0;
}
