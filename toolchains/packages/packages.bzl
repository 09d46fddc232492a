"""Repositories made of locked Debian packages.

`package_tree` fetches the packages of one lock file with the machine's own apt (or from a plain mirror), verifies each hash and
unpacks what is asked for. `apt_state` keeps one release's package lists while packages are fetched. See README.md.
"""

def _apt_state_impl(rctx):
    rctx.file("BUILD.bazel", "")
    result = rctx.execute(
        ["bash", str(rctx.path(Label("//toolchains/packages:apt.sh"))), "init", str(rctx.path(rctx.attr.suite)), rctx.attr.suite],
        timeout = 600,
        quiet = False,
    )
    if result.return_code:
        fail("package lists: " + result.stderr)
    rctx.file("stamp", "")

apt_state = repository_rule(
    implementation = _apt_state_impl,
    doc = "The package lists of one Debian release, in a private apt state. Fetched only when a package is not in the repository cache.",
    attrs = {"suite": attr.string(mandatory = True, doc = "name of the release")},
)

def _read_lock(rctx):
    rows = []
    for line in rctx.read(rctx.attr.lock).splitlines():
        f = line.split(" ")
        if f[0] == "deb":
            rows.append(struct(line = line, kind = "deb", suite = f[1], name = f[2], version = f[3], sha256 = f[5], file = "%s_%s_%s.deb" % (f[2], f[3].replace(":", "_"), f[4])))
        elif f[0] == "src":
            rows.append(struct(line = line, kind = "src", suite = f[1], name = f[2], version = f[3], sha256 = f[5], file = f[4]))
    if not rows:
        fail("%s: no packages; run tools/lock update" % rctx.attr.lock)
    return rows

def _output(row):
    """Where a package lies after fetching. Source archives keep their ending, which says how to unpack them."""
    if row.kind == "deb":
        return ".packages/%s.deb" % row.name
    return ".sources/%s.%s" % (row.name, row.file.rpartition(".orig.")[2])

def _fetch_from_mirror(rctx, mirror, rows):
    if mirror.startswith("/"):
        mirror = "file://" + mirror
    for row in rows:
        rctx.download(url = [mirror + "/" + row.file], output = _output(row), sha256 = row.sha256)
    return {}

def _drift(rctx):
    """Packages that came in another version than the lock's: name -> [locked, got]."""
    drift = {}
    if rctx.path(".new/DRIFT").exists:
        for line in rctx.read(".new/DRIFT").splitlines():
            f = line.split(" ")
            drift[f[0]] = f[1:3]
    return drift

def _fetch_with_apt(rctx, rows):
    states = {}
    for row in rows:
        # Asking for the path makes Bazel fetch the state, once for all repositories.
        states[row.suite] = rctx.path(Label("@apt_%s//:stamp" % row.suite)).dirname.get_child(row.suite)
    for suite in states:
        wanted = [r for r in rows if r.suite == suite]
        rctx.report_progress("fetching %d packages of Debian %s" % (len(wanted), suite))
        result = rctx.execute(
            ["bash", str(rctx.path(Label("//toolchains/packages:apt.sh"))), "get", str(states[suite]), ".new", rctx.name] + [r.line for r in wanted],
            timeout = 3600,
            environment = {
                "TESSERA_STRICT_PACKAGES": rctx.os.environ.get("TESSERA_STRICT_PACKAGES", "0"),
            },
            quiet = False,
        )
        if result.return_code:
            fail("cannot provide @%s: %s" % (rctx.name, result.stderr))
    drift = _drift(rctx)
    for row in rows:
        # Through Bazel's own download, so that the hash is checked and the repository cache is filled.
        rctx.download(
            url = ["file://%s/%s" % (rctx.path(".new"), _output(row).rpartition("/")[2])],
            output = _output(row),
            sha256 = "" if row.name in drift else row.sha256,
        )
    rctx.delete(".new")
    return drift

def _fetch(rctx, rows):
    missing = []
    for row in rows:
        # Without a URL this only looks into the repository cache, which is kept by hash.
        if not rctx.download(url = [], output = _output(row), sha256 = row.sha256, allow_fail = True).success:
            missing.append(row)
    if not missing:
        return {}
    mirror = rctx.os.environ.get("TESSERA_PACKAGE_MIRROR", "")
    if mirror:
        return _fetch_from_mirror(rctx, mirror, missing)
    return _fetch_with_apt(rctx, missing)

def _unpack(rctx, rows):
    rctx.report_progress("unpacking")
    for row in rows:
        if row.kind == "src":
            rctx.extract(_output(row), output = ".packages/" + row.name)
    result = rctx.execute(
        ["bash", str(rctx.path(Label("//toolchains/packages:unpack.sh")))],
        timeout = 1800,
        environment = {
            "ARCHIVES": ".packages",
            "EXCLUDE": "\n".join(rctx.attr.exclude),
            "KEEP": "\n".join(rctx.attr.keep),
            "LIBRARIES": "\n".join(rctx.attr.libraries),
            "MODULE_MAP": "\n".join(rctx.attr.module_map),
            "PROGRAMS": "\n".join(rctx.attr.programs),
            "STRIP": rctx.attr.strip,
        },
    )
    if result.return_code:
        fail("cannot unpack @%s: %s" % (rctx.name, result.stderr))
    rctx.delete(".packages")
    rctx.delete(".sources")

def _sha256(rctx, file):
    return rctx.execute(["sha256sum", str(file)]).stdout.split(" ")[0]

def _package_tree_impl(rctx):
    rows = _read_lock(rctx)
    drift = _fetch(rctx, rows)

    # What the tree is made of, and what of it is kept. A source folder is known to Bazel by its time only, so toolchains have
    # this file among their inputs, and libraries carry its digest in their defines.
    unpack = rctx.path(Label("//toolchains/packages:unpack.sh"))
    stamp = "%s %s\n" % (unpack.basename, _sha256(rctx, unpack))
    for what in [rctx.attr.exclude, rctx.attr.keep, rctx.attr.libraries, rctx.attr.programs]:
        stamp += " ".join(what) + "\n"
    for row in rows:
        sha256 = row.sha256
        if row.name in drift:
            sha256 = _sha256(rctx, _output(row))
        stamp += "%s %s %s\n" % (row.name, drift[row.name][1] if row.name in drift else row.version, sha256)
    for file in rctx.attr.configuration:
        stamp += "%s %s\n" % (file.name, _sha256(rctx, rctx.path(file)))
    _unpack(rctx, rows)
    rctx.file("lock.stamp", stamp, executable = False)
    digest = _sha256(rctx, "lock.stamp")[:16]
    rctx.file("lock.bzl", "\"\"\"Digest of the packages that this repository is made of.\"\"\"\n\nLOCK_DIGEST = \"%s\"\n" % digest, executable = False)
    rctx.file("drift.txt", "".join(["DRIFT: %s %s %s\n" % (n, drift[n][0], drift[n][1]) for n in sorted(drift)]), executable = False)
    for name, content in rctx.attr.files.items():
        rctx.file(name, content, executable = False)
    rctx.delete("BUILD")
    rctx.delete("BUILD.bazel")
    rctx.delete("WORKSPACE")
    rctx.symlink(rctx.attr.build_file, "BUILD.bazel")

package_tree = repository_rule(
    implementation = _package_tree_impl,
    doc = "The packages of one lock file, unpacked.",
    attrs = {
        "build_file": attr.label(mandatory = True, allow_single_file = True, doc = "the repository's BUILD file"),
        "configuration": attr.label_list(allow_files = True, doc = "files of ours that a system header includes: part of the digest, for dependency files do not name them"),
        "exclude": attr.string_list(doc = "patterns that are not unpacked"),
        "files": attr.string_dict(doc = "further files to write: path to content"),
        "keep": attr.string_list(doc = "files, folders and patterns to keep, below strip"),
        "libraries": attr.string_list(doc = "library folders besides the usual one"),
        "lock": attr.label(mandatory = True, allow_single_file = True, doc = "the lock file"),
        "module_map": attr.string_list(doc = "folders of headers to list in module.modulemap, for the layering check"),
        "programs": attr.string_list(doc = "PATH or PATH=ORIGINAL: programs to start through their own loader"),
        "strip": attr.string(default = ".", doc = "folder of the packages' tree that becomes the repository's root"),
    },
    environ = ["TESSERA_PACKAGE_MIRROR", "TESSERA_STRICT_PACKAGES"],
)
