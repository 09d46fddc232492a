"""`style_test`: runs the style tool over the files of all packages; with `bazel run`, over the checkout itself."""

# A test sees the files that are its inputs; a run sees the checkout, files of unlisted packages included.
_SCRIPT = """#!/bin/sh
if [ -n "$BUILD_WORKSPACE_DIRECTORY" ]; then
    exec {tool} "$BUILD_WORKSPACE_DIRECTORY" "$@"
fi
exec {tool} . {list}
"""

def _impl(ctx):
    paths = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(paths, "".join([f.short_path + "\n" for f in ctx.files.data]))
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        _SCRIPT.format(list = paths.short_path, tool = ctx.executable.tool.short_path),
        is_executable = True,
    )
    runfiles = ctx.runfiles(files = ctx.files.data + [paths])
    return [DefaultInfo(
        executable = script,
        runfiles = runfiles.merge(ctx.attr.tool[DefaultInfo].default_runfiles),
    )]

style_test = rule(
    implementation = _impl,
    doc = "Fails if a file of `data` breaks a rule of testing/style/README.md.",
    attrs = {
        "data": attr.label_list(allow_files = True, doc = "the files to check"),
        "tool": attr.label(mandatory = True, executable = True, cfg = "exec", doc = "the style tool"),
    },
    test = True,
)
