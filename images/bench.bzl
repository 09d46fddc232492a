"""The images that measure, each figure with its ceiling (testing/budgets)."""

load(":tessera_image.bzl", "budget_test", "same_log_test", "tessera_image")

_CLIENT_PROGRAMS = {
    "//services/init:init": "init",
    "//services/policyd:policyd": "policyd",
    "//services/samgrd:samgrd": "samgrd",
    "//testing/bench:answer": "answer",
    "//testing/bench:client": "client",
    "//testing/bench:sink": "sink",
}

_SERVICES_PROGRAMS = {
    "//services/echo:echo": "echo",
    "//services/init:init": "init",
    "//services/logd:logd": "logd",
    "//services/metricsd:metricsd": "metricsd",
    "//services/policyd:policyd": "policyd",
    "//services/samgrd:samgrd": "samgrd",
    "//services/timed:timed": "timed",
    "//testing/bench:guest": "guest",
    "//testing/bench:services": "services",
}

_STORED_PROGRAMS = {
    "//services/execd:execd": "execd",
    "//services/init:init": "init",
    "//services/keystored:keystored": "keystored",
    "//services/logd:logd": "logd",
    "//services/policyd:policyd": "policyd",
    "//services/rngd:rngd": "rngd",
    "//services/samgrd:samgrd": "samgrd",
    "//services/statefsd:statefsd": "statefsd",
    "//services/virtioblkd:virtioblkd": "virtioblkd",
    "//testing/bench:stored": "stored",
}

_BLOCK_PROGRAMS = {
    "//services/init:init": "init",
    "//services/policyd:policyd": "policyd",
    "//services/samgrd:samgrd": "samgrd",
    "//services/virtioblkd:virtioblkd": "virtioblkd",
    "//testing/bench:block": "block",
}

_PAIRS_PROGRAMS = {
    "//services/init:init": "init",
    "//testing/bench:echo": "echo",
    "//testing/bench:pair": "pair",
    "//testing/bench:pairs": "pairs",
}

# About as many services as init has room for, with those that are not asked for.
_MANY = ["s%d" % number for number in range(1, 25)]

_ASKED = ["policyd", "samgrd"] + _MANY + ["resolve"]

# Who compares the figures of an image (bench_X_budget_test, testing/evidence) boots it and judges its golden file: its own test is manual.
def _image(name, **kwargs):
    tessera_image(name = name, tags = ["manual"], **kwargs)

def _text(out, text):
    native.genrule(
        name = out.replace(".", "_"),
        outs = [out],
        cmd = "cat >$@ <<'END'\n%s\nEND" % text,
    )

def _block(service, lines):
    return "\n    ".join(["service " + service] + lines) + "\n"

def _resolve_images():
    every = ["hart 0", "slot 1 console write", "slot 2 route init call", "slot 3 endpoint recv"]
    _text("resolve.manifest", "\n".join([
        _block("policyd", every + ["slot 4 family mint revoke", "slot 5 image read"]),
        _block("samgrd", every + ["slot 4 route policyd call"]),
    ] + [
        _block(one, ["program answer"] + every)
        for one in _MANY
    ] + [
        _block("resolve", ["final"] + every[:1] + ["slot 1 console write marker"] + every[2:] + ["slot 63 route samgrd call"]),
    ]))
    _text("bench_resolve.golden", "\n".join([
        "kernel: boot",
        "kernel: memory 128 MiB",
        "kernel: paging on",
        "kernel: timer sstc",
        "kernel: asid bits 16",
        "kernel: entropy seed",
        "kernel: hart 0 up",
        "kernel: harts 1",
        "kernel: boot image 7 entries",
        "kernel: init loaded",
        "init: manifest %d services" % len(_ASKED),
    ] + [
        "init: start %s\ninit: up %s" % (one, one)
        for one in _ASKED
    ] + ["init: ready"] + [
        "bench: %s %%u mean %%u first %%u" % figure
        for figure in ["resolve", "resolve_at_13", "resolve_at_24"]
    ] + ["bench: end", "~ | *"]))
    _image(
        name = "bench_resolve",
        golden = "bench_resolve.golden",
        harts = 1,
        icount = True,
        manifest = "resolve.manifest",
        policies = {"resolve.policy": "policy"},
        programs = {
            "//services/init:init": "init",
            "//services/policyd:policyd": "policyd",
            "//services/samgrd:samgrd": "samgrd",
            "//testing/bench:answer": "answer",
            "//testing/bench:resolve": "resolve",
        },
    )
    budget_test(
        name = "bench_resolve_budget",
        size = "medium",
        budget = "//testing/budgets:resolve.budget",
        image = ":bench_resolve",
    )

def _depth_image():
    # The system calls of a disk at depth, by a kernel that tells of each: the manifest of bench_block with another client.
    native.genrule(
        name = "depth_manifest",
        srcs = ["block.manifest"],
        outs = ["depth.manifest"],
        cmd = "sed -e 's/^service block$$/service depth/' -e 's/^    slot 5 factory vmo$$/&\\n    slot 6 stats trace/' $< >$@",
    )
    native.genrule(
        name = "bench_depth_golden",
        srcs = ["golden/bench_block.golden"],
        outs = ["bench_depth.golden"],
        cmd = "sed -e 's/ block$$/ depth/' -e '/^bench: block_/d' -e 's/^bench: end$$/bench: block_calls_of_32_reads %u mean %u first %u\\n&/' $< >$@",
    )
    _text("depth.policy", "allow depth call virtioblkd")
    programs = dict(_BLOCK_PROGRAMS, **{"//testing/bench:depth": "depth"})
    programs.pop("//testing/bench:block")
    _image(
        name = "bench_depth",
        disk_mib = 16,
        golden = "bench_depth.golden",
        harts = 1,
        icount = True,
        kernel = "//kernel:kernel_syscalls",
        manifest = "depth.manifest",
        policies = {"depth.policy": "policy"},
        programs = programs,
    )
    budget_test(
        name = "bench_depth_budget",
        size = "medium",
        budget = "//testing/budgets:depth.budget",
        image = ":bench_depth",
    )

def bench_images():
    """`bench`, `bench_client`, `bench_services`, `bench_block`, `bench_depth`, `bench_stored`, `bench_state`, `bench_replay`, `bench_crowd`, `bench_resolve`, `bench_pairs2` and `4`, with their budgets."""
    _resolve_images()
    _depth_image()

    # Figures and all else that they print.
    for image in ["bench", "bench_pairs4"]:
        same_log_test(
            name = image + "_same_log_test",
            size = "medium",
            boots = 2,
            image = ":" + image,
        )
    _image(
        name = "bench",
        golden = "golden/bench.golden",
        harts = 1,
        icount = True,
        manifest = "bench.manifest",
        programs = {
            "//services/init:init": "init",
            "//testing/bench:bench": "bench",
            "//testing/bench:echo": "echo",
            "//testing/bench:peer": "peer",
        },
        rngs = 1,
    )

    budget_test(
        name = "bench_budget",
        size = "medium",
        budget = "//testing/budgets:bench.budget",
        image = ":bench",
    )

    _image(
        name = "bench_client",
        golden = "golden/bench_client.golden",
        harts = 1,
        icount = True,
        manifest = "client.manifest",
        policies = {"client.policy": "policy"},
        programs = _CLIENT_PROGRAMS,
    )

    native.genrule(
        name = "bench_uncached_golden",
        srcs = ["golden/bench_client.golden"],
        outs = ["bench_uncached.golden"],
        cmd = "sed -e 's/_hit %u/_uncached %u/' -e 's/_hit_at_/_uncached_at_/' $< >$@",
    )

    # The same with reuse off: the baseline (testing/evidence).
    _image(
        name = "bench_uncached",
        golden = "bench_uncached.golden",
        harts = 1,
        icount = True,
        manifest = "client.manifest",
        policies = {"client.policy": "policy"},
        programs = _CLIENT_PROGRAMS,
        reuse = False,
    )

    budget_test(
        name = "bench_client_budget",
        size = "medium",
        budget = "//testing/budgets:client.budget",
        compared_elsewhere = True,
        image = ":bench_client",
    )

    budget_test(
        name = "bench_uncached_budget",
        size = "medium",
        budget = "//testing/budgets:uncached.budget",
        compared_elsewhere = True,
        image = ":bench_uncached",
    )

    # What the services' operations cost, and the same with reuse off. No device: its answers would not come at the same instruction each time.
    for name, reuse in [
        ("bench_services", True),
        ("bench_services_uncached", False),
    ]:
        _image(
            name = name,
            golden = "golden/bench_services.golden",
            harts = 1,
            icount = True,
            manifest = "services.manifest",
            policies = {"services.policy": "policy"},
            programs = _SERVICES_PROGRAMS,
            reuse = reuse,
        )

    budget_test(
        name = "bench_services_budget",
        size = "medium",
        budget = "//testing/budgets:services.budget",
        compared_elsewhere = True,
        image = ":bench_services",
    )

    budget_test(
        name = "bench_services_uncached_budget",
        size = "medium",
        budget = "//testing/budgets:services_uncached.budget",
        compared_elsewhere = True,
        image = ":bench_services_uncached",
    )

    # A disk, and the services behind devices, with reuse and without: a device's answers do not come at the same instruction each time, so all are promises.
    for suffix, reuse in [
        ("", True),
        ("_uncached", False),
    ]:
        _image(
            name = "bench_block" + suffix,
            disk_mib = 16,
            golden = "golden/bench_block.golden",
            harts = 1,
            icount = True,
            manifest = "block.manifest",
            policies = {"block.policy": "policy"},
            programs = _BLOCK_PROGRAMS,
            reuse = reuse,
        )
        _image(
            name = "bench_stored" + suffix,
            bundle_programs = ["//services/execd/greet:greet"],
            bundles = {":programs": "bundle"},
            disk_mib = 1,
            golden = "golden/bench_stored.golden",
            harts = 1,
            icount = True,
            manifest = "stored.manifest",
            policies = {"stored.policy": "policy"},
            programs = _STORED_PROGRAMS,
            reuse = reuse,
            rngs = 1,
            secrets = {":device_secret": "device_secret"},
        )
        for area in ["block", "stored"]:
            budget_test(
                name = "bench_%s%s_budget" % (area, suffix),
                size = "medium",
                budget = "//testing/budgets:%s%s.budget" % (area, suffix),
                compared_elsewhere = True,
                image = ":bench_%s%s" % (area, suffix),
            )

    _image(
        name = "bench_state",
        disk_mib = 1,
        golden = "golden/bench_state.golden",
        harts = 1,
        icount = True,
        manifest = "state.manifest",
        policies = {"persist.policy": "policy"},
        programs = {
            "//services/init:init": "init",
            "//services/policyd:policyd": "policyd",
            "//services/samgrd:samgrd": "samgrd",
            "//services/statefsd:statefsd": "statefsd",
            "//services/virtioblkd:virtioblkd": "virtioblkd",
            "//testing/bench:state": "state",
        },
    )

    budget_test(
        name = "bench_state_budget",
        size = "medium",
        budget = "//testing/budgets:state.budget",
        image = ":bench_state",
    )

    # The largest region that a journal has.
    _image(
        name = "bench_replay",
        disk_mib = 16,
        golden = "golden/bench_replay.golden",
        harts = 1,
        icount = True,
        manifest = "replay.manifest",
        policies = {"replay.policy": "policy"},
        programs = {
            "//services/init:init": "init",
            "//services/policyd:policyd": "policyd",
            "//services/samgrd:samgrd": "samgrd",
            "//services/statefsd:statefsd": "statefsd",
            "//services/virtioblkd:virtioblkd": "virtioblkd",
            "//testing/bench:replay": "replay",
        },
    )

    budget_test(
        name = "bench_replay_budget",
        size = "medium",
        budget = "//testing/budgets:replay.budget",
        image = ":bench_replay",
    )

    _image(
        name = "bench_crowd",
        golden = "golden/bench_crowd.golden",
        harts = 1,
        icount = True,
        manifest = "crowd.manifest",
        programs = {
            "//services/init:init": "init",
            "//testing/bench:crowd": "crowd",
            "//testing/bench:echo": "echo",
            "//testing/bench:member": "member",
        },
    )

    budget_test(
        name = "bench_crowd_budget",
        size = "medium",
        budget = "//testing/budgets:crowd.budget",
        image = ":bench_crowd",
    )

    _image(
        name = "bench_pairs2",
        golden = "golden/bench_pairs2.golden",
        harts = 2,
        icount = True,
        kernel = "//kernel:kernel_figures",  # For lock_spins.
        manifest = "pairs2.manifest",
        programs = _PAIRS_PROGRAMS,
    )

    _image(
        name = "bench_pairs4",
        golden = "golden/bench_pairs4.golden",
        harts = 4,
        icount = True,
        kernel = "//kernel:kernel_figures",  # For lock_spins.
        manifest = "pairs4.manifest",
        programs = _PAIRS_PROGRAMS,
    )

    budget_test(
        name = "bench_pairs2_budget",
        size = "medium",
        budget = "//testing/budgets:pairs2.budget",
        image = ":bench_pairs2",
    )

    budget_test(
        name = "bench_pairs4_budget",
        size = "medium",
        budget = "//testing/budgets:pairs4.budget",
        image = ":bench_pairs4",
    )
