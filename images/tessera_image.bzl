"""`tessera_image`: composes kernel, programs and a boot manifest for a number of harts into targets that run and test it."""

load("//platforms:reuse.bzl", "program_without_reuse")
load("//platforms:transitions.bzl", "riscv64_transition")
load("//testing/qemu:qemu_test.bzl", "QEMU_TAGS", "golden_check", "qemu_run", "qemu_test")

def _boot_image_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    graph = ctx.actions.declare_file(ctx.label.name + ".waits.svg")
    args = ctx.actions.args()
    args.add("--manifest", ctx.file.manifest)
    args.add("--harts", ctx.attr.harts)
    args.add("--out", out)
    args.add("--graph", graph)
    inputs = [ctx.file.manifest]
    for target, name in zip(ctx.attr.programs, ctx.attr.program_names):
        elf = target[DefaultInfo].files_to_run.executable
        args.add("--program", elf, format = name + "=%s")
        inputs.append(elf)
    for target, name in ctx.attr.policies.items():
        text = target[DefaultInfo].files.to_list()[0]
        args.add("--policy", text, format = name + "=%s")
        inputs.append(text)
    for target, name in ctx.attr.bundles.items():
        bundle = target[DefaultInfo].files.to_list()[0]
        args.add("--data", bundle, format = name + "=%s")
        inputs.append(bundle)
    for target, name in ctx.attr.secrets.items():
        secret = target[DefaultInfo].files.to_list()[0]
        args.add("--secret", secret, format = name + "=%s")
        inputs.append(secret)
    ctx.actions.run(
        executable = ctx.executable._mkimage,
        arguments = [args],
        inputs = inputs,
        outputs = [out, graph],
        mnemonic = "BootImage",
        progress_message = "Making boot image %s" % out.short_path,
    )
    return [
        DefaultInfo(files = depset([out])),
        OutputGroupInfo(waits = depset([graph])),
    ]

boot_image = rule(
    implementation = _boot_image_impl,
    doc = "The file that the firmware hands to the kernel: programs and the compiled manifest (tools/mkimage).",
    attrs = {
        "bundles": attr.label_keyed_string_dict(),
        "harts": attr.int(mandatory = True),
        "manifest": attr.label(allow_single_file = True, mandatory = True),
        "policies": attr.label_keyed_string_dict(allow_files = True),
        # Two lists, for a dictionary of labels takes no transition.
        "program_names": attr.string_list(mandatory = True),
        "programs": attr.label_list(cfg = riscv64_transition, mandatory = True),
        "secrets": attr.label_keyed_string_dict(allow_files = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_mkimage": attr.label(default = "//tools/mkimage", executable = True, cfg = "exec"),
    },
)

def _bundle_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    args = ctx.actions.args()
    args.add("--text", ctx.file.text)
    args.add("--out", out)
    inputs = [ctx.file.text]
    for target, name in zip(ctx.attr.programs, ctx.attr.program_names):
        elf = target[DefaultInfo].files_to_run.executable
        args.add("--elf", elf, format = name + "=%s")
        inputs.append(elf)
    ctx.actions.run(
        executable = ctx.executable._mkbundle,
        arguments = [args],
        inputs = inputs,
        outputs = [out],
        mnemonic = "Bundle",
        progress_message = "Making bundle %s" % out.short_path,
    )
    return [DefaultInfo(files = depset([out]))]

bundle_file = rule(
    implementation = _bundle_impl,
    doc = "Programs that execd may start (tools/mkbundle).",
    attrs = {
        # Two lists, for a dictionary of labels takes no transition.
        "program_names": attr.string_list(mandatory = True),
        "programs": attr.label_list(cfg = riscv64_transition, mandatory = True),
        "text": attr.label(allow_single_file = True, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_mkbundle": attr.label(default = "//tools/mkbundle", executable = True, cfg = "exec"),
    },
)

def tessera_bundle(name, text, programs):
    """A bundle, for `bundles` of tessera_image.

    Args:
      name: of the bundle
      text: what is in it; the syntax is in tools/mkbundle/README.md
      programs: {label: name in the text}
    """
    labels = sorted(programs.keys())
    bundle_file(
        name = name,
        program_names = [programs[label] for label in labels],
        programs = labels,
        text = text,
    )

def same_log_test(name, image, boots, size, tags = []):
    """Boots an image several times, one after the other: each passes, and all logs are the same to the byte.

    Args:
      name: of the test
      image: of a tessera_image with `icount`, without a disk and without input
      boots: how many, two at least
      size: of the test
      tags: more tags of the test
    """
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//testing/qemu:same_log.sh"],
        args = [
            "$(rootpath %s)" % image,
            str(boots),
        ],
        data = [image],
        tags = QEMU_TAGS + tags,
    )

def persist_test(name, images, size):
    """Boots images one after the other on one disk, which is new; then tools/statefs looks at it.

    Args:
      name: of the test
      images: of tessera_images with a disk of one size; the first makes the journal
      size: of the test
    """
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//testing/statefs:persist.sh"],
        args = ["$(rootpath //tools/statefs)"] + ["$(rootpath %s)" % image for image in images],
        data = images + [
            "//testing/qemu:boots.sh",
            "//tools/statefs",
        ],
        tags = QEMU_TAGS,
    )

def trace_test(name, image, caller, server, inner, size):
    """Boots an image with `--trace` and looks at what it left with tools/trace.

    Args:
      name: of the test
      image: of a tessera_image
      caller: the name of a task that calls
      server: the task that it calls, and
      inner: the one that this asks meanwhile
      size: of the test
    """
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//testing/qemu:trace.sh"],
        args = [
            "$(rootpath %s)" % image,
            "$(rootpath //tools/trace)",
            caller,
            server,
            inner,
        ],
        data = [
            image,
            "//tools/trace",
        ],
        tags = QEMU_TAGS,
    )

def syscalls_test(name, image, operation, syscalls, size):
    """Boots an image whose kernel tells of each system call, and looks at what tools/trace makes of that: all operations of all protocols, but those that testing/report/unseen.list names.

    Args:
      name: of the test
      image: of a tessera_image
      operation: that tools/trace must tell of,
      syscalls: and how many system calls it takes on the mean, with one decimal
      size: of the test
    """
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//testing/qemu:syscalls.sh"],
        args = [
            "$(rootpath %s)" % image,
            "$(rootpath //tools/trace)",
            "'%s'" % operation,
            syscalls,
            "$(rootpath //testing/report:seen.sh)",
            "$(rootpath //testing/report:unseen.list)",
            "$(rootpaths //ipc/wire:sources)",
        ],
        data = [
            image,
            "//ipc/wire:sources",
            "//testing/report:seen.sh",
            "//testing/report:unseen.list",
            "//tools/trace",
        ],
        tags = QEMU_TAGS,
    )

def profile_test(name, image, programs, size):
    """Boots an image with `--profile` and looks at what it left.

    Args:
      name: of the test
      image: of a tessera_image
      programs: names of programs that run in it
      size: of the test
    """
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//testing/qemu:profile.sh"],
        args = ["$(rootpath %s)" % image] + programs,
        data = [image],
        tags = QEMU_TAGS,
    )

def boot_fails_test(name, image, says, size, stops = None):
    """Boots an image that must fail.

    Args:
      name: of the test
      image: of a tessera_image
      says: texts that its output must hold
      size: of the test
      stops: a text that the machine writes before its kernel's registers, and at most once behind them
    """
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//testing/qemu:boot_fails.sh"],
        args = ["$(rootpath %s)" % image] + (["--stops", "'%s'" % stops] if stops else []) + ["'%s'" % text for text in says],
        data = [image],
        tags = QEMU_TAGS,
    )

def budget_test(name, image, budget, size, compared_elsewhere = False):
    """Boots a benchmark image and compares its figures with the tree's: `:NAME_test`; `bazel run :NAME -- --accept` takes new ones.

    Args:
      name: of the program; the test has `_test` behind it
      image: of a tessera_image with `icount` that prints figures
      budget: the file of ceilings (testing/budgets/README.md)
      size: of the test
      compared_elsewhere: there is no `:NAME_test`, for another test does what it would
    """
    common = {
        "srcs": ["//testing/budgets:budget.sh"],
        "args": [
            "$(rootpath %s)" % image,
            "$(rootpath %s)" % budget,
            "'./bazelw run //%s:%s -- --accept'" % (native.package_name(), name),
            "$(rootpath //toolchains:drift)",
        ],
        "data": [
            budget,
            image,
            "//toolchains:drift",
        ],
    }
    native.sh_binary(name = name, tags = ["manual"], **common)
    if not compared_elsewhere:
        native.sh_test(name = name + "_test", size = size, tags = QEMU_TAGS, **common)

def _without_reuse(image, label, program):
    name = "%s.%s" % (image, program)
    program_without_reuse(
        name = name,
        program = label,
        tags = ["manual"],
        target_compatible_with = ["@platforms//cpu:riscv64"],
    )
    return ":" + name

def tessera_image(
        name,
        manifest,
        programs,
        harts,
        golden,
        policies = {},
        bundles = {},
        bundle_programs = [],
        secrets = {},
        deadline_s = 90,
        memory_mib = 128,
        cpu = "rv64",
        icount = False,
        rngs = 0,
        disk_mib = 0,
        disk_read_only = False,
        disk_faults = None,
        disk_iops = 0,
        legacy_virtio = False,
        script = None,
        interactive = False,
        kernel = "//kernel:kernel",
        firmware = None,
        reuse = True,
        size = "medium",
        tags = [],
        visibility = None):
    """A bootable image as four targets.

    `:NAME` runs it with live markers (`bazel run`), `:NAME_test` boots and judges it, `:NAME.boot` is its boot image,
    `:NAME.waits` a picture of who waits for whom in it (SVG),
    `:NAME.golden_check` checks the golden file.

    Args:
      name: of the image
      manifest: the boot manifest's text; its syntax is in tools/mkimage/README.md
      programs: {label: name in the image}; `init` must be among the names
      harts: harts of the machine, 1 to 8
      golden: the markers it must print; the syntax is in images/README.md
      policies: {text: name in the image}; the syntax is in docs/policy.md
      bundles: {tessera_bundle, or what else is data: name in the image}; execd begins with the one named `bundle`
      bundle_programs: labels of their programs, for the debugger
      secrets: {file: name in the image} of what only services with `image read secret` see; `device_secret` is for keystored
      deadline_s: seconds from power-on to the end
      memory_mib: MiB of memory
      cpu: its harts, as QEMU's `-cpu` reads it
      icount: count time in instructions, so that every run prints the same bytes; with a disk only instructions are exact, not when they come
      rngs: virtio entropy devices of the machine, whose bytes are QEMU's own: the same every time under icount
      disk_mib: MiB of a virtio block device on a file that is new and empty at each boot
      disk_read_only: it cannot be written
      disk_iops: requests a second that it answers at most; 0: any number
      disk_faults: errors that it has, as QEMU's blkdebug reads them
      legacy_virtio: its devices speak only the interface before virtio 1.0
      script: what is typed at the UART during a test, and the lines that must come in between (testing/qemu/script.h); not with icount
      interactive: for people: `bazel run` makes their terminal the UART, and judges nothing unless it gets `--log FILE`
      kernel: the kernel's label
      firmware: an ELF file instead of OpenSBI
      reuse: False: the programs keep nothing from one call to the next (//platforms:reuse)
      size: of the test; its time covers waiting for another Bazel server's QEMU
      tags: more tags of the test
      visibility: of the target that runs it
    """
    if not reuse:
        programs = {
            _without_reuse(name, label, program): program
            for label, program in programs.items()
        }
    labels = sorted(programs.keys())
    boot_image(
        name = name + ".boot",
        bundles = bundles,
        harts = harts,
        manifest = manifest,
        policies = policies,
        secrets = secrets,
        program_names = [programs[label] for label in labels],
        programs = labels,
    )
    native.filegroup(
        name = name + ".waits",
        srcs = [":" + name + ".boot"],
        output_group = "waits",
    )
    golden_check(
        name = name + ".golden_check",
        golden = golden,
    )
    common = {
        "boot_image": ":" + name + ".boot",
        "cpu": cpu,
        "deadline_s": deadline_s,
        "disk_faults": disk_faults,
        "disk_iops": disk_iops,
        "disk_mib": disk_mib,
        "disk_read_only": disk_read_only,
        "firmware": firmware,
        "golden": golden,
        "golden_stamp": ":" + name + ".golden_check",
        "harts": harts,
        "icount": icount,
        "kernel": kernel,
        "memory_mib": memory_mib,
        "programs": labels + bundle_programs,
        "legacy_virtio": legacy_virtio,
        "rngs": rngs,
        "script": script,
    }
    qemu_run(name = name, interactive = interactive, visibility = visibility, **common)
    qemu_test(name = name + "_test", size = size, tags = QEMU_TAGS + tags, **common)
