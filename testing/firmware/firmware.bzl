"""`poor_firmware`: firmware for QEMU that lacks something."""

def poor_firmware(name, has_hsm, hart_start):
    """An ELF file for the `firmware` of a tessera_image.

    Args:
      name: of the target
      has_hsm: 0 or 1: what it says when it is asked for the HSM extension
      hart_start: what starting a hart answers: 0, or an SBI error
    """
    native.cc_binary(
        name = name,
        srcs = ["firmware.S"],
        additional_linker_inputs = ["firmware.ld"],
        copts = [
            "-DHAS_HSM=%d" % has_hsm,
            "-DHART_START=%d" % hart_start,
        ],
        linkopts = [
            "-T",
            "$(location firmware.ld)",
        ],
        tags = ["manual"],
        target_compatible_with = ["@platforms//cpu:riscv64"],
        visibility = ["//images:__pkg__"],
    )
