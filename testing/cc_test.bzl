"""`tessera_cc_test`: a GoogleTest of C or C++ code, under AddressSanitizer and UndefinedBehaviorSanitizer."""

def tessera_cc_test(name, srcs, size, deps = [], **kwargs):
    """A unit test; gtest_main is added.

    The sanitizers are on because .bazelrc turns them on for everything that is built for the host to run; tools that actions
    use are built without (testing/README.md).

    Args:
      name: of the test
      srcs: C++ files with TESTs, and C files
      size: how long it may take; always given
      deps: what is tested
      **kwargs: as of cc_test
    """
    native.cc_test(
        name = name,
        size = size,
        srcs = srcs,
        deps = deps + ["@googletest//:gtest_main"],
        # Linked with mutants as well.
        visibility = ["//testing/mutation:__pkg__"],
        **kwargs
    )
