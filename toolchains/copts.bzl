"""Compiler flags of Tessera's own code.

The toolchains apply the warnings and the language standards to every target that does not say
`features = ["-tessera_warnings"]`, which only third_party/ does.
"""

# C and C++ alike, all compilers.
WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wswitch-enum",
    "-Wvla",
    "-Werror",
]

# Which function needs, takes and gives back which lock (base/compiler.h).
CLANG_WARNINGS = [
    "-Wthread-safety",
    "-Wthread-safety-beta",
]

C_WARNINGS = [
    "-Wmissing-prototypes",
    "-Wstrict-prototypes",
]

C_STANDARD = ["-std=c17"]

CXX_STANDARD = ["-std=c++20"]
