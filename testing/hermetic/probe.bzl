"""`toolchain_probe`: what one toolchain reads when it compiles C, C++ and assembly and links them."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

_TOOLCHAINS = {
    "clang": ("//platforms:host", ["//toolchains:host_clang"]),
    "gcc": ("//platforms:host", []),
    "riscv_gcc": ("//platforms:riscv64_qemu_virt", []),
}

def _transition_impl(_settings, attr):
    platform, toolchains = _TOOLCHAINS[attr.toolchain]
    return {
        "//command_line_option:compilation_mode": "fastbuild",
        "//command_line_option:extra_toolchains": toolchains,
        "//command_line_option:features": attr.sanitizers,
        "//command_line_option:platforms": platform,
    }

_probe_transition = transition(
    implementation = _transition_impl,
    inputs = [],
    outputs = [
        "//command_line_option:compilation_mode",
        "//command_line_option:extra_toolchains",
        "//command_line_option:features",
        "//command_line_option:platforms",
    ],
)

def _quoted(words):
    return " ".join(["'%s'" % w.replace("'", "'\\''") for w in words])

def _compile_command(toolchain, features, action, source, object):
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        source_file = source.path,
        output_file = object,
        user_compile_flags = ["-v", "-H"],
    )
    flags = cc_common.get_memory_inefficient_command_line(feature_configuration = features, action_name = action, variables = variables)
    return _quoted([cc_common.get_tool_for_action(feature_configuration = features, action_name = action)] + flags)

def _link_command(toolchain, features, objects, output, linkopts):
    action = ACTION_NAMES.cpp_link_executable
    variables = cc_common.create_link_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        output_file = output.path,
        user_link_flags = linkopts + ["-v", "-Wl,--trace"],
    )
    flags = cc_common.get_memory_inefficient_command_line(feature_configuration = features, action_name = action, variables = variables)
    return _quoted([cc_common.get_tool_for_action(feature_configuration = features, action_name = action)] + objects + flags)

def _probe_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)

    # A compiler's files are folders, which Bazel knows by their time only; the stamp says what they are made of.
    if not [f for f in toolchain.all_files.to_list() if f.basename == "lock.stamp"]:
        fail("the %s toolchain has no lock.stamp among its files: a new package would not rebuild anything" % ctx.attr.toolchain)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.attr.sanitizers,
        unsupported_features = ctx.disabled_features,
    )
    log = ctx.actions.declare_file(ctx.label.name + ".log")
    program = ctx.actions.declare_file(ctx.label.name + ".elf")
    steps = []
    objects = []
    for kind, action in {
        "S": ACTION_NAMES.preprocess_assemble,
        "c": ACTION_NAMES.c_compile,
        "cc": ACTION_NAMES.cpp_compile,
    }.items():
        for source in ctx.files.srcs:
            if source.extension == kind:
                object = program.path + "." + kind + ".o"
                objects.append(object)
                steps.append("echo '== %s'" % kind)
                steps.append(_compile_command(toolchain, features, action, source, object))
    steps.append("echo '== link'")
    steps.append(_link_command(toolchain, features, objects, program, ctx.attr.linkopts))
    ctx.actions.run_shell(
        # Temporary files are neither read nor kept by anybody else; in the sandbox they lie with the outputs.
        command = "export TMPDIR=$PWD/%s; { echo \"execroot: $PWD\"; %s; } >%s 2>&1 || { cat %s; exit 1; }" %
                  (log.dirname, " && ".join(steps), log.path, log.path),
        inputs = depset(ctx.files.srcs, transitive = [toolchain.all_files]),
        outputs = [log, program],
        mnemonic = "ToolchainProbe",
    )
    return [DefaultInfo(files = depset([log]), runfiles = ctx.runfiles(files = [log])), OutputGroupInfo(program = depset([program]))]

toolchain_probe = rule(
    implementation = _probe_impl,
    doc = "A log of compiling and linking with `-v -H -Wl,--trace`.",
    cfg = _probe_transition,
    fragments = ["cpp"],
    attrs = {
        "linkopts": attr.string_list(),
        "sanitizers": attr.string_list(),
        "srcs": attr.label_list(allow_files = True, mandatory = True),
        "toolchain": attr.string(mandatory = True, values = _TOOLCHAINS.keys()),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
