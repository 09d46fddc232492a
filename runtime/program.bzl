"""`tessera_program`: a program of user space for RISC-V."""

def tessera_program(name, srcs, deps = [], user_base = None, stack_bytes = 16384, **kwargs):
    """An ELF file that the kernel loads: start code, sources, linker script.

    It is built for RISC-V only, by the transition of the image rule that uses it; `bazel build //...` leaves it out.

    Args:
      name: of the target and of the file
      srcs: main.c with service_main (runtime/main.h), and what only this program has
      deps: libraries
      user_base: address of its first segment, if not the usual one
      stack_bytes: its stack, which holds its whole state; at most 1 MiB
      **kwargs: as of cc_binary
    """
    script = "//runtime:user_ld"
    linkopts = [
        "-T",
        "$(location %s)" % script,
        "-Wl,--defsym=stack_bytes=%d" % stack_bytes,
    ]
    if user_base:
        linkopts.append("-Wl,--defsym=user_base=%s" % user_base)
    native.cc_binary(
        name = name,
        srcs = srcs,
        additional_linker_inputs = [script],
        linkopts = linkopts,
        tags = ["manual"],
        target_compatible_with = ["@platforms//cpu:riscv64"],
        deps = deps + ["//runtime:start"],
        **kwargs
    )
