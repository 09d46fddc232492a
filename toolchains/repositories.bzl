"""All external repositories. Each is fetched when a target needs it, from the lock file of the same name in toolchains/packages."""

load("//toolchains/buildifier:npm.bzl", "npm_package")
load("//toolchains/packages:packages.bzl", "apt_state", "package_tree")

_HOST = "x86_64-linux-gnu"
_RISCV = "riscv64-unknown-elf"
_RISCV_LIB = "usr/lib/gcc/riscv64-unknown-elf/14.2.0"
_HOST_LIB = "usr/lib/gcc/x86_64-linux-gnu/12"
_HOST_LIBRARIES = [
    "usr/lib/%s/%s" % (_HOST, f)
    for f in ["*crt*.o", "libc.a", "libc.so*", "libc_nonshared.a", "libdl.a", "libm.a", "libm-*.a", "libm.so*", "libmvec.a", "libmvec.so*", "libpthread.a", "libresolv.a", "librt.a", "libutil.a", "ld-linux-x86-64.so.2", "libgcc_s.so.1"]
]

# Each action of the host's compiler has every header as an input, which a shared cache looks at each time: of the kernel's only those that the C library includes.
_HOST_HEADERS = ["usr/include/" + f for f in ["*.h", "arpa", "asm-generic", "c++", "net", "netinet", "rpc", _HOST]] + [
    "usr/include/linux/%s.h" % f
    for f in ["close_range", "const", "errno", "falloc", "filter", "bpf_common", "futex", "ioctl", "limits", "mman", "openat2", "param", "posix_types", "prctl", "random", "sched", "seccomp", "socket", "stat", "stddef", "swab", "sysinfo", "time_types", "types", "unistd"]
]

# Containers and parallel algorithms that nobody here includes: a third of the C++ library's headers.
_HOST_UNUSED = ["*/c++/12/ext/pb_ds", "*/c++/12/parallel", "*/c++/12/experimental"]

def _tree(name, build_file, **kwargs):
    package_tree(
        name = name,
        build_file = build_file,
        lock = "//toolchains/packages:%s.lock" % name,
        **kwargs
    )

def _riscv_gcc():
    _tree(
        name = "riscv_gcc",
        build_file = "//toolchains/cc:riscv_gcc.BUILD",
        # The other variants of libgcc, and what only building plugins or link-time optimization needs.
        exclude = ["*/14.2.0/rv32*", "*/14.2.0/rv64i", "*/14.2.0/rv64i[afd]*", "*/14.2.0/rv64im", "*/14.2.0/rv64im[!a]*", "*/14.2.0/rv64ima", "*/14.2.0/rv64imaf*", "*/plugin", "*/lto-dump", "*-lto-dump"],
        keep = [_RISCV_LIB + "/" + f for f in ["include", "include-fixed", "libgcc.a", "liblto_plugin.so", "rv64imac", "crt*.o"]],
        programs = ["usr/bin/%s-%s" % (_RISCV, t) for t in ["gcc", "addr2line", "ar", "gcov", "nm", "objcopy", "objdump", "readelf", "size", "strip"]] +
                   ["usr/lib/%s/bin/%s" % (_RISCV, t) for t in ["as", "ld"]] +
                   [_RISCV_LIB + "/" + t for t in ["cc1", "cc1plus", "collect2", "lto1", "lto-wrapper"]],
    )

def _host_gcc():
    _tree(
        name = "host_gcc",
        build_file = "//toolchains/cc:host_gcc.BUILD",
        exclude = _HOST_UNUSED,
        keep = [_HOST_LIB + "/" + f for f in ["include", "liblto_plugin.so", "libgcc.a", "libgcc_eh.a", "libgcc_s.so", "libgcov.a", "libstdc++.a", "libsupc++.a", "crt*.o", "libasan*", "libubsan*", "libtsan*", "liblsan*", "libsanitizer.spec"]] +
               _HOST_HEADERS + _HOST_LIBRARIES,
        programs = ["usr/bin/%s-%s" % (_HOST, t) for t in ["gcc-12", "gcov-12", "addr2line", "ar", "nm", "objcopy", "objdump", "readelf", "strip"]] +
                   ["libexec/%s=usr/bin/%s-%s" % (t, _HOST, t) for t in ["as", "ld.bfd"]] +
                   [_HOST_LIB + "/" + t for t in ["cc1", "cc1plus", "collect2", "lto1", "lto-wrapper"]],
    )

def _host_clang():
    resources = "usr/lib/llvm-16/lib/clang/16"
    _tree(
        name = "host_clang",
        build_file = "//toolchains/cc:host_clang.BUILD",
        exclude = ["*/clang/16/lib/linux/*-i386*", "*/asan_symbolize*"] + _HOST_UNUSED,
        keep = [resources + "/include", resources + "/lib/linux"] + _HOST_HEADERS +
               [_HOST_LIB + "/" + f for f in ["libgcc.a", "libgcc_eh.a", "libstdc++.a", "crt*.o"]] + _HOST_LIBRARIES,
        module_map = ["usr/include", resources + "/include"],
        programs = ["usr/bin/%s-%s" % (_HOST, t) for t in ["ar", "nm", "objcopy", "objdump", "strip"]] +
                   ["usr/lib/llvm-16/bin/clang", "libexec/ld.lld=usr/lib/llvm-16/bin/lld"],
    )

def _qemu():
    _tree(
        name = "qemu",
        build_file = "//toolchains/qemu:qemu.BUILD",
        exclude = ["*/qemu-system-riscv32", "*/riscv32-linux-gnu", "./usr/share/qemu", "./usr/lib/x86_64-linux-gnu/perl*"],
        keep = ["usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin"],
        programs = ["usr/bin/qemu-system-riscv64"],
    )

def _libraries():
    for name in ["googletest", "libfdt", "libsodium"]:
        _tree(name = name, build_file = "//third_party/%s:%s.BUILD" % (name, name), keep = ["."])
    _tree(
        name = "picolibc",
        build_file = "//third_party/picolibc:picolibc.BUILD",
        configuration = ["//third_party/picolibc:picolibc.h"],
        keep = ["."],
    )
    for name in ["cli11", "nlohmann_json"]:
        _tree(name = name, build_file = "//third_party/%s:%s.BUILD" % (name, name), keep = ["."], strip = "usr/include")

def _checkers_and_helpers():
    _tree(name = "cbmc", build_file = "//toolchains/cbmc:cbmc.BUILD", programs = ["usr/bin/" + t for t in ["cbmc", "goto-cc", "goto-instrument"]], libraries = ["usr/lib"])
    _tree(name = "spin", build_file = "//toolchains/spin:spin.BUILD", programs = ["usr/bin/spin"])
    _tree(name = "nginx", build_file = "//toolchains/nginx:nginx.BUILD", programs = ["usr/sbin/nginx"])
    _tree(name = "clang_tools", build_file = "//toolchains/clang_tools:clang_tools.BUILD", keep = ["usr/lib/llvm-16/lib/clang/16/include"], programs = ["usr/lib/llvm-16/bin/" + t for t in ["clang-format", "clang-tidy"]])
    _tree(name = "gdb", build_file = "//toolchains/gdb:gdb.BUILD", keep = ["usr/lib/python3.13", "usr/share/gdb"], programs = ["usr/bin/gdb-multiarch"])

def _browser():
    _tree(
        name = "chromium",
        build_file = "//toolchains/chromium:chromium.BUILD",
        keep = ["usr/share/fonts/truetype/dejavu"] +
               ["usr/lib/chromium/" + f for f in ["headless_*.pak", "icudtl.dat", "v8_context_snapshot.bin"]],
        libraries = ["usr/lib/%s/pulseaudio" % _HOST],
        programs = ["usr/lib/chromium/chromium-headless-shell"],
    )

def _from_npm():
    npm_package(
        name = "buildifier",
        build_file = "//toolchains/buildifier:buildifier.BUILD",
        file = "buildifier-linux_amd64",
        package = "@bazel/buildifier",
        program = "buildifier",
        sha256 = "b96ea9b13003036c801f52bee6f9b0314738f8432e5cb9d814c89f59292604ee",
        version = "8.2.1",
    )

def tessera_repositories():
    """Declares every repository; fetches none."""
    for suite in ["bookworm", "trixie"]:
        apt_state(name = "apt_" + suite, suite = suite)
    _riscv_gcc()
    _host_gcc()
    _host_clang()
    _qemu()
    _libraries()
    _checkers_and_helpers()
    _browser()
    _from_npm()
