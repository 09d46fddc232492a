"""`mutation_program`: existing tests in one program, linked with mutated copies of the C files that they test.

Sources and dependencies are taken from the libraries' and tests' own targets, so that a file or a test that changes there needs
no row here. The mutated objects come before the libraries' archives when the program is linked; since they define every symbol
of the files they stand for, the linker takes nothing of those from the archives.
"""

_SourcesInfo = provider(fields = {
    "all": "depset of the C files of a library and of what it depends on",
    "own": "list of the C files of a library",
})

def _sources_aspect_impl(_target, ctx):
    own = [f for f in getattr(ctx.rule.files, "srcs", []) if f.extension == "c" and f.is_source]
    deps = [dep[_SourcesInfo].all for dep in getattr(ctx.rule.attr, "deps", []) if _SourcesInfo in dep]
    return [_SourcesInfo(own = own, all = depset(own, transitive = deps))]

_sources_aspect = aspect(implementation = _sources_aspect_impl, attr_aspects = ["deps"])

def _is_left_out(ctx, source):
    return bool([p for p in ctx.attr.leaves_out if source.basename.startswith(p)])

def _mutated_sources_impl(ctx):
    outputs = []
    for library in ctx.attr.libraries:
        package = library.label.package
        found = library[_SourcesInfo].all.to_list() if ctx.attr.with_deps else library[_SourcesInfo].own
        for source in [f for f in found if f.owner.package == package and not _is_left_out(ctx, f)]:
            output = ctx.actions.declare_file("%s/%s" % (ctx.label.name, source.short_path))
            ctx.actions.run(
                executable = ctx.executable._mutate,
                arguments = [source.path, source.short_path, output.path],
                inputs = [source],
                outputs = [output],
                mnemonic = "Mutate",
            )
            outputs.append(output)
    return [DefaultInfo(files = depset(outputs))]

_mutated_sources = rule(
    implementation = _mutated_sources_impl,
    attrs = {
        "leaves_out": attr.string_list(doc = "files whose names begin so"),
        "libraries": attr.label_list(aspects = [_sources_aspect], mandatory = True),
        "with_deps": attr.bool(doc = "what they depend on in their own package too"),
        "_mutate": attr.label(default = "//testing/mutation:mutate", executable = True, cfg = "exec"),
    },
)

_TestInfo = provider(fields = {"code": "CcInfo of what a test depends on", "objects": "depset of what it was compiled to"})

def _test_aspect_impl(target, ctx):
    return [_TestInfo(
        code = cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in ctx.rule.attr.deps if CcInfo in dep]),
        objects = target[OutputGroupInfo].compilation_outputs,
    )]

_test_aspect = aspect(implementation = _test_aspect_impl)

def _test_code_impl(ctx):
    return [
        DefaultInfo(files = depset(transitive = [test[_TestInfo].objects for test in ctx.attr.tests])),
        cc_common.merge_cc_infos(cc_infos = [test[_TestInfo].code for test in ctx.attr.tests]),
    ]

_test_code = rule(
    implementation = _test_code_impl,
    attrs = {"tests": attr.label_list(aspects = [_test_aspect], mandatory = True)},
)

def mutation_program(name, libraries, tests, with_deps = False, leaves_out = []):
    """Makes `<name>`, which lists its mutants and runs the tests against any of them (runner.cc).

    Args:
      name: of the program
      libraries: whose own C files are mutated
      tests: cc_tests that can kill the mutants
      leaves_out: files whose names begin so are not mutated
      with_deps: mutate also what the libraries depend on within their package
    """
    _mutated_sources(
        name = name + "_mutants",
        leaves_out = leaves_out,
        libraries = libraries,
        with_deps = with_deps,
    )
    _test_code(
        name = name + "_tests",
        testonly = True,
        tests = tests,
    )
    native.cc_library(
        name = name + "_code",
        testonly = True,
        srcs = [name + "_mutants"],
        copts = ["-w"],
        deps = libraries + [":mutant"],
        alwayslink = True,
    )
    native.cc_binary(
        name = name,
        testonly = True,
        srcs = [
            name + "_tests",
            "runner_main.cc",
        ],
        deps = [
            name + "_code",
            name + "_tests",
            ":runner",
        ],
    )
