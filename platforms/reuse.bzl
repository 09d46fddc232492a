"""The build setting `//platforms:reuse`: whether the client library keeps routes, endpoints for answers and windows from one call to the next.

On, except in programs made by `program_without_reuse`: the baseline that figures with reuse are compared to (testing/evidence).
"""

load(":setting.bzl", "program_impl")

def _without_reuse_impl(_settings, _attr):
    return {"//platforms:reuse": False}

_without_reuse = transition(
    implementation = _without_reuse_impl,
    inputs = [],
    outputs = ["//platforms:reuse"],
)

program_without_reuse = rule(
    implementation = program_impl,
    doc = "A program of a boot image, built with reuse off.",
    attrs = {
        "program": attr.label(cfg = _without_reuse, mandatory = True),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
    executable = True,
)
