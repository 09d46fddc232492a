"""The build setting `//platforms:reuse`: whether the client library keeps routes, endpoints for answers and windows from one call to the next.

On, except in programs made by `program_without_reuse`: the baseline that figures with reuse are compared to (testing/evidence).
"""

def _reuse_setting_impl(_ctx):
    return []

reuse_setting = rule(
    implementation = _reuse_setting_impl,
    doc = "The setting itself.",
    build_setting = config.bool(flag = True),
)

def _without_reuse_impl(_settings, _attr):
    return {"//platforms:reuse": False}

_without_reuse = transition(
    implementation = _without_reuse_impl,
    inputs = [],
    outputs = ["//platforms:reuse"],
)

def _program_without_reuse_impl(ctx):
    elf = ctx.attr.program[0][DefaultInfo].files_to_run.executable

    # The file keeps its name: debuggers and the runner know programs by it.
    out = ctx.actions.declare_file(ctx.label.name + "/" + elf.basename)
    ctx.actions.symlink(output = out, target_file = elf, is_executable = True)
    return [DefaultInfo(executable = out)]

program_without_reuse = rule(
    implementation = _program_without_reuse_impl,
    doc = "A program of a boot image, built with reuse off.",
    attrs = {
        "program": attr.label(cfg = _without_reuse, mandatory = True),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
    executable = True,
)
