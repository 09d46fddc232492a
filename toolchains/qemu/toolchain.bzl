"""QEMU as a toolchain: `toolchains = ["//toolchains/qemu:toolchain_type"]`, then `ctx.toolchains["//toolchains/qemu:toolchain_type"].qemu`."""

QemuToolchainInfo = provider(
    doc = "A machine emulator, its firmware, and the programs that read what it leaves behind.",
    fields = {
        "addr2line": "File: address to source line, for backtraces",
        "files": "depset of File: all that must be among the inputs or runfiles of whoever starts one of these",
        "gdb_command": "string: what a person types, at the workspace's root, before the debugger's arguments",
        "opensbi": "File: firmware for -bios",
        "qemu": "File: the emulator",
    },
)

def _qemu_toolchain_impl(ctx):
    files = depset(
        [ctx.file.qemu, ctx.file.opensbi, ctx.file.addr2line],
        transitive = [t[DefaultInfo].files for t in ctx.attr.runtime],
    )
    return [platform_common.ToolchainInfo(qemu = QemuToolchainInfo(
        addr2line = ctx.file.addr2line,
        files = files,
        gdb_command = ctx.attr.gdb_command,
        opensbi = ctx.file.opensbi,
        qemu = ctx.file.qemu,
    ))]

qemu_toolchain = rule(
    implementation = _qemu_toolchain_impl,
    doc = "One emulator with its firmware.",
    attrs = {
        "addr2line": attr.label(allow_single_file = True, mandatory = True),
        "gdb_command": attr.string(mandatory = True),
        "opensbi": attr.label(allow_single_file = True, mandatory = True),
        "qemu": attr.label(allow_single_file = True, mandatory = True),
        "runtime": attr.label_list(mandatory = True, allow_files = True),
    },
)
