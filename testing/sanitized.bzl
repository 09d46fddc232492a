"""Programs and tests under other sanitizers than the default ones, side by side with them in one `bazel test //...`.

The default (.bazelrc) is gcc with AddressSanitizer and UndefinedBehaviorSanitizer. `sanitized_test` runs an existing cc_test
once more under ThreadSanitizer, or the replay of a fuzz target's corpus; `sanitized_binary` gives a program to other tests.
"""

_COMPILERS = {
    "clang": ["//toolchains:host_clang"],
    "gcc": [],
}

def _transition_impl(_settings, attr):
    return {
        "//command_line_option:compilation_mode": "fastbuild",
        "//command_line_option:extra_toolchains": _COMPILERS[attr.compiler],
        "//command_line_option:features": attr.sanitizers,
    }

sanitizer_transition = transition(
    implementation = _transition_impl,
    inputs = [],
    outputs = [
        "//command_line_option:compilation_mode",
        "//command_line_option:extra_toolchains",
        "//command_line_option:features",
    ],
)

def _sanitized_impl(ctx):
    program = ctx.attr.program[0]
    link = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = link, target_file = program[DefaultInfo].files_to_run.executable, is_executable = True)
    runfiles = ctx.runfiles(files = [link] + ctx.files.data).merge(program[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = link, files = depset([link]), runfiles = runfiles)]

_ATTRS = {
    "compiler": attr.string(default = "clang", values = ["clang", "gcc"]),
    "data": attr.label_list(allow_files = True, doc = "files the program reads"),
    "program": attr.label(mandatory = True, cfg = sanitizer_transition, doc = "a cc_binary or cc_test, tagged manual"),
    "sanitizers": attr.string_list(mandatory = True, doc = "of asan, ubsan, tsan, fuzzer"),
    "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
}

sanitized_binary = rule(
    implementation = _sanitized_impl,
    doc = "A host program built with the given sanitizers.",
    attrs = _ATTRS,
    executable = True,
)

sanitized_test = rule(
    implementation = _sanitized_impl,
    doc = "A host test built and run with the given sanitizers.",
    attrs = _ATTRS,
    test = True,
)

def fuzz_target(name, srcs, corpus, deps = [], **kwargs):
    """A libFuzzer target under AddressSanitizer and UndefinedBehaviorSanitizer.

    Makes `<name>` (manual: `./bazelw run //x:<name> -- -max_total_time=60` fuzzes) and `<name>_test`, which replays the corpus.

    Args:
      name: of the target
      srcs: files with LLVMFuzzerTestOneInput
      corpus: list of files to replay
      deps: what is fuzzed
      **kwargs: as of cc_binary
    """
    native.cc_binary(
        name = name + "_program",
        srcs = srcs,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = deps,
        **kwargs
    )
    sanitizers = ["asan", "fuzzer", "ubsan"]
    sanitized_binary(
        name = name,
        program = name + "_program",
        sanitizers = sanitizers,
        tags = ["manual"],
    )
    sanitized_test(
        name = name + "_test",
        size = "small",
        args = ["-runs=0"] + ["$(location %s)" % c for c in corpus],
        data = corpus,
        program = name + "_program",
        sanitizers = sanitizers,
    )
