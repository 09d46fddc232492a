"""`npm_package`: one file of a package that only npm has, by its hash."""

def _npm_package_impl(rctx):
    archive = "package.tgz"

    # Without a URL this only looks into the repository cache, which is kept by hash.
    cached = rctx.download(url = [], output = archive, sha256 = rctx.attr.sha256, allow_fail = True)
    if not cached.success:
        npm = rctx.which("npm")
        if not npm:
            fail("@%s comes through npm, which this machine does not have: install the package `npm`, or do without" % rctx.name)
        rctx.report_progress("npm pack %s" % rctx.attr.package)
        rctx.file(".new/empty", "")
        result = rctx.execute(
            [npm, "pack", "--silent", "--ignore-scripts", "%s@%s" % (rctx.attr.package, rctx.attr.version)],
            working_directory = ".new",
            timeout = 600,
        )
        if result.return_code:
            fail("npm cannot provide @%s: %s" % (rctx.name, result.stderr))

        # Through Bazel's own download, so that the hash is checked and the repository cache is filled.
        rctx.download(
            url = ["file://%s/%s" % (rctx.path(".new"), result.stdout.strip().split("\n")[-1])],
            output = archive,
            sha256 = rctx.attr.sha256,
        )
        rctx.delete(".new")
    rctx.extract(archive, output = ".unpacked", stripPrefix = "package")
    result = rctx.execute(["cp", "-p", ".unpacked/" + rctx.attr.file, rctx.attr.program])
    if result.return_code:
        fail("@%s has no %s: %s" % (rctx.name, rctx.attr.file, result.stderr))
    rctx.execute(["chmod", "755", rctx.attr.program])
    rctx.delete(".unpacked")
    rctx.delete(archive)
    rctx.symlink(rctx.attr.build_file, "BUILD.bazel")

npm_package = repository_rule(
    implementation = _npm_package_impl,
    doc = "A program out of an npm package, fetched by the machine's own npm and verified. Nothing of the package is run while it is fetched.",
    attrs = {
        "build_file": attr.label(mandatory = True, allow_single_file = True, doc = "the repository's BUILD file"),
        "file": attr.string(mandatory = True, doc = "the program's file in the package"),
        "package": attr.string(mandatory = True, doc = "as npm names it"),
        "program": attr.string(mandatory = True, doc = "the name that it gets"),
        "sha256": attr.string(mandatory = True, doc = "of the package's archive"),
        "version": attr.string(mandatory = True, doc = "exactly"),
    },
)
