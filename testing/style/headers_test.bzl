"""`headers_test`: compiles each shared header alone, as C17 and as C++20."""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

# Where both languages meet: the code is C, its tests are C++.
_FOLDERS = ["base/", "images/", "ipc/", "kernel/", "runtime/", "services/"]

# One platform's version of a header that the build presents under another path. Two of them are whole and are compiled by that path
# (`presented`); the others are parts of the header that includes them.
_CHOSEN = ["arch_inline.h", "fault_point_fires.h", "atomic_point.h", "lock_check.h", "ecall.h", "plant_fires.h"]

def _is_shared(file):
    if file.extension != "h" or file.basename in _CHOSEN:
        return False
    for folder in _FOLDERS:
        if file.short_path.startswith(folder):
            return True
    return False

def _sources(ctx, header):
    # Twice, so that a header without its guard is seen too. A file must declare something, so it ends with a declaration.
    name = header.replace("/", "_").replace(".", "_")
    text = "#include \"%s\"\n#include \"%s\"\nextern int %s_alone;\n" % (header, header, name)
    sources = []
    for extension in ["c", "cc"]:
        source = ctx.actions.declare_file("%s.alone/%s_%s.%s" % (ctx.label.name, name, extension, extension))
        ctx.actions.write(source, text)
        sources.append(source)
    return sources

def _impl(ctx):
    headers = [f for f in ctx.files.srcs if f.extension in ["h", "def"]]
    sources = []
    for header in headers:
        if _is_shared(header):
            sources += _sources(ctx, header.short_path)
    for header in ctx.attr.presented:
        sources += _sources(ctx, header)
    toolchain = find_cpp_toolchain(ctx)
    _, outputs = cc_common.compile(
        actions = ctx.actions,
        name = ctx.label.name,
        cc_toolchain = toolchain,
        compilation_contexts = [cc_common.create_compilation_context(headers = depset(headers))] +
                               [d[CcInfo].compilation_context for d in ctx.attr.deps],
        feature_configuration = cc_common.configure_features(
            ctx = ctx,
            cc_toolchain = toolchain,
            requested_features = ctx.features,
            unsupported_features = ctx.disabled_features + ["layering_check", "module_maps"],
        ),
        srcs = sources,
    )
    objects = outputs.objects + outputs.pic_objects
    if len(objects) < len(sources):
        fail("%d sources, %d objects" % (len(sources), len(objects)))

    # The objects are inputs of the test: that they could be built is what it shows.
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    lines = ["#!/bin/sh", "set -e"] + ["test -s " + o.short_path for o in objects] + ["echo %d headers" % (len(sources) // 2)]
    ctx.actions.write(script, "\n".join(lines) + "\n", is_executable = True)
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(files = objects))]

headers_test = rule(
    implementation = _impl,
    doc = "Passes if each shared header of `srcs` compiles alone in both languages.",
    attrs = {
        "deps": attr.label_list(providers = [CcInfo], doc = "libraries that present a header under another path, and external ones"),
        "presented": attr.string_list(doc = "those paths"),
        "srcs": attr.label_list(mandatory = True, allow_files = True, doc = "all files of the tree; shared headers among them are compiled"),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    fragments = ["cpp"],
    test = True,
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
