// testing/fuzz/binaries.cc: any bytes as a compiled policy, and as a boot image whose manifest init
// reads. What is accepted is used as its readers use it.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "services/init/manifest_view.h"
#include "services/policyd/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

void try_policy(const std::vector<uint64_t> &words, size_t size) {
    policy_view view;
    if (!policy_open(words.data(), size, &view)) {
        return;
    }
    for (uint32_t i = 0; i < view.row_count; i++) {
        const policy_row &row = view.rows[i];
        const policy_decision decision =
            policy_decide(&view, row.subject, static_cast<policy_action>(row.action), row.object);
        if (decision.allowed != (row.rule % 2 != 0)) {
            std::abort();
        }
    }
}

// The kernel has checked that the image is as long as it says.
void try_image(std::vector<uint64_t> words, size_t size) {
    if (size < sizeof(boot_image_header)) {
        return;
    }
    auto *header = reinterpret_cast<boot_image_header *>(words.data());
    header->bytes = size;
    manifest_view view;
    if (manifest_open(header, &view) != MANIFEST_FLAW_NONE) {
        return;
    }
    for (uint32_t i = 0; i < view.service_count; i++) {
        if (manifest_find_program(view.image, view.services[i].program) == nullptr ||
            manifest_find_service(&view, view.services[i].service_id) != i) {
            std::abort();
        }
        (void)manifest_endpoint_grant(&view, i);
        (void)manifest_route_grant(&view, i, 4);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    std::vector<uint64_t> words(std::max<size_t>(1, (size + 7) / 8));
    words.shrink_to_fit();
    std::memcpy(words.data(), data, size);
    try_policy(words, size);
    try_image(words, size);
    return 0;
}
