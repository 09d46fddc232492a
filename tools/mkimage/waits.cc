// tools/mkimage/waits.cc: see waits.h.
#include "tools/mkimage/waits.h"

#include <algorithm>

#include "kernel/abi/cap.h"

namespace mkimage {

std::vector<wait> waits_of(const manifest &contents, const std::vector<allowed_call> &calls) {
    const std::vector<service> &services = contents.services;
    const auto find = [&](const std::string &name) {
        const auto found = std::ranges::find(services, name, &service::name);
        return static_cast<std::size_t>(found - services.begin());
    };
    std::vector<wait> waits;
    for (std::size_t from = 0; from < services.size(); from++) {
        for (const grant &given : services[from].grants) {
            const bool is_call =
                given.kind == MANIFEST_GRANT_ROUTE && (given.rights & RIGHT_CALL) != 0;
            const std::size_t to = is_call ? find(given.target) : services.size();
            if (to != services.size()) {
                waits.push_back({from, to, given.target_place, ""});
            }
        }
    }
    for (const allowed_call &call : calls) {
        const std::size_t from = find(call.from);
        waits.push_back({from, find(call.to), services[from].place, call.why});
    }
    return waits;
}

}  // namespace mkimage
