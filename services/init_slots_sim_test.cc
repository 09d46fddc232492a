// services/init_slots_sim_test.cc: the real init in simulation with the largest manifest that it
// takes: all of it starts, starts again, and is offered and routed to.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/wire/init_wire.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/manifest.h"
#include "services/init/service.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t SERVICES = 28;
constexpr std::uint32_t LAST = SERVICES - 1;
constexpr std::uint32_t ROUTE = SLOT_FIRST_OWN;
constexpr std::uint64_t PATIENCE_US = 1000000;

enum { SAMGRD, LOGD, MORTAL };  // The rest are fillers.
std::vector<std::string> names;

std::uint32_t offered;  // Capabilities that samgrd got.

// 27 services with an endpoint, one of them with a family, and the final one: 56 slots.
struct boot_view {
    alignas(8) std::uint8_t image[3 * BOOT_IMAGE_ALIGN] = {};
    boot_image_header *header = reinterpret_cast<boot_image_header *>(image);
    boot_image_entry *entries = reinterpret_cast<boot_image_entry *>(header + 1);
    manifest_header *manifest = reinterpret_cast<manifest_header *>(image + BOOT_IMAGE_ALIGN);
    manifest_service *services = reinterpret_cast<manifest_service *>(manifest + 1);
    manifest_grant *grants = reinterpret_cast<manifest_grant *>(services + SERVICES);

    void grant(manifest_grant given) {
        grants[manifest->grant_count++] = given;
        services[manifest->service_count - 1].grant_count++;
    }

    void service(const char *name, const char *program, std::uint32_t flags) {
        manifest_service *made = &services[manifest->service_count++];
        std::strcpy(made->name, name);
        std::strcpy(made->program, program);
        made->service_id = service_id_of(name, std::strlen(name));
        made->grant_first = manifest->grant_count;
        made->flags = flags | MANIFEST_AUTOSTART;
        made->hart = MANIFEST_HART_ANY;
        made->restart_budget = 1;
        made->limits = task_limits_pack({40, 0, 2, 4, 63});
        made->shares = task_shares_pack({0, 8});
        grant({MANIFEST_GRANT_ROUTE, SLOT_INIT, RIGHT_CALL, MANIFEST_TARGET_INIT, 0});
        if ((flags & MANIFEST_FINAL) == 0) {
            grant({MANIFEST_GRANT_ENDPOINT, SLOT_ENDPOINT, RIGHT_RECV, 0, 0});
        }
    }

    void program(const char *name) {
        boot_image_entry *entry = &entries[header->entry_count++];
        std::strcpy(entry->name, name);
        entry->kind = BOOT_IMAGE_PROGRAM;
        ASSERT_TRUE(sim_program_find(name, &entry->offset, &entry->bytes));
        header->bytes = (entry->offset + entry->bytes + BOOT_IMAGE_ALIGN - 1) / BOOT_IMAGE_ALIGN *
                        BOOT_IMAGE_ALIGN;
    }

    void fill(std::uint32_t families) {
        header->magic = BOOT_IMAGE_MAGIC;
        header->abi_version = ABI_VERSION;
        header->hart_count = sim_hart_count();
        header->entry_count = 1;
        std::strcpy(entries[0].name, "manifest");
        entries[0].kind = BOOT_IMAGE_MANIFEST;
        entries[0].offset = BOOT_IMAGE_ALIGN;
        for (const char *name : {"filler", "mortal", "samgrd", "judge"}) {
            program(name);
        }
        manifest->magic = MANIFEST_MAGIC;
        for (std::uint32_t i = 0; i < LAST; i++) {
            const char *name = names[i].c_str();
            service(name, i == SAMGRD || i == MORTAL ? name : "filler", 0);
            if (i < families) {
                grant({MANIFEST_GRANT_FAMILY, ROUTE, RIGHTS_GRANT, 0, 0});
            }
        }
        service("judge", "judge", MANIFEST_FINAL);
        grant({MANIFEST_GRANT_ROUTE, ROUTE, RIGHT_CALL, MORTAL, 0});
        entries[0].bytes = sizeof(manifest_header) + SERVICES * sizeof(manifest_service) +
                           manifest->grant_count * sizeof(manifest_grant);
    }
};

// A capability that init gives with its answer.
wire_status asked(user &self, init_op op, slot *given) {
    init_message message{};
    message_area &out = self.page->call_out;
    message.header.op = static_cast<std::uint8_t>(op);
    message.slot = ROUTE;
    frame_finish(&out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REQUEST, &message, out.payload, sizeof(out.payload)));
    out.header.flags = FRAME_TAKE_CAP;
    EXPECT_EQ(sys_ipc_call(slot_at(SLOT_INIT), in_us(PATIENCE_US)).status, STATUS_OK);
    const message_area &in = self.page->reply_in;
    EXPECT_EQ(init_decode(WIRE_REPLY, in.payload, in.header.len, &message), WIRE_OK);
    *given = slot_at(in.meta.slot);
    return static_cast<wire_status>(message.header.status);
}

struct runtime ready(user &self) {
    struct runtime made;
    runtime_init(&made, self.page, self.argument, self.instance);
    EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    return made;
}

void run_filler(user &self) {
    (void)ready(self);
    for (;;) {  // Until init ends.
        (void)sys_ipc_recv(slot_at(SLOT_ENDPOINT), in_us(PATIENCE_US)).status;
    }
}

// Ends at what it is asked first.
void run_mortal(user &self) {
    const struct runtime made = ready(self);
    while (sys_ipc_recv(slot_at(SLOT_ENDPOINT), in_us(PATIENCE_US)).status != STATUS_OK) {
    }
    sys_task_exit(runtime_start_number(&made));
}

void run_samgrd(user &self) {
    (void)ready(self);
    for (;;) {  // Until init ends.
        slot given = slot_at(CAP_SLOT_NONE);
        (void)sys_ipc_recv(slot_at(SLOT_ENDPOINT), in_us(PATIENCE_US)).status;
        while (asked(self, INIT_OP_OFFER, &given) == WIRE_OK) {
            EXPECT_EQ(sys_cap_close(given), STATUS_OK);
            offered++;
        }
    }
}

// Everything is up: has `mortal` end, and asks for the way to its next instance.
void run_judge(user &self) {
    (void)ready(self);
    slot given = slot_at(CAP_SLOT_NONE);
    EXPECT_EQ(asked(self, INIT_OP_ROUTE, &given), WIRE_OK);
    self.page->call_out.header = {};
    EXPECT_EQ(sys_ipc_call(given, in_us(PATIENCE_US)).status, STATUS_PEER_CLOSED);
    EXPECT_EQ(sys_cap_close(given), STATUS_OK);
    wire_status again = WIRE_ABSENT;
    for (int i = 0; i < 1000 && again == WIRE_ABSENT; i++) {
        again = asked(self, INIT_OP_ROUTE, &given);
    }
    EXPECT_EQ(again, WIRE_OK);
    sim_user_work(1000000);  // For the offer.
}

sim_result run_with(std::uint32_t families) {
    const std::vector<std::uint8_t> nothing(1);
    sim_machine machine;
    machine.program("filler", run_filler);
    machine.program("mortal", run_mortal);
    machine.program("samgrd", run_samgrd);
    machine.program("judge", run_judge);
    names = {"samgrd", "logd", "mortal"};
    while (names.size() < LAST) {
        names.push_back("s" + std::to_string(names.size()));
    }
    for (const std::string &name : names) {  // The kernel gives ids of the boot image's programs.
        if (name != "samgrd" && name != "mortal") {
            machine.file(name.c_str(), nothing);
        }
    }
    offered = 0;
    return machine.run_once(
        [families](user &self) {
            boot_view view;
            view.fill(families);
            struct runtime made;
            runtime_init(&made, self.page, self.argument, self.instance);
            sys_task_exit(static_cast<std::uint64_t>(init_main(&made, view.image)));
        },
        2, 1);
}

TEST(InitSlots, what_it_takes_it_can_run) {
    const sim_result result = run_with(1);
    const std::string console = sim_console();
    EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message << console;
    EXPECT_EQ(offered, SERVICES - 1);  // All with an endpoint but samgrd, and one of them twice.
    for (const char *line : {"init: ready\n", "init: exit mortal #1\n", "init: up mortal #2\n"}) {
        EXPECT_NE(console.find(line), std::string::npos) << line << "in\n" << console;
    }
    EXPECT_EQ(console.find("logd was not told"), std::string::npos) << console;
}

TEST(InitSlots, test_reject_one_slot_more) {
    EXPECT_EQ(run_with(2).end, SIM_PANIC);
    EXPECT_NE(std::string(sim_console()).find("its services take more slots than init has"),
              std::string::npos)
        << sim_console();
}

}  // namespace
