"""Rules that boot an image in QEMU and judge its markers: `qemu_run` for `bazel run`, `qemu_test` for `bazel test`.

Both make a link to //testing/qemu:runner and, beside it, LINK.run.json, which says what to boot. Images use them through
//images:tessera_image.bzl. Tests are sandboxed and cached; give them `tags = QEMU_TAGS`, so that Bazel runs nothing beside
them: a rule can't tag its own targets. A lock file keeps the QEMUs of two Bazel servers apart (machine_lock.h).
"""

load("//platforms:transitions.bzl", "riscv64_transition")

_QEMU = "//toolchains/qemu:toolchain_type"

# More processors than any machine has: Bazel then runs such a test alone, yet sandboxed and cached (`exclusive` is neither).
QEMU_TAGS = ["cpu:64"]

# Below the runfiles root, with or without --legacy_external_runfiles.
def _path(ctx, file):
    if file.short_path.startswith("../"):
        return file.short_path[len("../"):]
    return ctx.workspace_name + "/" + file.short_path

def _firmware(ctx, qemu):
    return ctx.files.firmware[0] if ctx.files.firmware else qemu.opensbi

def _run_spec(ctx, qemu, kernel, programs):
    return {
        "name": ctx.label.name,
        "qemu": _path(ctx, qemu.qemu),
        "firmware": _path(ctx, _firmware(ctx, qemu)),
        "kernel": _path(ctx, kernel),
        "boot_image": _path(ctx, ctx.file.boot_image),
        "golden": _path(ctx, ctx.file.golden),
        "golden_label": ctx.file.golden.short_path,
        "addr2line": _path(ctx, qemu.addr2line),
        "gdb_command": qemu.gdb_command,
        "programs": {program.basename: _path(ctx, program) for program in programs},
        "hart_count": ctx.attr.harts,
        "memory_mib": ctx.attr.memory_mib,
        "cpu": ctx.attr.cpu,
        "deadline_s": ctx.attr.deadline_s,
        "icount": ctx.attr.icount,
        "legacy_virtio": ctx.attr.legacy_virtio,
        "disk_faults": _path(ctx, ctx.file.disk_faults) if ctx.file.disk_faults else "",
        "disk_iops": ctx.attr.disk_iops,
        "disk_mib": ctx.attr.disk_mib,
        "disk_read_only": ctx.attr.disk_read_only,
        "rngs": ctx.attr.rngs,
        "script": _path(ctx, ctx.file.script) if ctx.file.script else "",
        "script_label": ctx.file.script.short_path if ctx.file.script else "",
        "interactive": ctx.attr.interactive,
    }

def _qemu_impl(ctx):
    qemu = ctx.toolchains[_QEMU].qemu
    kernel = ctx.attr.kernel[0][DefaultInfo].files_to_run.executable
    programs = [target[DefaultInfo].files_to_run.executable for target in ctx.attr.programs]
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = program, target_file = ctx.executable._runner, is_executable = True)
    spec = ctx.actions.declare_file(ctx.label.name + ".run.json")
    ctx.actions.write(spec, json.encode(_run_spec(ctx, qemu, kernel, programs)) + "\n")
    runfiles = ctx.runfiles(
        files = [spec, kernel, ctx.file.boot_image, ctx.file.golden, ctx.file.golden_stamp] + programs + ctx.files.firmware + ctx.files.script + ctx.files.disk_faults,
        transitive_files = qemu.files,
    ).merge(ctx.attr._runner[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = program, runfiles = runfiles)]

_ATTRS = {
    "boot_image": attr.label(
        doc = "the initial RAM disk, made by tools/mkimage",
        allow_single_file = True,
        mandatory = True,
    ),
    "cpu": attr.string(
        doc = "its harts, as QEMU's -cpu reads it",
        default = "rv64",
    ),
    "deadline_s": attr.int(
        doc = "seconds from power-on after which the boot has failed",
        default = 90,
    ),
    "disk_faults": attr.label(
        doc = "errors that the disk has, as QEMU's blkdebug reads them",
        allow_single_file = True,
    ),
    "disk_iops": attr.int(doc = "requests a second that its disk answers at most; 0: any number"),
    "disk_mib": attr.int(doc = "MiB of its disk, a new empty file at each boot; 0: it has none"),
    "disk_read_only": attr.bool(doc = "the disk cannot be written"),
    "firmware": attr.label(
        doc = "an ELF file instead of OpenSBI",
        cfg = riscv64_transition,
    ),
    "golden": attr.label(
        doc = "the golden file that the UART must follow",
        allow_single_file = True,
        mandatory = True,
    ),
    "golden_stamp": attr.label(
        doc = "of golden_check: a wrong golden file fails the build",
        allow_single_file = True,
        mandatory = True,
    ),
    "harts": attr.int(
        doc = "harts of the machine",
        mandatory = True,
    ),
    "icount": attr.bool(doc = "time is counted in instructions: every run is the same to the bit"),
    "interactive": attr.bool(doc = "the terminal of who runs it is the UART, and nothing is judged"),
    "kernel": attr.label(
        doc = "the kernel's ELF file; built for RISC-V whatever the build's own platform is",
        cfg = riscv64_transition,
        mandatory = True,
    ),
    "memory_mib": attr.int(
        doc = "MiB of memory of the machine",
        default = 128,
    ),
    "programs": attr.label_list(
        doc = "ELF files with symbols of the image's programs, for the debugger",
        cfg = riscv64_transition,
    ),
    "legacy_virtio": attr.bool(doc = "its devices speak only the interface before virtio 1.0"),
    "rngs": attr.int(doc = "virtio entropy devices of the machine"),
    "script": attr.label(
        doc = "what is typed at the UART and when (script.h); not with icount",
        allow_single_file = True,
    ),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
    "_runner": attr.label(
        default = "//testing/qemu:runner",
        executable = True,
        cfg = "exec",
    ),
}

qemu_test = rule(
    implementation = _qemu_impl,
    doc = "Boots an image; passes if its UART follows the golden file and the machine powers itself off in time.",
    attrs = _ATTRS,
    test = True,
    toolchains = [_QEMU],
)

qemu_run = rule(
    implementation = _qemu_impl,
    doc = "The same for people: `bazel run` shows markers live. Flags after `--`: --gdb, --log FILE, --print, --interactive.",
    attrs = _ATTRS,
    executable = True,
    toolchains = [_QEMU],
)

def _golden_check_impl(ctx):
    stamp = ctx.actions.declare_file(ctx.label.name + ".stamp")
    ctx.actions.run(
        executable = ctx.executable._check,
        arguments = ["--golden", ctx.file.golden.path, "--stamp", stamp.path],
        inputs = [ctx.file.golden],
        outputs = [stamp],
        mnemonic = "GoldenCheck",
        progress_message = "Checking golden file %s" % ctx.file.golden.short_path,
    )
    return [DefaultInfo(files = depset([stamp]))]

golden_check = rule(
    implementation = _golden_check_impl,
    doc = "Checks a golden file against images/markers.def when it is built: texts, double texts, globs that match a text.",
    attrs = {
        "golden": attr.label(allow_single_file = True, mandatory = True),
        "_check": attr.label(default = "//testing/markers:check", executable = True, cfg = "exec"),
    },
)
