"""`cbmc_proof`: a harness over the tree's own C code, proved for every input to a bound, and planted mistakes that it must find.

Bounds and mistakes are changes of the text that the checker reads (preprocess.sh), so that the code itself knows of neither.
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

# Harnesses know no machine: these stand for what a build chooses by platform.
_PLACED = {
    "base/host/atomic_point.h": "base/atomic_point.h",
    "kernel/arch/riscv64/fault_point_fires.h": "kernel/core/fault_point_fires.h",
    "kernel/core/lock_check_on/lock_check.h": "kernel/core/lock_check.h",
    "testing/cbmc/arch_inline.h": "kernel/core/arch_inline.h",
}

# In every program that is proved.
_COMMON = ["base/host/atomic_point.c", "testing/cbmc/panic.c"]

# Where the limits stand that a harness may give other values.
_BOUND_FILES = {
    "ARCH_LARGE_PAGES": "kernel/core/arch.h",
    "CAP_DEFERRED_MAX": "kernel/core/hart.h",
    "CAP_SLOT_COUNT": "kernel/abi/cap.h",
    "DEVICE_MAX": "kernel/abi/device.h",
    "FRAME_PAYLOAD_MAX": "kernel/abi/message.h",
    "INBOX_ANSWER_MAX": "ipc/inbox.h",
    "INBOX_REQUEST_MAX": "ipc/inbox.h",
    "MAX_ENDPOINTS": "kernel/core/endpoint.h",
    "MAX_GRANTS": "kernel/core/kernel.h",
    "MAX_HARTS": "kernel/core/arch.h",
    "MAX_TASKS": "kernel/core/task.h",
    "MAX_VMOS": "kernel/core/vmo.h",
    "PROOF_PAGE_COUNT": "kernel/core/arch_inline.h",
    "PROOF_PAGE_WORDS": "kernel/core/arch_inline.h",
    "POOL_BLOCK": "kernel/core/pool.h",
    "REPLY_HANDLE_INDEX_MASK": "kernel/abi/cap.h",
    "REPLY_SLOT_COUNT": "kernel/abi/cap.h",
    "ROUTE_CAPACITY": "ipc/route_cache.h",
    "ROUTE_TRACE_MAX": "ipc/route_trace.h",
    "SEND_STORAGE_COUNT": "kernel/abi/cap.h",
    "SV39_LEVEL_BITS": "kernel/arch/riscv64/sv39.h",
    "SV39_TABLE_ENTRIES": "kernel/arch/riscv64/sv39.h",
    "TASK_MAPPING_COUNT": "kernel/core/mapping.h",
    "WHEEL_DIGIT_BITS": "kernel/core/wheel.h",
    "WHEEL_LEVELS": "kernel/core/wheel.h",
    "WHEEL_SLOTS": "kernel/core/wheel.h",
    "WORDS_WHOLE": "ipc/wire/words.h",
}

_FLAGS = ["--object-bits", "12", "--drop-unused-functions"]

def _features(ctx, toolchain):
    return cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        unsupported_features = ["asan", "ubsan", "tsan", "fuzzer", "layering_check"],
    )

# CBMC preprocesses its models of library functions with whatever `gcc` the path has: here it is the toolchain's.
def _preprocessor(ctx, toolchain):
    out = ctx.actions.declare_file(ctx.label.name + ".gcc/gcc")
    tool = cc_common.get_tool_for_action(feature_configuration = _features(ctx, toolchain), action_name = ACTION_NAMES.c_compile)
    root = "/".join(tool.split("/")[:2])
    ctx.actions.write(
        out,
        "#!/bin/sh\nexec %s --sysroot=%s -B%s/libexec/ \"$@\"\n" % (tool, root, root),
        is_executable = True,
    )
    return out

def _preprocess(ctx, toolchain, source, out, limits, edits):
    features = _features(ctx, toolchain)
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        user_compile_flags = ["-iquote", ".", "-iquote", ctx.bin_dir.path] +
                             # Sizes that are frozen are those of the real limits: with other ones they are not asserted.
                             (["-D_Static_assert(condition, text)=struct proof_unasserted"] if limits.bounds else []) +
                             ["-D%s=%s" % d for d in limits.harness.items()],
    )
    arguments = ctx.actions.args()
    arguments.add(out)
    arguments.add(source)
    for place in _PLACED.items():
        arguments.add_all(["--place", place[0], place[1]])
    for name, value in limits.bounds.items():
        arguments.add_all(["--bound", _BOUND_FILES[name], name, value])
    arguments.add_all(edits)
    arguments.add("--")
    arguments.add(cc_common.get_tool_for_action(feature_configuration = features, action_name = ACTION_NAMES.c_compile))
    arguments.add_all(cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = ACTION_NAMES.c_compile,
        variables = variables,
    ))
    ctx.actions.run(
        executable = ctx.file._preprocess,
        arguments = [arguments],
        inputs = depset(ctx.files.tree + ctx.files._harnesses, transitive = [toolchain.all_files]),
        mnemonic = "CbmcPreprocess",
        outputs = [out],
        progress_message = "Preprocessing for %s" % ctx.label,
    )

def _cbmc_test_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    units = [ctx.file.src.short_path] + ctx.attr.code + _COMMON

    limits = struct(bounds = ctx.attr.bounds, harness = ctx.attr.harness_bounds)
    plant_limits = struct(
        bounds = dict(ctx.attr.bounds, **ctx.attr.plant_bounds),
        harness = dict(ctx.attr.harness_bounds, **ctx.attr.plant_harness_bounds),
    )

    # Each program: its name, its limits and its change. The first has no mistake.
    programs = [("", limits, [])] + [(name, plant_limits, ["--edit"] + edit) for name, edit in ctx.attr.plants.items()]
    files = []
    words = []
    for name, program_limits, edits in programs:
        words += ["--program", name or "-"]
        for unit in units:
            out = ctx.actions.declare_file("%s.%s/%s.i" % (ctx.label.name, name or "proof", unit.replace("/", "_")))
            _preprocess(ctx, toolchain, unit, out, program_limits, edits)
            files.append(out)
            words.append(out.short_path)
    gcc = _preprocessor(ctx, toolchain)
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        "#!/usr/bin/env bash\nPATH=$PWD/%s:$PATH exec %s %s %d %s -- %s\n" % (
            gcc.short_path.rpartition("/")[0],
            ctx.file._prove.short_path,
            ctx.file._cbmc.short_path,
            ctx.attr.memory_mib,
            " ".join(words),
            " ".join(["'%s'" % f for f in _FLAGS + ctx.attr.flags]),
        ),
        is_executable = True,
    )
    return [DefaultInfo(
        executable = script,
        runfiles = ctx.runfiles(
            files = files + [ctx.file._prove, ctx.file._cbmc, gcc] + ctx.files._checker,
            transitive_files = toolchain.all_files,
        ),
    )]

cbmc_test = rule(
    implementation = _cbmc_test_impl,
    doc = "Proves one harness, then shows that it refutes each planted mistake.",
    fragments = ["cpp"],
    test = True,
    attrs = {
        "bounds": attr.string_dict(doc = "limits of the tree that have another value here: name to value"),
        "code": attr.string_list(doc = "further files of the tree to prove, by path; others a harness includes"),
        "flags": attr.string_list(mandatory = True, doc = "of CBMC"),
        "harness_bounds": attr.string_dict(doc = "macros of the harness"),
        "memory_mib": attr.int(default = 2048),
        "plant_bounds": attr.string_dict(doc = "limits of the tree that are smaller while a mistake is looked for"),
        "plant_harness_bounds": attr.string_dict(doc = "macros of the harness that are so"),
        "plants": attr.string_list_dict(doc = "mistakes that must be found: name to [file, text that stands there once, text instead]"),
        "src": attr.label(allow_single_file = [".c"], mandatory = True),
        "tree": attr.label_list(mandatory = True, doc = "the files that harness and code may include"),
        "_cbmc": attr.label(default = "@cbmc//:usr/bin/cbmc", allow_single_file = True),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
        "_checker": attr.label(default = "@cbmc//:files"),
        "_harnesses": attr.label(default = "//testing/cbmc:sources"),
        "_preprocess": attr.label(default = "//testing/cbmc:preprocess.sh", allow_single_file = True),
        "_prove": attr.label(default = "//testing/cbmc:prove.sh", allow_single_file = True),
    },
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
