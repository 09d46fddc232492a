"""The images in which keystored keeps something on a disk, with one device secret or another, and what their disk must not show."""

load("//testing/qemu:qemu_test.bzl", "QEMU_TAGS")
load(":tessera_image.bzl", "tessera_image")

_PROGRAMS = {
    "//services/init:init": "init",
    "//services/logd:logd": "logd",
    "//services/policyd:policyd": "policyd",
    "//services/rngd:rngd": "rngd",
    "//services/samgrd:samgrd": "samgrd",
    "//services/statefsd:statefsd": "statefsd",
    "//services/virtioblkd:virtioblkd": "virtioblkd",
}

_KEYS = {
    "//services/keystored:keystored": "keystored",
    "//testing/keys:keys": "keys",
}

_FORGER = {"//testing/keys:forger": "forger"}

def _image(name, secret = "device_secret", manifest = "keys", programs = _KEYS):
    tessera_image(
        name = name,
        secrets = {":" + secret: "device_secret"},
        disk_mib = 1,
        golden = "golden/%s.golden" % name,
        harts = 2,
        manifest = manifest + ".manifest",
        policies = {manifest + ".policy": "policy"},
        programs = dict(_PROGRAMS, **programs),
        rngs = 1,
        tags = ["manual"],
    )

def keys_images():
    """`keys_first`, `keys_found` and `keys_changed`, one image; `keys_other`, with another device secret; `keys_forged`; their test on one disk."""
    for secret in ["device_secret", "other_secret"]:
        native.filegroup(
            name = secret,
            srcs = [secret + ".txt"],
        )
    _image("keys_first")
    _image("keys_found")
    _image("keys_changed")
    _image("keys_other", secret = "other_secret")
    _image("keys_forged", manifest = "keys_forged", programs = _FORGER)
    boots = [
        ":keys_first",
        ":keys_found",
        ":keys_other",
        ":keys_found",
        ":keys_forged",
        ":keys_changed",
    ]
    native.sh_test(
        name = "keys_test",
        size = "large",
        srcs = ["//testing/keys:keys.sh"],
        args = ["$(rootpath //tools/statefs)"] + ["$(rootpath %s)" % image for image in boots],
        data = [
            ":keys_changed",
            ":keys_first",
            ":keys_forged",
            ":keys_found",
            ":keys_other",
            "//testing/qemu:boots.sh",
            "//tools/statefs",
        ],
        tags = QEMU_TAGS,
    )
