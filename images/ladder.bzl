"""The ladder: `smpN_smoke` with a disk, `smpN_core` the same without one and counted in instructions, and what a boot of it costs.

The texts of `smoke` (manifest, policies, golden files) serve both: what stands between `# With a disk:` and `# In any case:`
is left out of `core`, but for lines behind `# Without one: `.
"""

load(":tessera_image.bzl", "budget_test", "same_log_test", "tessera_image")

_BUNDLES = {
    ":programs": "bundle",
    ":visitors": "visitors",
}

_BUNDLE_PROGRAMS = ["//services/execd/greet:greet"]

_CORE_PROGRAMS = {
    "//services/echo:echo": "echo",
    "//services/execd:execd": "execd",
    "//services/init/flaky:flaky": "flaky",
    "//services/init:init": "init",
    "//services/logd:logd": "logd",
    "//services/metricsd:metricsd": "metricsd",
    "//services/policyd:policyd": "policyd",
    "//services/rngd:rngd": "rngd",
    "//services/samgrd:samgrd": "samgrd",
    "//services/selftest/probe:probe": "probe",
    "//services/selftest:selftest": "selftest",
    "//services/timed:timed": "timed",
}

# Programs, two policies, two bundles, the manifest.
_CORE_ENTRIES = len(_CORE_PROGRAMS) + 5

_DISK_PROGRAMS = {
    "//services/keystored:keystored": "keystored",
    "//services/statefsd:statefsd": "statefsd",
    "//services/virtioblkd:virtioblkd": "virtioblkd",
}

SMOKE_PROGRAMS = dict(_CORE_PROGRAMS, **_DISK_PROGRAMS)

# The journal of statefsd uses half of it; selftest writes to its last sectors.
_DISK_MIB = 16

# A processor that cannot clear memory by blocks.
WITHOUT_ZICBOZ = "rv64,zicboz=off"

def _without_disk(text, out):
    native.genrule(
        name = out.replace(".", "_"),
        srcs = [text],
        outs = [out],
        cmd = "sed '/^# With a disk:$$/,/^# In any case:$$/{s/^# Without one: //;t;d}' $< >$@",
    )

def _smoke(name, harts, **kwargs):
    tessera_image(
        name = name,
        bundle_programs = _BUNDLE_PROGRAMS,
        bundles = _BUNDLES,
        disk_mib = _DISK_MIB,
        golden = "golden/smp%d_smoke.golden" % harts,
        harts = harts,
        manifest = "smoke.manifest",
        policies = {
            "smoke.policy": "policy",
            "smoke_locked.policy": "policy_locked",
        },
        programs = SMOKE_PROGRAMS,
        rngs = 2,
        secrets = {":device_secret": "device_secret"},
        **kwargs
    )

def _core(name, harts, golden, bundles = _BUNDLES, **kwargs):
    tessera_image(
        name = name,
        bundle_programs = _BUNDLE_PROGRAMS,
        bundles = bundles,
        golden = golden,
        harts = harts,
        icount = True,
        manifest = "core.manifest",
        policies = {
            "core.policy": "policy",
            "smoke_locked.policy": "policy_locked",
        },
        programs = _CORE_PROGRAMS,
        rngs = 2,
        **kwargs
    )

def _boot(name, harts = 1, golden = "", **kwargs):
    _core(
        name = name,
        golden = golden or "boot%d.golden" % harts,
        harts = harts,
        kernel = "//kernel:kernel_figures",
        tags = ["manual"],
        **kwargs
    )

def _boot_budget(name):
    budget_test(
        name = name + "_budget",
        size = "medium",
        budget = "//testing/budgets:%s.budget" % name,
        image = ":" + name,
    )

def ladder_images():
    """`smp1_smoke`, `smp1_uncached`, `smp1_core`, `boot_smp1_uncached`, and with 2 and 4 harts, `boot_smp2`, `boot_smp4`; `boot`, `boot_2g`, `boot_full`, `entries_ladder`, `entries_ladder_without_zicboz`, `ladder_syscalls`, `ladder_traced`; their tests."""
    _without_disk("smoke.manifest", "core.manifest")
    _without_disk("smoke.policy", "core.policy")
    for harts in [1, 2, 4]:
        golden = "smp%d_core.golden" % harts
        _without_disk("golden/smp%d_smoke.golden" % harts, golden)
        _smoke(name = "smp%d_smoke" % harts, harts = harts)
        _core(
            name = "smp%d_core" % harts,
            golden = golden,
            harts = harts,
            tags = [] if harts == 4 else ["manual"],  # smpN_core_same_log_test boots it.
        )

        # Two boots are one: nothing that a program prints depends on anything but the image.
        same_log_test(
            name = "smp%d_core_same_log_test" % harts,
            size = "medium",
            boots = 3 if harts == 4 else 2,
            image = ":smp%d_core" % harts,
            tags = ["manual"] if harts == 4 else [],
        )

        # The same ladder with reuse off: whatever is kept, nothing depends on it.
        _smoke(
            name = "smp%d_uncached" % harts,
            harts = harts,
            reuse = False,
            tags = ["manual"] if harts == 2 else [],  # One hart and many are enough.
        )
        _boot_golden(harts)

        # For the report: with reuse and without.
        if harts != 1:
            _boot(
                name = "boot_smp%d" % harts,
                harts = harts,
            )
        _boot(
            name = "boot_smp%d_uncached" % harts,
            harts = harts,
            reuse = False,
        )

    _boot(name = "boot")
    _boot_budget(name = "boot")

    # The longest time with interrupts off while all services do what the ladder asks: devices, statistics, bundles.
    native.genrule(
        name = "entries_ladder_golden",
        srcs = ["smp1_core.golden"],
        outs = ["entries_ladder.golden"],
        cmd = "{ cat $<; echo 'bench: longest_entry %u mean %u first %u'; } >$@",
    )
    for name, cpu in {
        "entries_ladder": "rv64",
        "entries_ladder_without_zicboz": WITHOUT_ZICBOZ,
    }.items():
        _core(
            name = name,
            cpu = cpu,
            golden = "entries_ladder.golden",
            harts = 1,
            kernel = "//kernel:kernel_measured",
            tags = ["manual"],
        )
        _boot_budget(name = name)

    # For the report, which tells what each operation costs: with all services, so with a disk.
    # A kernel that makes an event of each system call is no place to count instructions.
    for name, kernel in {
        "ladder_syscalls": "//kernel:kernel_syscalls",
        "ladder_traced": "//kernel",
    }.items():
        for suffix, reuse in {"": True, "_uncached": False}.items():
            _smoke(
                name = name + suffix,
                harts = 1,
                icount = True,
                kernel = kernel,
                reuse = reuse,
                tags = ["manual"],
            )

    # The same with sixteen times the memory: what a boot takes does not grow with it.
    native.genrule(
        name = "boot_2g_golden",
        srcs = ["boot1.golden"],
        outs = ["boot_2g.golden"],
        cmd = "sed 's/^kernel: memory 128 MiB$$/kernel: memory 2048 MiB/' $< >$@",
    )
    _boot(
        name = "boot_2g",
        golden = "boot_2g.golden",
        memory_mib = 2048,
    )
    _boot_budget(name = "boot_2g")

    # The same with as many files in the image as there may be: what a boot takes for one more of them.
    files = ["file_%d" % i for i in range(64 - _CORE_ENTRIES)]
    for file in files:
        native.genrule(
            name = file,
            outs = [file + ".txt"],
            cmd = "echo $@ >$@",
        )
    native.genrule(
        name = "boot_full_golden",
        srcs = ["boot1.golden"],
        outs = ["boot_full.golden"],
        cmd = "sed 's/^kernel: boot image %d entries$$/kernel: boot image 64 entries/' $< >$@" % _CORE_ENTRIES,
    )
    _boot(
        name = "boot_full",
        golden = "boot_full.golden",
        bundles = dict(_BUNDLES, **{":" + file: file for file in files}),
    )
    _boot_budget(name = "boot_full")

def _boot_golden(harts):
    # What a boot of the whole ladder costs. Its golden file is the ladder's with the figures in their places.
    native.genrule(
        name = "boot%d_golden" % harts,
        srcs = ["smp%d_core.golden" % harts],
        outs = ["boot%d.golden" % harts],
        cmd = "sed 's/^kernel: init loaded$$/&" + "".join([
            "\\nbench: %s %%u mean %%u first %%u" % figure
            for figure in [
                "kernel_entry_to_init",
                "image_bytes",
                "kernel_ram_bytes",
            ]
        ]) + "/' $< >$@; for figure in init_to_end lock_spins; do echo \"bench: $$figure %u mean %u first %u\"; done >>$@",
    )
