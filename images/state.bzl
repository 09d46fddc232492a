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

def _programs(client):
    return dict(_PROGRAMS, **{"//testing/statefs:" + client: client})

def state_images():
    """`persist_first` and `persist_second`, one image on one disk; `powercut`; their tests."""

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
    tessera_image(
        name = "powercut",
        disk_mib = 1,
        golden = "golden/powercut.golden",
        harts = 2,
        manifest = "powercut.manifest",
        policies = {"powercut.policy": "policy"},
        programs = _programs("load"),
        tags = ["manual"],
    )

    # The disk of one boot, its power cut at many points.
    native.sh_test(
        name = "powercut_disk_test",
        size = "medium",
        srcs = ["//testing/statefs:powercut.sh"],
        args = [
            "$(rootpath //testing/statefs:powercut)",
            "$(rootpath :powercut)",
        ],
        data = [
            ":powercut",
            "//testing/statefs:powercut",
        ],
        tags = QEMU_TAGS,
    )
