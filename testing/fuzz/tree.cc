// testing/fuzz/tree.cc: any bytes as a device tree. What is accepted makes sense: harts, pages and
// windows are within their limits, and free memory is memory.
#include <cstdlib>
#include <cstring>
#include <memory>

extern "C" {
#include "kernel/arch/riscv64/machine.h"
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check(const machine &read, uint64_t bytes) {
    require(read.tree_bytes <= bytes);
    require(read.hart_count >= 1 && read.hart_count <= MACHINE_HART_MAX);
    require(read.device_count <= MACHINE_DEVICE_MAX);
    require(read.reserved_count <= MACHINE_RESERVED_MAX);
    require(read.ram.base <= UINT64_MAX - read.ram.bytes);
    for (uint32_t i = 0; i < read.device_count; i++) {
        const machine_range &window = read.devices[i].window;
        require(window.base % MACHINE_PAGE_BYTES == 0 && window.bytes % MACHINE_PAGE_BYTES == 0);
        require(window.bytes != 0 &&
                window.bytes <= MACHINE_WINDOW_PAGES_MAX * uint64_t{MACHINE_PAGE_BYTES});
        require(read.devices[i].line >= 1 && read.devices[i].line <= MACHINE_LINE_MAX);
    }
    machine_range free[MACHINE_FREE_MAX];
    uint32_t count = 0;
    if (machine_free(read.ram, read.reserved, read.reserved_count, free, &count) != MACHINE_OK) {
        return;
    }
    require(count <= MACHINE_FREE_MAX);
    for (uint32_t i = 0; i < count; i++) {
        require(free[i].base >= read.ram.base && free[i].bytes <= read.ram.bytes &&
                free[i].base - read.ram.base <= read.ram.bytes - free[i].bytes);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    std::unique_ptr<uint8_t, decltype(&std::free)> blob(
        static_cast<uint8_t *>(std::aligned_alloc(8, size / 8 * 8 + 8)), std::free);
    std::memcpy(blob.get(), data, size);
    machine read;
    if (machine_read(blob.get(), size, &read) == MACHINE_OK) {
        check(read, size);
    }
    return 0;
}
