"""The build setting `//platforms:lock_check`: whether a kernel for RISC-V checks, each time it takes a lock, that ranks rise (kernel/core/lock.h).

Off, so that figures are those of the kernel that is measured, except in kernels made by `kernel_with_lock_check`. What is built for the host always checks.
"""

load(":setting.bzl", "program_impl")

def _with_lock_check_impl(_settings, _attr):
    return {"//platforms:lock_check": True}

_with_lock_check = transition(
    implementation = _with_lock_check_impl,
    inputs = [],
    outputs = ["//platforms:lock_check"],
)

kernel_with_lock_check = rule(
    implementation = program_impl,
    doc = "A kernel, built with the check of its locks on.",
    attrs = {
        "program": attr.label(cfg = _with_lock_check, mandatory = True),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
    executable = True,
)
