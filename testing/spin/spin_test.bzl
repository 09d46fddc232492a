"""`spin_model`: a model of a protocol, searched completely, and planted mistakes that the search must find."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

def _quoted(words):
    return " ".join(["'%s'" % w.replace("'", "'\\''") for w in words])

def _command(features, action, variables):
    tool = cc_common.get_tool_for_action(feature_configuration = features, action_name = action)
    return _quoted([tool] + cc_common.get_memory_inefficient_command_line(feature_configuration = features, action_name = action, variables = variables))

def _checker(ctx, toolchain, name, macros):
    """The program that searches the model with these macros defined."""
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        unsupported_features = ["asan", "ubsan", "tsan", "fuzzer", "layering_check"],
    )
    out = ctx.actions.declare_file("%s.%s" % (ctx.label.name, name))
    folder = out.path + ".made"

    preprocess = _command(features, ACTION_NAMES.c_compile, cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        user_compile_flags = ["-w", "-E", "-P", "-x", "c"] + ["-D" + m for m in macros],
    ))
    compile = _command(features, ACTION_NAMES.c_compile, cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        source_file = folder + "/pan.c",
        output_file = folder + "/pan.o",
        user_compile_flags = ["-w", "-O1", "-DSAFETY", "-DNOFAIR"],
    ))
    link = _command(features, ACTION_NAMES.cpp_link_executable, cc_common.create_link_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        output_file = out.path,
        user_link_flags = [folder + "/pan.o"],
    ))
    ctx.actions.run_shell(
        command = """set -eu
rm -rf {folder} && mkdir -p {folder}
{preprocess} {model} -o {folder}/model.pml
tool=$PWD/{spin}
(cd {folder} && "$tool" -Pcat -a model.pml) >{folder}/said || {{ cat {folder}/said; exit 1; }}
{compile}
{link}
rm -rf {folder}""".format(compile = compile, folder = folder, link = link, model = ctx.file.src.path, preprocess = preprocess, spin = ctx.file._spin.path),
        # spin itself is below one of the checker's folders.
        inputs = depset([ctx.file.src] + ctx.files.parts + ctx.files._checker, transitive = [toolchain.all_files]),
        mnemonic = "SpinModel",
        outputs = [out],
        progress_message = "Making a search of %s" % ctx.label,
    )
    return out

def _spin_test_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    programs = [("-", _checker(ctx, toolchain, "search", ctx.attr.macros))]
    for plant in ctx.attr.plants:
        programs.append((plant, _checker(ctx, toolchain, plant.lower(), ctx.attr.macros + ["PLANT_" + plant])))

    # The functions that the model names stand in the tree, where it says. A file of its own, so that the search does not
    # begin again when only their text changes.
    names = ctx.actions.declare_file(ctx.label.name + ".names")
    arguments = ctx.actions.args()
    arguments.add(names)
    arguments.add(ctx.file.src)
    for path, functions in ctx.attr.functions.items():
        for function in functions:
            arguments.add_all([path, function])
    ctx.actions.run(
        executable = ctx.file._names,
        arguments = [arguments],
        inputs = ctx.files.src + ctx.files.tree,
        mnemonic = "SpinNames",
        outputs = [names],
    )
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        "#!/usr/bin/env bash\nexec %s %d %s %s\n" % (
            ctx.file._search.short_path,
            ctx.attr.memory_mib,
            names.short_path,
            " ".join(["%s %s" % (name, program.short_path) for name, program in programs]),
        ),
        is_executable = True,
    )
    return [DefaultInfo(
        executable = script,
        runfiles = ctx.runfiles(files = [names, ctx.file._search] + [program for _name, program in programs]),
    )]

spin_test = rule(
    implementation = _spin_test_impl,
    doc = "Searches one model completely, then shows that the search finds each planted mistake.",
    fragments = ["cpp"],
    test = True,
    attrs = {
        "functions": attr.string_list_dict(mandatory = True, doc = "what the model stands for: file to the functions defined there"),
        "macros": attr.string_list(doc = "NAME=VALUE"),
        "memory_mib": attr.int(default = 2048),
        "parts": attr.label_list(allow_files = [".pml"], doc = "what the model includes"),
        "plants": attr.string_list(doc = "mistakes that must be found: the model looks for PLANT_<name>"),
        "src": attr.label(allow_single_file = [".pml"], mandatory = True),
        "tree": attr.label_list(mandatory = True, doc = "where the functions are"),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
        "_checker": attr.label(default = "@spin//:files"),
        "_names": attr.label(default = "//testing/spin:names.sh", allow_single_file = True),
        "_search": attr.label(default = "//testing/spin:search.sh", allow_single_file = True),
        "_spin": attr.label(default = "@spin//:usr/bin/spin", allow_single_file = True),
    },
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

def spin_model(name, functions, plants):
    """`<name>_test` of the model `<name>.pml` with 2 harts, and `<name>_3_harts_test`, to be run by name.

    Args:
      name: of the model
      functions: what it stands for: file to the functions defined there
      plants: mistakes that must be found with 2 harts
    """
    for harts, kwargs in {
        2: {"plants": plants, "size": "small"},
        3: {
            "memory_mib": 8192,
            "size": "enormous",
            "tags": ["manual"],
            "visibility": ["//testing:__pkg__"],
        },
    }.items():
        spin_test(
            name = name + ("_test" if harts == 2 else "_%d_harts_test" % harts),
            src = name + ".pml",
            functions = functions,
            macros = ["HARTS=%d" % harts],
            parts = ["memory.pml"],
            tree = ["//kernel/core:sources"],
            **kwargs
        )
