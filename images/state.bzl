"""The images in which statefsd keeps something on a disk, and what their disks must hold afterwards."""

load("//testing/qemu:qemu_test.bzl", "QEMU_TAGS")
load(":tessera_image.bzl", "persist_test", "tessera_image")

_PROGRAMS = {
    "//services/init:init": "init",
    "//services/policyd:policyd": "policyd",
    "//services/samgrd:samgrd": "samgrd",
    "//services/statefsd:statefsd": "statefsd",
    "//services/virtioblkd:virtioblkd": "virtioblkd",
}

def _programs(client, statefsd = "//services/statefsd:statefsd"):
    programs = dict(_PROGRAMS, **{"//testing/statefs:" + client: client})
    programs.pop("//services/statefsd:statefsd")
    programs[statefsd] = "statefsd"
    return programs

_POWERCUT = [
    "powercut",
    "powercut_again",
    "powercut_unflushed",
]

# The flush that fails (state_faults.conf).
_BAD_FLUSH = 13

def _faults(name, faults, manifest):
    tessera_image(
        name = name,
        disk_faults = faults,
        disk_mib = 1,
        golden = "golden/%s.golden" % name,
        harts = 2,
        manifest = manifest,
        policies = {"persist.policy": "policy"},
        programs = _programs("faults"),
    )

def _fault_images():
    native.genrule(
        name = "state_faults_conf",
        srcs = ["state_faults.conf"],
        outs = ["state_faults_at.conf"],
        cmd = "{ cat $<; " + "".join([
            "printf '\n[set-state]\nevent = \"flush_to_disk\"\nstate = \"%d\"\nnew_state = \"%d\"\n'; " % (state, state + 1)
            for state in range(1, _BAD_FLUSH + 1)
        ]) + "} >$@",
    )
    native.genrule(
        name = "state_unavailable_manifest",
        srcs = ["state_faults.manifest"],
        outs = ["state_unavailable.manifest"],
        cmd = "sed 's/^    argument 1$$/    argument 2/' $< >$@",
    )
    _faults("state_faults", "state_faults_at.conf", "state_faults.manifest")
    for kind in ["read", "flush"]:
        name = "state_%s_faults" % kind
        _faults(name, name + ".conf", "state_unavailable.manifest")

def state_images():
    """`persist_first` and `persist_second`, one image on one disk; `powercut`; `state_faults` and its like; their tests."""
    _fault_images()

    # One image; what it prints depends on what is on its disk.
    for boot in ["first", "second"]:
        tessera_image(
            name = "persist_" + boot,
            disk_mib = 1,
            golden = "golden/persist_%s.golden" % boot,
            harts = 2,
            manifest = "persist.manifest",
            policies = {"persist.policy": "policy"},
            programs = _programs("state"),
            tags = ["manual"],
        )
    persist_test(
        name = "persist_test",
        size = "medium",
        images = [
            ":persist_first",
            ":persist_second",
        ],
    )

    # What it prints depends on its disk: all the changes, or what is there after the power was cut.
    # `powercut_unflushed`: with a statefsd that never flushes.
    for name, golden, statefsd in [
        ("powercut", "powercut", "//services/statefsd:statefsd"),
        ("powercut_again", "powercut_again", "//services/statefsd:statefsd"),
        ("powercut_unflushed", "powercut", "//testing/statefs:unflushed"),
    ]:
        tessera_image(
            name = name,
            disk_mib = 1,
            golden = "golden/%s.golden" % golden,
            harts = 2,
            manifest = "powercut.manifest",
            policies = {"powercut.policy": "policy"},
            programs = _programs("load", statefsd),
            tags = ["manual"],
        )

    # The disk of one boot, its power cut at many points, and three boots on what is left.
    native.sh_test(
        name = "powercut_disk_test",
        size = "medium",
        srcs = ["//testing/statefs:powercut.sh"],
        args = [
            "$(rootpath //testing/statefs:powercut)",
            "$(rootpath //tools/statefs)",
        ] + [
            "$(rootpath :%s)" % name
            for name in _POWERCUT
        ],
        data = [
            "//testing/qemu:boots.sh",
            "//testing/statefs:powercut",
            "//tools/statefs",
        ] + [":" + name for name in _POWERCUT],
        tags = QEMU_TAGS,
    )
