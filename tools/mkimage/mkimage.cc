// tools/mkimage/mkimage.cc: manifest text and programs in, boot image out.
// Exit: 0 made; 1 a mistake in what was given, printed as file:line:column where there is a line.
#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "tools/mkimage/compose.h"
#include "tools/mkimage/image_bytes.h"
#include "tools/text/files.h"

namespace {

struct arguments {
    std::string manifest;
    std::string out;
    std::string graph;
    std::uint32_t hart_count = 1;
    std::vector<std::string> programs;  // name=path
    std::vector<std::string> data;      // name=path
    std::vector<std::string> secrets;   // name=path
    std::vector<std::string> policies;  // name=path
};

bool append_files(const std::vector<std::string> &named, boot_image_kind kind,
                  std::vector<mkimage::image_file> &files) {
    for (const std::string &pair : named) {
        const std::size_t equals = pair.find('=');
        if (equals == std::string::npos) {
            std::cerr << "`" << pair << "`: name=path expected\n";
            return false;
        }
        const std::string path = pair.substr(equals + 1);
        std::optional<std::string> contents = text::file_contents(path);
        if (!contents) {
            return false;
        }
        std::string error;
        if (kind == BOOT_IMAGE_PROGRAM && !mkimage::reduce_program(*contents, error)) {
            std::cerr << path << ": the kernel would refuse this program: " << error << "\n";
            return false;
        }
        files.push_back({pair.substr(0, equals), kind, std::move(*contents)});
    }
    return true;
}

bool append_secrets(const std::vector<std::string> &named,
                    std::vector<mkimage::image_file> &files) {
    const std::size_t first = files.size();
    if (!append_files(named, BOOT_IMAGE_DATA, files)) {
        return false;
    }
    for (std::size_t at = first; at < files.size(); at++) {
        files[at].secret = true;
    }
    return true;
}

bool append_policies(const std::vector<std::string> &named,
                     std::vector<mkimage::policy_source> &policies) {
    std::vector<mkimage::image_file> files;
    if (!append_files(named, BOOT_IMAGE_DATA, files)) {
        return false;
    }
    for (std::size_t at = 0; at < files.size(); at++) {
        const std::string path = named[at].substr(named[at].find('=') + 1);
        policies.push_back({files[at].name, path, files[at].contents});
    }
    return true;
}

bool make(const arguments &given) {
    const std::optional<std::string> text = text::file_contents(given.manifest);
    mkimage::composition parts{.manifest_file = given.manifest,
                               .manifest_text = text.value_or(""),
                               .files = {},
                               .policies = {},
                               .hart_count = given.hart_count};
    if (!text || !append_files(given.programs, BOOT_IMAGE_PROGRAM, parts.files) ||
        !append_files(given.data, BOOT_IMAGE_DATA, parts.files) ||
        !append_secrets(given.secrets, parts.files) ||
        !append_policies(given.policies, parts.policies)) {
        return false;
    }
    std::string image;
    std::vector<std::string> messages;
    if (!mkimage::compose(parts, image, messages)) {
        for (const std::string &message : messages) {
            std::cerr << message << "\n";
        }
        return false;
    }
    return text::write_file(given.out, image) &&
           (given.graph.empty() || text::write_file(given.graph, mkimage::draw_waits(parts)));
}

}  // namespace

int main(int argc, char **argv) {
    CLI::App app{"Makes a boot image from a manifest and programs."};
    arguments given;
    app.add_option("--manifest", given.manifest, "the manifest's text")->required();
    app.add_option("--out", given.out, "the image to write")->required();
    app.add_option("--graph", given.graph, "where to draw who waits for whom, as SVG");
    app.add_option("--harts", given.hart_count, "harts the image is for")
        ->required()
        ->check(CLI::Range(1, 8));
    app.add_option("--program", given.programs, "name=path of an ELF file; repeated");
    app.add_option("--data", given.data, "name=path of any file; repeated");
    app.add_option("--secret", given.secrets,
                   "name=path of a file that only who has `image read secret` sees; repeated");
    app.add_option("--policy", given.policies, "name=path of a policy's text; repeated");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? 0 : 1;
    }
    return make(given) ? 0 : 1;
}
