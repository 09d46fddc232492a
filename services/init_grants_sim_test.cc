// services/init_grants_sim_test.cc: the real init in simulation gives each service what its
// manifest lists and nothing else, at the first start and at the next: kind and rights of every
// slot.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ipc/ready.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/device.h"
#include "kernel/abi/manifest.h"
#include "testing/sim/machine.h"
#include "testing/sim/system.h"

namespace {

using namespace simtest;
using grants = std::vector<manifest_grant>;

enum place : std::uint32_t { HOLDER, BARE, JUDGE };

constexpr std::uint32_t LAST_SLOT = CAP_SLOT_COUNT - 1;
constexpr std::uint64_t BADGE = 5;

std::uint32_t looked;  // Starts at which all slots were looked at.

// Each kind that a manifest has; a route and a factory in both their forms.
grants all_kinds() {
    return {{MANIFEST_GRANT_CONSOLE, 1, RIGHT_WRITE, 0, 0},
            {MANIFEST_GRANT_ROUTE, SLOT_INIT, RIGHT_CALL, MANIFEST_TARGET_INIT, BADGE},
            {MANIFEST_GRANT_ENDPOINT, SLOT_ENDPOINT, RIGHT_RECV | RIGHT_SEND | MANIFEST_ACCEPT_CAPS,
             0, 0},
            {MANIFEST_GRANT_ROUTE, 6, RIGHT_SEND | RIGHT_NOTIFY, BARE, 0},
            {MANIFEST_GRANT_FACTORY, 9, RIGHT_MAKE_ENDPOINT | RIGHT_MAKE_VMO, MANIFEST_HART_ANY, 0},
            {MANIFEST_GRANT_FACTORY, 10, RIGHT_MAKE_TASK, BARE, 0},
            {MANIFEST_GRANT_IMAGE, 17, RIGHT_READ, 0, 0},
            {MANIFEST_GRANT_DEVICE, 31, RIGHT_DEVICE_MAP, DEVICE_ID_BLOCK, 1},
            {MANIFEST_GRANT_STATS, 32, RIGHT_STATS_READ, 0, 0},
            {MANIFEST_GRANT_FAMILY, LAST_SLOT, RIGHT_MINT_UNDER, 0, 0}};
}

grants few() {
    return {to_init(), receives(SLOT_ENDPOINT)};
}

cap_kind kind_of(const manifest_grant &grant) {
    switch (static_cast<manifest_grant_kind>(grant.kind)) {
        case MANIFEST_GRANT_CONSOLE:
            return CAP_CONSOLE;
        case MANIFEST_GRANT_ENDPOINT:
        case MANIFEST_GRANT_ROUTE:
            return CAP_ENDPOINT;
        case MANIFEST_GRANT_FACTORY:
            return CAP_FACTORY;
        case MANIFEST_GRANT_IMAGE:
            return CAP_IMAGE;
        case MANIFEST_GRANT_DEVICE:
            return CAP_DEVICE;
        case MANIFEST_GRANT_STATS:
            return CAP_STATS;
        case MANIFEST_GRANT_FAMILY:
            return CAP_GRANT;
    }
    return CAP_NONE;
}

// In each slot what the manifest lists for it, and nothing where it lists nothing.
void holds_exactly(const grants &listed) {
    for (std::uint32_t i = 1; i <= LAST_SLOT; i++) {
        const query_result found = sys_cap_query(slot_at(i));
        const auto grant = std::find_if(listed.begin(), listed.end(),
                                        [i](const manifest_grant &one) { return one.slot == i; });
        if (grant == listed.end()) {
            EXPECT_EQ(found.status, STATUS_BAD_CAP) << "not listed: slot " << i;
            continue;
        }
        EXPECT_EQ(found.status, STATUS_OK) << "slot " << i;
        EXPECT_EQ(cap_query_kind(found.kind_rights), kind_of(*grant)) << "slot " << i;
        EXPECT_EQ(cap_query_rights(found.kind_rights), grant->rights & ~MANIFEST_ACCEPT_CAPS)
            << "slot " << i;
    }
    looked++;
}

void serve(user &self) {
    runtime made = runtime_of(self);
    EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    (void)sys_ipc_recv(slot_at(SLOT_ENDPOINT), in_us(1000)).status;
}

// Ends at its first start; a second one holds what the first did.
void run_holder(user &self) {
    const runtime made = runtime_of(self);
    holds_exactly(all_kinds());
    serve(self);
    if (runtime_start_number(&made) == 1) {
        sys_task_exit(1);
    }
}

void run_bare(user &self) {
    holds_exactly(few());
    serve(self);
}

void run_init(user &self) {
    boot_view view;
    view.service("holder", 0, 1, all_kinds());
    view.service("bare", 0, 1, few());
    view.service("judge", MANIFEST_FINAL, 0, few());
    run_system(self, view);
}

TEST(InitGrants, a_service_holds_what_its_manifest_lists_and_nothing_else) {
    for (const std::uint32_t harts : {1, 2, 4}) {
        looked = 0;
        sim_machine machine;
        machine.program("holder", run_holder);
        machine.program("bare", run_bare);
        machine.program("judge", [](user &self) {
            serve(self);
            wait_until([] { return looked == 3; }, "both starts of one and one of the other");
        });
        const sim_result result = machine.run_once(run_init, harts, 1);
        EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message << "\n" << sim_console();
        EXPECT_EQ(looked, 3u);
    }
}

}  // namespace
