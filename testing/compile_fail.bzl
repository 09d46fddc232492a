"""`compile_fail_test`: code that must not compile, each piece with the words that the compiler must say of it.

`clang_compile_fail_test` is the same with clang, for what only clang checks.
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load("//testing:sanitized.bzl", "sanitizer_transition")

def _quoted(words):
    return " ".join(["'%s'" % w.replace("'", "'\\''") for w in words])

def _compile_fail_test_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(ctx = ctx, cc_toolchain = toolchain)
    context = cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in ctx.attr.deps]).compilation_context
    log = ctx.actions.declare_file(ctx.label.name + ".log")
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        source_file = ctx.file.src.path,
        output_file = log.path + ".o",
        include_directories = context.includes,
        quote_include_directories = context.quote_includes,
        system_include_directories = context.system_includes,
    )
    command = _quoted([cc_common.get_tool_for_action(feature_configuration = features, action_name = ACTION_NAMES.c_compile)] +
                      cc_common.get_memory_inefficient_command_line(feature_configuration = features, action_name = ACTION_NAMES.c_compile, variables = variables))

    # Without a case the file compiles, so that each failure is the case's own.
    steps = [
        "export TMPDIR=$PWD/%s" % log.dirname,
        "if ! said=$(%s 2>&1); then echo \"$said\"; echo 'without any case it must compile'; exit 1; fi" % command,
    ]
    for case, words in ctx.attr.cases.items():
        steps += [
            "if said=$(%s -D%s 2>&1); then echo '%s compiles, and must not'; exit 1; fi" % (command, case, case),
            "case $said in *%s*) echo \"== %s: $said\" ;; *) echo \"$said\"; echo '%s does not fail as it should'; exit 1 ;; esac >&3" % (_quoted([words]), case, case),
        ]
    ctx.actions.run_shell(
        command = "exec 3>%s; " % log.path + "\n".join(steps),
        inputs = depset([ctx.file.src], transitive = [context.headers, toolchain.all_files]),
        outputs = [log],
        mnemonic = "CompileFail",
    )
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, "#!/bin/sh\ntest -s %s && cat %s\n" % (log.short_path, log.short_path), is_executable = True)
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(files = [log] + getattr(ctx.files, "right", [])))]

_DOC = "Compiles `src` once as it is, then once with each case defined: the first succeeds, the others fail with the case's words."

_ATTRS = {
    "cases": attr.string_dict(mandatory = True, doc = "{macro: a part of the compiler's message}"),
    "deps": attr.label_list(providers = [CcInfo]),
    "src": attr.label(allow_single_file = [".c"], mandatory = True),
    "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
}

compile_fail_test = rule(
    implementation = _compile_fail_test_impl,
    doc = _DOC,
    fragments = ["cpp"],
    test = True,
    attrs = _ATTRS,
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

clang_compile_fail_test = rule(
    implementation = _compile_fail_test_impl,
    cfg = sanitizer_transition,
    doc = _DOC,
    fragments = ["cpp"],
    test = True,
    attrs = dict(_ATTRS, **{
        "compiler": attr.string(default = "clang", values = ["clang"]),
        "right": attr.label_list(doc = "what is compiled with clang too, and has no such mistake"),
        "sanitizers": attr.string_list(default = ["tsan"], doc = "as clang compiles it for other tests"),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    }),
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
