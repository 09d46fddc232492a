"""Transitions between the platforms, so that one `bazel test //...` builds for the host and for RISC-V."""

def _riscv64_impl(_settings, _attr):
    return {
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:copt": [],
        "//command_line_option:cxxopt": [],
        # Sanitizers are the host's: dropped, so that every host configuration shares one RISC-V build.
        "//command_line_option:features": [],
        "//command_line_option:linkopt": [],
        "//command_line_option:platforms": "//platforms:riscv64_qemu_virt",
    }

riscv64_transition = transition(
    implementation = _riscv64_impl,
    inputs = [],
    outputs = [
        "//command_line_option:compilation_mode",
        "//command_line_option:copt",
        "//command_line_option:cxxopt",
        "//command_line_option:features",
        "//command_line_option:linkopt",
        "//command_line_option:platforms",
    ],
)

def _riscv64_files_impl(ctx):
    files = depset(transitive = [target[DefaultInfo].files for target in ctx.attr.srcs])
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

riscv64_files = rule(
    implementation = _riscv64_files_impl,
    doc = "Files of targets built for RISC-V, as data of a host test.",
    attrs = {
        "srcs": attr.label_list(cfg = riscv64_transition, mandatory = True),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
)
