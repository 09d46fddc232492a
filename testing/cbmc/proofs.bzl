"""`cbmc_proof`: a harness with small bounds for `bazel test //...`, and with full ones to be run by name."""

load("//testing/cbmc:cbmc_test.bzl", "cbmc_test")

_TREE = [
    "//base:sources",
    "//ipc:sources",
    "//ipc/wire:sources",
    "//kernel/abi:sources",
    "//kernel/arch/riscv64:sources",
    "//kernel/core:sources",
    "//runtime:sources",
]

# A whole kernel, cut down: what a pointer may reach costs as much as the object is large.
SMALL_KERNEL = {
    "CAP_SLOT_COUNT": "2",
    "DEVICE_MAX": "1",
    "MAX_ENDPOINTS": "1",
    "MAX_GRANTS": "3",
    "MAX_HARTS": "1",
    "MAX_TASKS": "4",
    "MAX_VMOS": "1",
    "REPLY_HANDLE_INDEX_MASK": "UINT64_C(3)",
    "REPLY_SLOT_COUNT": "4",
    "TASK_MAPPING_COUNT": "1",
    "WHEEL_LEVELS": "1",
    "WHEEL_SLOTS": "1",
}

def cbmc_proof(name, unwind, bounds = {}, harness = {}, flags = [], plants = {}, plant_bounds = {}, plant_harness = {}, full = None, src = None, code = []):
    """`<name>_test`, and with `full` `<name>_full_test`, of a harness.

    Args:
      name: of the harness
      unwind: how often a loop goes round; more is a failure
      bounds: limits of the tree that have another value in the small proof
      harness: bounds that the harness itself has
      flags: further ones of the checker
      plants: mistakes that the small proof must find: name to [file, text that stands there once, text instead]
      plant_bounds: limits of the tree that are smaller while a mistake is looked for: one that few objects show needs no more
      plant_harness: bounds of the harness that are so
      full: of the proof that is run by name: a dict with its `unwind`, `harness`, `bounds` and `flags`, where they differ
      code: further files of the tree that are proved with it
      src: the harness, if it is not `<name>.c`
    """
    cbmc_test(
        name = name + "_test",
        size = "small",
        src = src or name + ".c",
        bounds = bounds,
        code = code,
        flags = ["--unwind", str(unwind)] + flags,
        harness_bounds = harness,
        plant_bounds = plant_bounds,
        plant_harness_bounds = plant_harness,
        plants = plants,
        tree = _TREE,
    )
    if full == None:
        return
    cbmc_test(
        name = name + "_full_test",
        size = "enormous",
        src = src or name + ".c",
        bounds = full.get("bounds", {}),
        code = code,
        flags = ["--unwind", str(full.get("unwind", unwind))] + full.get("flags", flags),
        harness_bounds = full.get("harness", harness),
        memory_mib = 8192,
        tags = ["manual"],
        tree = _TREE,
    )
