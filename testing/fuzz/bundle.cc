// testing/fuzz/bundle.cc: any bytes as a bundle: the first are header and table, the rest the
// programs' pages. What is accepted is what execd may rely on: names that rise, ids that are
// programs', files inside and apart, and programs that the kernel takes.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernel/abi/task.h"
#include "services/execd/bundle.h"

extern "C" {
#include "kernel/core/elf.h"
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

constexpr size_t kTableBytes = 512;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check_program(const bundle_view &view, uint64_t count, uint32_t index, uint64_t *end) {
    const bundle_program &one = view.programs[index];
    require(one.name[BUNDLE_NAME_BYTES - 1] == 0);
    require(index == 0 || std::strcmp(view.programs[index - 1].name, one.name) < 0);
    require((one.service_id & SERVICE_ID_TOP_BIT) != 0);
    require(one.service_id == program_id_of(one.name, std::strlen(one.name)));
    require(bundle_find(&view, one.service_id) == &one);
    require(one.offset >= *end && one.offset % BUNDLE_ALIGN == 0 && one.offset <= count);
    require(one.bytes != 0 && one.bytes <= count - one.offset);
    require(task_limits_unpack(one.limits).tasks == 0);
    *end = one.offset + one.bytes;
    elf_program program;
    require(elf_read(view.bytes + one.offset, one.bytes, &program) == ELF_REJECT_NONE);
}

void try_bundle(const std::vector<uint64_t> &words) {
    const uint64_t count = words.size() * sizeof(words[0]);
    bundle_view view{nullptr, nullptr, 0};
    const bundle_verdict verdict = bundle_open(words.data(), count, &view);
    require((verdict.flaw == BUNDLE_FLAW_NONE) == (view.programs != nullptr));
    require((verdict.flaw == BUNDLE_FLAW_PROGRAM) == (verdict.elf != ELF_REJECT_NONE));
    uint64_t end = sizeof(bundle_header) + view.program_count * sizeof(bundle_program);
    for (uint32_t i = 0; i < view.program_count; i++) {
        check_program(view, count, i, &end);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    // As it is, and laid out on pages with the length that it must have.
    std::vector<uint64_t> plain((size + 7) / 8);
    if (size != 0) {
        std::memcpy(plain.data(), data, size);
    }
    try_bundle(plain);
    const size_t table = size < kTableBytes ? size : kTableBytes;
    const size_t pages = 1 + (size - table + BUNDLE_ALIGN - 1) / BUNDLE_ALIGN;
    std::vector<uint64_t> laid(pages * BUNDLE_ALIGN / sizeof(uint64_t));
    auto *bytes = reinterpret_cast<uint8_t *>(laid.data());
    if (size != 0) {
        std::memcpy(bytes, data, table);
        std::memcpy(bytes + BUNDLE_ALIGN, data + table, size - table);
    }
    reinterpret_cast<bundle_header *>(bytes)->bytes = pages * BUNDLE_ALIGN;
    try_bundle(laid);
    return 0;
}
