"""`sources`: shows a package's files to the style test. One line in each BUILD file, and one row in packages.bzl."""

# What the machine or a build leaves in a checkout.
_NO_SOURCES = [
    ".git",
    "bazel-*",
    "compile_commands.json",
    "user.bazelrc",
]

def sources(folders = None):
    """Declares `:sources`, every file of the package, for the tests that look at the tree: style, contract, proofs, models.

    The only glob over source files in the tree: a file is checked because it exists, not because somebody listed it.

    Args:
      folders: None: the whole package. The root package names the folders that belong to it, so that Bazel does not walk
        through its own bazel-* links.
    """
    patterns = ["**"] if folders == None else ["*"] + [folder + "/**" for folder in folders]
    native.filegroup(
        name = "sources",
        srcs = native.glob(patterns, exclude = _NO_SOURCES),
        visibility = [
            "//images:__pkg__",
            "//testing/abi:__pkg__",
            "//testing/cbmc:__pkg__",
            "//testing/evidence:__pkg__",
            "//testing/spin:__pkg__",
            "//testing/style:__pkg__",
            "//tools/new_service:__pkg__",
        ],
    )
