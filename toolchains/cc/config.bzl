"""Configuration of our C and C++ toolchains: GNU for RISC-V and the host, clang for the host.

Paths are relative to the execution root; nothing outside the toolchain's repository is searched. Its header folders are given
with -idirafter, behind those of libraries, and stay out of dependency files (-MMD): a toolchain's files are inputs of every
action anyway, and third-party libraries carry the digest of their packages in their `defines`.
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "feature",
    "feature_set",
    "flag_group",
    "flag_set",
    "tool_path",
    "with_feature_set",
)
load("//toolchains:copts.bzl", "CLANG_WARNINGS", "CXX_STANDARD", "C_STANDARD", "C_WARNINGS", "WARNINGS")

_C = [ACTION_NAMES.c_compile]

_CXX = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.linkstamp_compile,
    ACTION_NAMES.cpp_header_parsing,
]

_ASSEMBLE = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
]

_COMPILE = _ASSEMBLE + _C + _CXX

_LINK = [
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

# Times and folders of the machine stay out of what is made.
_REPRODUCIBLE = [
    "-no-canonical-prefixes",
    "-Wno-builtin-macro-redefined",
    "-D__DATE__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
    "-ffile-prefix-map=/proc/self/cwd=.",
]

_SANITIZERS = {
    "asan": ["-fsanitize=address"],
    "fuzzer": ["-fsanitize=fuzzer"],
    "tsan": ["-fsanitize=thread"],
    "ubsan": ["-fsanitize=undefined", "-fno-sanitize-recover=all"],
}

def _flags(actions, flags, with_features = []):
    """A flag_set, also for an empty list, which flag_group refuses."""
    groups = [flag_group(flags = flags)] if flags else []
    return flag_set(actions = actions, flag_groups = groups, with_features = with_features)

def _idirafter(folders):
    flags = []
    for folder in folders:
        flags += ["-idirafter", folder]
    return flags

def _default_feature(attr, root, c_dirs, cxx_dirs):
    return feature(name = "tessera_default", enabled = True, flag_sets = [
        _flags(_COMPILE, _REPRODUCIBLE + [f.replace("%root%", root) for f in attr.copts] + ["-nostdinc"]),
        _flags(_C, C_STANDARD),
        _flags(_CXX, CXX_STANDARD + ["-nostdinc++"] + [f.replace("%root%", root) for f in attr.cxxopts]),
        _flags(_CXX, _idirafter(cxx_dirs)),
        _flags(_COMPILE, _idirafter(c_dirs)),
        _flags(_LINK, ["-no-canonical-prefixes", "-Wl,--build-id=none"] + [f.replace("%root%", root) for f in attr.linkopts]),
    ])

def _mode_features(attr):
    return [
        feature(name = "opt", flag_sets = [_flags(_COMPILE, attr.opt_copts)]),
        feature(name = "fastbuild", flag_sets = [
            _flags(_C, attr.fastbuild_copts),
            _flags(_CXX, attr.fastbuild_cxxopts),
        ]),
        feature(name = "dbg", flag_sets = [_flags(_COMPILE, ["-O0", "-g"])]),
    ]

def _warning_feature(attr):
    return feature(name = "tessera_warnings", enabled = True, flag_sets = [
        _flags(_C + _CXX, WARNINGS + (CLANG_WARNINGS if attr.compiler == "clang" else [])),
        _flags(_C, C_WARNINGS),
    ])

def _dependency_feature():
    return feature(name = "dependency_file", enabled = True, flag_sets = [flag_set(
        actions = _COMPILE,
        flag_groups = [flag_group(
            flags = ["-MMD", "-MF", "%{dependency_file}"],
            expand_if_available = "dependency_file",
        )],
    )])

def _sanitizer_features(attr):
    """Sanitizers apply to fastbuild and dbg; what is compiled with opt is a tool that actions run, and goes without.

    Sanitized programs are linked dynamically, with the sanitizer's library and C++'s inside; all others statically.
    """
    if not attr.sanitizers:
        return []
    features = []
    for name in attr.sanitizers:
        checked = [with_feature_set(features = [name], not_features = ["opt"])]
        flags = _SANITIZERS[name]

        # libFuzzer's main() would clash with a test's: a fuzz target asks for it with its own linkopts.
        compile_flags = ["-fsanitize=fuzzer-no-link"] if name == "fuzzer" else flags
        link_flags = [] if name == "fuzzer" else flags + attr.sanitizer_linkopts.get(name, [])
        features.append(feature(name = name, flag_sets = [
            _flags(_C + _CXX, compile_flags + ["-fno-omit-frame-pointer"], checked),
            _flags(_LINK, link_flags, checked),
        ]))
    static = [with_feature_set(features = ["opt"]), with_feature_set(not_features = attr.sanitizers)]
    dynamic = [with_feature_set(features = [name], not_features = ["opt"]) for name in attr.sanitizers]
    features.append(feature(name = "tessera_link_kind", enabled = True, flag_sets = [
        _flags(_LINK, ["-static", "-lstdc++", "-lm"], static),
        _flags(_LINK, ["-no-pie", "-static-libgcc", "-Wl,-Bstatic,-lstdc++,-Bdynamic", "-lm"], dynamic),
    ]))
    return features

def _layering_features(attr):
    """Each target may include only headers of the targets that its own `deps` name. Clang checks it, by Bazel's module maps."""
    if not attr.layering_check:
        return []
    use = feature(
        name = "use_module_maps",
        requires = [feature_set(features = ["module_maps"])],
        flag_sets = [flag_set(actions = _C + _CXX, flag_groups = [
            flag_group(flags = ["-fmodule-name=%{module_name}"], expand_if_available = "module_name"),
            flag_group(flags = ["-fmodule-map-file=%{module_map_file}"], expand_if_available = "module_map_file"),
        ])],
    )
    check = feature(
        name = "layering_check",
        implies = ["use_module_maps"],
        flag_sets = [flag_set(actions = _C + _CXX, flag_groups = [
            flag_group(flags = ["-fmodules-strict-decluse", "-Wprivate-header"]),
            flag_group(
                flags = ["-fmodule-map-file=%{dependent_module_map_files}"],
                iterate_over = "dependent_module_map_files",
            ),
        ])],
    )
    return [feature(name = "module_maps", enabled = True), use, check]

def _impl(ctx):
    attr = ctx.attr
    root = ctx.label.workspace_root
    c_dirs = [_below(d, root) for d in attr.include_dirs]
    cxx_dirs = [_below(d, root) for d in attr.cxx_include_dirs]
    features = [_default_feature(attr, root, c_dirs, cxx_dirs)]
    features += _mode_features(attr) + _sanitizer_features(attr) + _layering_features(attr)
    features += [
        _warning_feature(attr),
        _dependency_feature(),
        feature(name = "supports_pic", enabled = False),
        feature(name = "supports_start_end_lib", enabled = False),
        feature(name = "static_link_cpp_runtimes", enabled = False),
        feature(name = "supports_dynamic_linker", enabled = False),
    ]
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        features = features,
        cxx_builtin_include_directories = cxx_dirs + c_dirs,
        toolchain_identifier = ctx.label.workspace_name,
        host_system_name = "x86_64-linux-gnu",
        target_system_name = attr.triple,
        target_cpu = attr.cpu,
        target_libc = "unknown",
        compiler = attr.compiler,
        abi_version = "unknown",
        abi_libc_version = "unknown",
        tool_paths = [tool_path(name = k, path = v) for k, v in attr.tools.items()],
    )

def _below(folder, root):
    """A folder of the toolchain's own repository, or `@name/folder` of another."""
    if folder.startswith("@"):
        return "external/" + folder[1:]
    return root + "/" + folder

tessera_cc_config = rule(
    implementation = _impl,
    doc = "The flags and programs of one C and C++ toolchain. `%root%` in a flag is the toolchain's repository.",
    attrs = {
        "compiler": attr.string(mandatory = True, doc = "gcc or clang"),
        "copts": attr.string_list(),
        "cpu": attr.string(mandatory = True),
        "cxx_include_dirs": attr.string_list(),
        "cxxopts": attr.string_list(),
        "fastbuild_copts": attr.string_list(doc = "for C"),
        "fastbuild_cxxopts": attr.string_list(doc = "for C++"),
        "include_dirs": attr.string_list(),
        "layering_check": attr.bool(doc = "the compiler reads module maps"),
        "linkopts": attr.string_list(),
        "opt_copts": attr.string_list(),
        "sanitizer_linkopts": attr.string_list_dict(doc = "sanitizer: further flags for linking"),
        "sanitizers": attr.string_list(doc = "which of asan, ubsan, tsan, fuzzer the compiler has; none: bare metal"),
        "tools": attr.string_dict(mandatory = True, doc = "tool name to path"),
        "triple": attr.string(mandatory = True),
    },
    provides = [CcToolchainConfigInfo],
)
