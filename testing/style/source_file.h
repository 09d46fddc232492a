// testing/style/source_file.h: a file of the tree, cut into what the rules look at.
// Ownership: values; nothing is shared.
// Errors:    source_file_read throws std::runtime_error for a file that cannot be read.
#pragma once

#include <string>
#include <vector>

enum class FileKind {
    kC,         // .c .h .def .S .ld: code that may be on the target
    kCpp,       // .cc
    kStarlark,  // BUILD.bazel, .bzl, .BUILD, WORKSPACE
    kShell,     // .sh, or a first line that names sh or bash
    kMarkdown,
    kData,   // goldens, manifests, locks, settings
    kInput,  // wrong inputs and corpora of tests: no rule but the tree's looks at them
};

struct SourceFile {
    std::string path;  // From the root of the tree, with '/'.
    FileKind kind;
    std::vector<std::string> lines;  // As they are.
    // C and C++ only, as long as `lines`: code without comments and without what literals hold
    // (their quotes stay), and what comments hold.
    std::vector<std::string> code;
    std::vector<std::string> comments;
    bool ends_with_newline;

    bool is_code() const {
        return kind == FileKind::kC || kind == FileKind::kCpp;
    }
    bool is_header() const {
        return path.ends_with(".h");
    }
    bool is_below(const std::string &folder) const {
        return path.starts_with(folder + "/");
    }
    std::string name() const {
        return path.substr(path.rfind('/') + 1);
    }
    std::string folder() const {
        size_t slash = path.rfind('/');
        return slash == std::string::npos ? "" : path.substr(0, slash);
    }
};

SourceFile source_file_make(const std::string &path, const std::string &text);
SourceFile source_file_read(const std::string &root, const std::string &path);
