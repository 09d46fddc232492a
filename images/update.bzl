"""The image in which the system is updated: five boots on one disk."""

load("//testing/qemu:qemu_test.bzl", "QEMU_TAGS")
load(":tessera_image.bzl", "tessera_bundle", "tessera_image")

_PROGRAMS = {
    "//services/execd:execd": "execd",
    "//services/init:init": "init",
    "//services/policyd:policyd": "policyd",
    "//services/samgrd:samgrd": "samgrd",
    "//services/statefsd:statefsd": "statefsd",
    "//services/updated:updated": "updated",
    "//services/virtioblkd:virtioblkd": "virtioblkd",
    "//testing/update:update": "update",
}

_TEST_ONLY_KEY = "//testing/update:TEST_ONLY_KEY"

_BOOTS = ["empty", "first", "second", "silent", "fallback"]

def _system(name, programs, version, key):
    native.genrule(
        name = name,
        srcs = [programs] + ([key] if key else []),
        outs = [name + ".system"],
        cmd = "$(execpath //tools/bundle) build --programs $(execpath %s) --version %d --health app --out $@" % (programs, version) +
              (" --key $(execpath %s)" % key if key else ""),
        tools = ["//tools/bundle"],
    )

def update_images():
    """`update_empty`, `update_first` .., one image on one disk; their test; and what they stage."""
    for kind in ["healthy", "large", "silent"]:
        program = "silent" if kind == "silent" else "healthy"
        tessera_bundle(
            name = "update_%s_programs" % kind,
            programs = {"//testing/update:" + program: program},
            text = "update_%s.programs" % kind,
        )

    # The key that an image trusts; whoever has the other half signs.
    native.genrule(
        name = "update_key",
        srcs = [_TEST_ONLY_KEY],
        outs = ["update.key"],
        cmd = "$(execpath //tools/bundle) key --seed $(execpath %s) --public $@" % _TEST_ONLY_KEY,
        tools = ["//tools/bundle"],
    )
    _system("update_one", ":update_healthy_programs", 1, _TEST_ONLY_KEY)
    _system("update_two", ":update_healthy_programs", 2, _TEST_ONLY_KEY)
    _system("update_three", ":update_silent_programs", 3, _TEST_ONLY_KEY)
    _system("update_large", ":update_large_programs", 2, _TEST_ONLY_KEY)
    _system("update_unsigned", ":update_healthy_programs", 2, None)
    _system("update_other", ":update_healthy_programs", 2, "//testing/update:TEST_ONLY_OTHER_KEY")
    for boot in _BOOTS:
        tessera_image(
            name = "update_" + boot,
            bundles = {
                ":update_key": "update_key",
                ":update_large": "large",
                ":update_one": "one",
                ":update_other": "other",
                ":update_three": "three",
                ":update_two": "two",
                ":update_unsigned": "unsigned",
            },
            disk_mib = 4,
            golden = "golden/update_%s.golden" % boot,
            harts = 2,
            manifest = "update.manifest",
            policies = {"update.policy": "policy"},
            programs = _PROGRAMS,
            tags = ["manual"],
        )
    native.sh_test(
        name = "update_test",
        size = "medium",
        srcs = ["//testing/update:update.sh"],
        args = ["$(rootpath //tools/statefs)"] + ["$(rootpath :update_%s)" % boot for boot in _BOOTS],
        data = [
            "//testing/qemu:boots.sh",
            "//tools/statefs",
        ] + [":update_" + boot for boot in _BOOTS],
        tags = QEMU_TAGS,
    )

    # The machine is started anew, and does not only go off: the others are told so by QEMU's end alone.
    native.sh_test(
        name = "update_reboots_test",
        size = "medium",
        srcs = ["//testing/update:reboots.sh"],
        args = ["$(rootpath :update_empty)"],
        data = [":update_empty"],
        tags = QEMU_TAGS,
    )

    # The disk of one boot, its power cut at many points.
    native.sh_test(
        name = "update_cuts_test",
        size = "medium",
        srcs = ["//testing/update:cuts.sh"],
        args = [
            "$(rootpath //testing/update:cuts)",
            "$(rootpath :update_key)",
        ] + ["$(rootpath :update_%s)" % boot for boot in _BOOTS[:3]],
        data = [
            ":update_key",
            "//testing/qemu:boots.sh",
            "//testing/update:cuts",
        ] + [":update_" + boot for boot in _BOOTS[:3]],
        tags = QEMU_TAGS,
    )
