// tools/mkimage/compose.cc: see the header.
#include "tools/mkimage/compose.h"

#include <algorithm>
#include <utility>

#include "services/policyd/policy.h"
#include "services/statefsd/quotas.h"
#include "services/virtioblkd/parts.h"
#include "tools/mkimage/manifest.h"
#include "tools/mkimage/waits.h"
#include "tools/policyc/policy_text.h"

namespace mkimage {
namespace {

constexpr const char *MANIFEST_NAME = "manifest";

std::vector<std::string> program_names(const std::vector<image_file> &files) {
    std::vector<std::string> names;
    for (const image_file &file : files) {
        if (file.kind == BOOT_IMAGE_PROGRAM) {
            names.push_back(file.name);
        }
    }
    return names;
}

void check_names(const std::vector<image_file> &files, std::vector<std::string> &messages) {
    for (std::size_t at = 0; at < files.size(); at++) {
        for (std::size_t other = 0; other < at; other++) {
            if (files[other].name == files[at].name) {
                messages.push_back("the name `" + files[at].name + "` is given twice");
            }
        }
    }
}

void check_programs(const manifest &contents, const std::vector<std::string> &programs,
                    std::vector<std::string> &messages) {
    if (std::ranges::find(programs, BOOT_IMAGE_INIT_NAME) == programs.end()) {
        messages.push_back("no program `init`: the kernel would have nothing to start");
    }
    for (const std::string &name : programs) {
        const auto is_used = [&](const service &one) { return one.program == name; };
        if (name != BOOT_IMAGE_INIT_NAME && std::ranges::none_of(contents.services, is_used)) {
            messages.push_back("no service of the manifest uses the program `" + name + "`");
        }
    }
}

// What policyd would not take, or not see.
void check_policies(const std::vector<policy_source> &policies,
                    std::vector<std::string> &messages) {
    if (policies.size() > POLICY_COUNT_MAX) {
        messages.push_back("more than " + std::to_string(POLICY_COUNT_MAX) + " policies");
    }
    for (const policy_source &source : policies) {
        if (!source.name.starts_with(POLICY_NAME_START)) {
            messages.push_back("the policy `" + source.name + "`: its name must begin with `" +
                               POLICY_NAME_START + "`");
        }
    }
}

// Compiles the policies into `files` and adds what they allow to `around`.
void compile_policies(const composition &given, std::vector<image_file> &files,
                      surroundings &around, std::vector<std::string> &messages) {
    const std::vector<std::string> names = service_names(given.manifest_text);
    for (const policy_source &source : given.policies) {
        const policyc::policy_result result = policyc::policy_read(source.text, names);
        for (const mistake &what : result.mistakes) {
            messages.push_back(mistake_text(source.file, what));
        }
        for (const auto &[from, to] : policyc::policy_calls(result.contents)) {
            around.calls.push_back({from, to, "(by " + source.name + ") "});
        }
        for (const auto &[from, to] : policyc::policy_sends(result.contents)) {
            around.sends.push_back({from, to});
        }
        files.push_back({source.name, BOOT_IMAGE_DATA, policyc::policy_binary(result.contents)});
    }
}

}  // namespace

bool compose(const composition &given, std::string &image, std::vector<std::string> &messages) {
    const std::vector<std::string> programs = program_names(given.files);
    std::vector<image_file> files = given.files;
    surroundings around{.programs = programs, .hart_count = given.hart_count, .calls = {}};
    check_policies(given.policies, messages);
    compile_policies(given, files, around, messages);
    const manifest_result result = manifest_read(given.manifest_text, around);
    for (const mistake &what : result.mistakes) {
        messages.push_back(mistake_text(given.manifest_file, what));
    }
    if (!messages.empty()) {
        return false;
    }
    if (std::string keep = keep_binary(result.contents); !keep.empty()) {
        files.push_back({STATE_QUOTAS_NAME, BOOT_IMAGE_DATA, std::move(keep)});
    }
    files.push_back({MANIFEST_NAME, BOOT_IMAGE_MANIFEST, manifest_binary(result.contents)});
    const std::string parts = parts_binary(result.contents);
    if (!parts.empty()) {
        files.push_back({PARTS_NAME, BOOT_IMAGE_DATA, parts});
    }
    std::ranges::stable_partition(files, [](const image_file &file) { return !file.secret; });
    check_names(files, messages);
    check_programs(result.contents, programs, messages);
    std::string error;
    if (messages.empty() && !build_image(files, given.hart_count, image, error)) {
        messages.push_back(error);
    }
    return messages.empty();
}

std::string draw_waits(const composition &given) {
    std::vector<image_file> files;
    std::vector<std::string> messages;
    surroundings around{
        .programs = program_names(given.files), .hart_count = given.hart_count, .calls = {}};
    compile_policies(given, files, around, messages);
    const manifest contents = manifest_read(given.manifest_text, around).contents;
    return wait_graph_svg(contents, waits_of(contents, around.calls));
}

}  // namespace mkimage
