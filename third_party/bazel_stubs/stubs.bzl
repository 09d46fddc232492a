"""Stand-ins for repositories that Bazel's built-in WORKSPACE suffix would download and that nothing here uses."""

_JAVA = """
java_binary = native.java_binary
java_import = native.java_import
java_library = native.java_library
java_package_configuration = native.java_package_configuration
java_plugin = native.java_plugin
java_runtime = native.java_runtime
java_test = native.java_test
java_toolchain = native.java_toolchain
"""

_CC = """
cc_binary = native.cc_binary
cc_import = native.cc_import
cc_library = native.cc_library
cc_test = native.cc_test
cc_toolchain = native.cc_toolchain
cc_toolchain_suite = native.cc_toolchain_suite
"""

_PYTHON = """
py_binary = native.py_binary
py_library = native.py_library
py_test = native.py_test
"""

def _stub_impl(rctx):
    groups = ["coverage_output_generator", "coverage_report_generator"]
    build = "".join(["filegroup(name = \"%s\", visibility = [\"//visibility:public\"])\n" % g for g in groups])
    rctx.file("WORKSPACE", "")
    rctx.file("BUILD.bazel", build)
    for folder, content in {"cc": _CC, "java": _JAVA, "python": _PYTHON}.items():
        rctx.file(folder + "/BUILD.bazel", "")
        rctx.file(folder + "/defs.bzl", content)

stub_repository = repository_rule(
    implementation = _stub_impl,
    doc = "A repository with native rules under the names that Bazel's own tools load.",
)

def stub_repositories():
    """Declares all stand-ins."""
    for name in ["remote_coverage_tools", "rules_cc", "rules_java", "rules_proto", "rules_python"]:
        stub_repository(name = name)
