// kernel/core/device_test.cc: windows, interrupts, DMA arenas and console input, and each refusal.
// Programs run in simulation on 1, 2 and 4 harts; kernel/arch/sim/device.h has the devices.
#include <gtest/gtest.h>

#include <string>

#include "kernel/abi/device.h"
#include "kernel/arch/sim/device.h"
#include "kernel/arch/sim/user.h"
#include "testing/sim/machine.h"

extern "C" {
#include "kernel/core/kernel.h"
}

namespace {

using namespace simtest;

constexpr std::uint32_t DRIVER_DEVICE = 5;  // Slots of a driver that `start_driver` fills.
constexpr std::uint32_t DRIVER_ENDPOINT = 6;
constexpr std::uint32_t DRIVER_PARENT = 7;
constexpr std::uint32_t BIT = 11;
constexpr std::uint64_t PERIOD_NS = 3000;
constexpr std::uint64_t ARENA_BYTES = std::uint64_t{SIM_ARENA_PAGES} * PAGE_BYTES;

slot own_endpoint() {
    return simtest::endpoint();
}

slot device_cap(std::uint32_t index, std::uint32_t rights = RIGHTS_DEVICE) {
    return mint(DEVICES, index + 1, rights);
}

slot start_driver(const char *name, std::uint32_t index, slot parent, std::uint64_t argument = 0) {
    slot own = own_endpoint();
    slot window = device_cap(index);
    slot task = start(name,
                      {{window, DRIVER_DEVICE, RIGHTS_DEVICE},
                       {own, DRIVER_ENDPOINT, RIGHT_RECV},
                       {parent, DRIVER_PARENT, RIGHT_NOTIFY}},
                      argument);
    EXPECT_EQ(sys_cap_close(window), STATUS_OK);
    EXPECT_EQ(sys_cap_close(own), STATUS_OK);
    return task;
}

// Waits for one interrupt.
void wait_irq(slot at) {
    recv_result got{};
    do {  // That nobody else can send there is told, too.
        got = sys_ipc_recv(at, in_us(1000));
        EXPECT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(got.received, RECEIVED_NOTIFICATION);
        EXPECT_EQ(got.kernel_bits & ~std::uint64_t{NOTIFY_NO_SENDERS}, 0u);
    } while (got.status == STATUS_OK && got.badge_bits == 0);
    EXPECT_EQ(got.badge_bits, UINT64_C(1) << BIT);
}

TEST(Device, what_cap_query_says) {
    sim_machine machine;
    machine.run([](user &) {
        query_result all = sys_cap_query(DEVICES);
        EXPECT_EQ(cap_query_kind(all.kind_rights), CAP_DEVICE);
        EXPECT_EQ(all.value, static_cast<std::uint64_t>(SIM_DEVICE_COUNT));
        query_result one = sys_cap_query(device_cap(SIM_DEVICE_WITH_ARENA, RIGHT_DEVICE_MAP));
        EXPECT_EQ(cap_query_rights(one.kind_rights), static_cast<std::uint32_t>(RIGHT_DEVICE_MAP));
        EXPECT_EQ(device_query_index(one.value), static_cast<std::uint32_t>(SIM_DEVICE_WITH_ARENA));
        EXPECT_EQ(device_query_id(one.value), static_cast<std::uint32_t>(DEVICE_ID_BLOCK));
        EXPECT_EQ(device_query_window_pages(one.value), 1u);
        EXPECT_EQ(device_query_arena_pages(one.value), static_cast<std::uint32_t>(SIM_ARENA_PAGES));
    });
}

TEST(Device, a_window_reaches_the_device) {
    sim_machine machine;
    machine.run([](user &) {
        slot first = device_cap(0);
        map_result got = sys_mmio_map(first);
        ASSERT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(got.window, device_window_address(0));
        EXPECT_EQ(got.arena, 0u);
        EXPECT_EQ(sim_user_load(got.window + SIM_DEVICE_MAGIC),
                  static_cast<std::uint64_t>(SIM_DEVICE_MAGIC_VALUE));
        map_result second = sys_mmio_map(device_cap(2));
        ASSERT_EQ(second.status, STATUS_OK);
        EXPECT_EQ(sim_user_load(second.window),
                  static_cast<std::uint64_t>(SIM_DEVICE_MAGIC_VALUE + 2));
    });
}

TEST(Device, interrupts_arrive_one_for_each_ack) {
    sim_machine machine;
    machine.run([](user &) {
        slot window = device_cap(0);
        slot at = own_endpoint();
        map_result got = sys_mmio_map(window);
        ASSERT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(sys_irq_bind(window, at, BIT), STATUS_OK);
        sim_user_store(got.window + SIM_DEVICE_PERIOD, PERIOD_NS);
        for (std::uint64_t round = 1; round <= 20; round++) {
            wait_irq(at);
            EXPECT_EQ(sim_user_load(got.window + SIM_DEVICE_RAISED), round);
            EXPECT_EQ(sim_user_load(got.window + SIM_DEVICE_STATUS), 1u);
            // Until it is acknowledged nothing comes, though the line goes down and up again.
            sim_user_store(got.window + SIM_DEVICE_STATUS, 0);
            sim_user_work(2 * PERIOD_NS);
            EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_WOULD_BLOCK);
            EXPECT_EQ(sim_user_load(got.window + SIM_DEVICE_RAISED), round + 1);
            ack_result acked = sys_irq_ack(window);
            EXPECT_EQ(acked.status, STATUS_OK);
            EXPECT_EQ(acked.count, 1u);
        }
        wait_irq(at);
        EXPECT_EQ(sys_irq_ack(window).count, 1u);
        EXPECT_EQ(sys_irq_ack(window).count, 1u);  // It is still up.
        sim_user_store(got.window + SIM_DEVICE_PERIOD, 0);
        EXPECT_EQ(sys_irq_ack(window).status, STATUS_OK);
        EXPECT_EQ(sys_irq_ack(window).count, 0u);
    });
}

// The line of a task that computes on the same hart is taken in its time, and that of a sleeping
// machine wakes it.
TEST(Device, an_interrupt_reaches_its_driver_past_a_busy_task) {
    sim_machine machine;
    machine.program("driver", [](user &) {
        map_result got = sys_mmio_map(slot{DRIVER_DEVICE});
        EXPECT_EQ(sys_irq_bind(slot{DRIVER_DEVICE}, slot{DRIVER_ENDPOINT}, BIT), STATUS_OK);
        sim_user_store(got.window + SIM_DEVICE_PERIOD, PERIOD_NS);
        for (int round = 0; round < 5; round++) {
            wait_irq(slot{DRIVER_ENDPOINT});
            sim_user_store(got.window + SIM_DEVICE_STATUS, 0);
            EXPECT_EQ(sys_irq_ack(slot{DRIVER_DEVICE}).count, 1u);
        }
        EXPECT_EQ(sys_ipc_notify(slot{DRIVER_PARENT}), STATUS_OK);
    });
    machine.run([](user &) {
        slot home = own_endpoint();
        slot task = start_driver("driver", 0, mint(home, 1, RIGHT_NOTIFY));
        sim_user_work(200000);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        EXPECT_EQ(sys_ipc_recv(home, 0).badge_bits, UINT64_C(1) << 1);
    });
}

TEST(Device, a_holder_that_dies_leaves_the_device_to_the_next) {
    sim_machine machine;
    machine.program("dies", [](user &self) {
        map_result got = sys_mmio_map(slot{DRIVER_DEVICE});
        EXPECT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(sys_irq_bind(slot{DRIVER_DEVICE}, slot{DRIVER_ENDPOINT}, BIT), STATUS_OK);
        // What the one before left: the device asserts its line.
        EXPECT_EQ(sim_user_load(got.window + SIM_DEVICE_STATUS), self.argument);
        sim_user_store(got.window + SIM_DEVICE_PERIOD, PERIOD_NS);
        wait_irq(slot{DRIVER_ENDPOINT});  // Perhaps for what the one before left.
        wait_until([&] { return sim_user_load(got.window + SIM_DEVICE_STATUS) == 1; },
                   "the device's own");
        sim_user_illegal_instruction();
    });
    machine.run(
        [](user &) {
            slot home = own_endpoint();
            for (std::uint64_t life = 0; life < 4; life++) {
                slot task = start_driver("dies", 0, home, life == 0 ? 0 : 1);
                EXPECT_EQ(wait_dead(task).reason, EXIT_FAULT_INSTRUCTION);
                EXPECT_EQ(sys_cap_close(task), STATUS_OK);
                const struct device &left = sim_kernel()->devices[0];
                EXPECT_EQ(left.holder, 0u);
                EXPECT_EQ(left.home, 0u);
                EXPECT_FALSE(left.claimed);
            }
            EXPECT_EQ(sys_cap_close(home), STATUS_OK);
        },
        true);
}

TEST(Device, bound_again_the_new_endpoint_hears) {
    sim_machine machine;
    machine.run([](user &) {
        slot window = device_cap(0);
        slot old_at = own_endpoint();
        map_result got = sys_mmio_map(window);
        EXPECT_EQ(sys_irq_bind(window, old_at, BIT), STATUS_OK);
        sim_user_store(got.window + SIM_DEVICE_PERIOD, PERIOD_NS);
        wait_irq(old_at);
        EXPECT_EQ(sys_endpoint_close(old_at), STATUS_OK);
        slot new_at = own_endpoint();
        EXPECT_EQ(sys_irq_bind(window, new_at, BIT), STATUS_OK);
        wait_irq(new_at);  // The line is still up.
        sim_user_store(got.window + SIM_DEVICE_PERIOD, 0);
        EXPECT_EQ(sys_irq_ack(window).count, 1u);
    });
}

TEST(Device, an_arena_is_the_same_for_each_holder) {
    sim_machine machine;
    machine.program("driver", [](user &self) {
        map_result got = sys_mmio_map(slot{DRIVER_DEVICE});
        ASSERT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(got.arena, device_arena_address(SIM_DEVICE_WITH_ARENA));
        query_result told = sys_cap_query(slot{DRIVER_DEVICE});
        EXPECT_NE(told.detail, 0u);
        EXPECT_EQ(told.detail % PAGE_BYTES, 0u);
        const std::uint64_t last = got.arena + ARENA_BYTES - 8;
        // Pages stand side by side, where the device is told that they are.
        const auto *words = static_cast<const std::uint64_t *>(
            arch_page({static_cast<std::uint32_t>(told.detail / PAGE_BYTES)}));
        EXPECT_EQ(sim_user_load(last), self.argument);
        sim_user_store(got.arena, 77);
        sim_user_store(last, self.argument + 1);
        EXPECT_EQ(words[0], 77u);
        EXPECT_EQ(words[ARENA_BYTES / 8 - 1], self.argument + 1);
    });
    machine.run(
        [](user &) {
            for (std::uint64_t life = 0; life < 3; life++) {
                slot window = device_cap(SIM_DEVICE_WITH_ARENA);
                slot task = start("driver", {{window, DRIVER_DEVICE, RIGHTS_DEVICE}}, life);
                EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
                EXPECT_EQ(sys_cap_close(task), STATUS_OK);
                EXPECT_EQ(sys_cap_close(window), STATUS_OK);
            }
        },
        true);
}

TEST(Device, test_reject_second_holder) {
    sim_machine machine;
    machine.program("second", [](user &) {
        EXPECT_EQ(sys_mmio_map(slot{DRIVER_DEVICE}).status, STATUS_BUSY);
        EXPECT_EQ(sys_irq_bind(slot{DRIVER_DEVICE}, slot{DRIVER_ENDPOINT}, BIT), STATUS_BUSY);
        EXPECT_EQ(sys_irq_ack(slot{DRIVER_DEVICE}).status, STATUS_BUSY);
        EXPECT_EQ(sys_cap_query(slot{DRIVER_DEVICE}).detail, 0u);
        (void)sim_user_load(device_window_address(SIM_DEVICE_WITH_ARENA));
        ADD_FAILURE() << "it reached another's device";
    });
    machine.run([](user &) {
        slot window = device_cap(SIM_DEVICE_WITH_ARENA);
        map_result got = sys_mmio_map(window);
        EXPECT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(sys_mmio_map(window).status, STATUS_BUSY);  // Nor twice.
        ending end = wait_dead(start_driver("second", SIM_DEVICE_WITH_ARENA, own_endpoint()));
        EXPECT_EQ(end.reason, EXIT_FAULT_READ);
        EXPECT_EQ(end.detail, device_window_address(SIM_DEVICE_WITH_ARENA));
        EXPECT_EQ(sim_user_load(got.window),
                  static_cast<std::uint64_t>(SIM_DEVICE_MAGIC_VALUE + 1));
    });
}

TEST(Device, test_reject_acknowledging_what_is_not_bound) {
    sim_machine machine;
    machine.run([](user &) {
        slot window = device_cap(0);
        EXPECT_EQ(sys_irq_ack(window).status, STATUS_BUSY);
        EXPECT_EQ(sys_mmio_map(window).status, STATUS_OK);
        EXPECT_EQ(sys_irq_ack(window).status, STATUS_BUSY);
        EXPECT_EQ(sys_irq_bind(window, own_endpoint(), BIT), STATUS_OK);
        EXPECT_EQ(sys_irq_ack(window).status, STATUS_OK);
    });
}

// A device that was bound, not mapped, is held as well.
TEST(Device, test_reject_second_holder_of_a_line) {
    sim_machine machine;
    machine.program("second", [](user &) {
        EXPECT_EQ(sys_mmio_map(slot{DRIVER_DEVICE}).status, STATUS_BUSY);
        EXPECT_EQ(sys_irq_bind(slot{DRIVER_DEVICE}, slot{DRIVER_ENDPOINT}, BIT), STATUS_BUSY);
    });
    machine.run([](user &) {
        EXPECT_EQ(sys_irq_bind(device_cap(0), own_endpoint(), 0), STATUS_OK);
        EXPECT_EQ(wait_dead(start_driver("second", 0, own_endpoint())).reason, EXIT_CODE);
    });
}

void expect_fault(const body &access, exit_reason reason, std::uint64_t address) {
    sim_machine machine;
    machine.program("driver", [access](user &self) {
        EXPECT_EQ(sys_mmio_map(slot{DRIVER_DEVICE}).status, STATUS_OK);
        access(self);
        ADD_FAILURE() << "no fault";
    });
    machine.run([=](user &) {
        ending end = wait_dead(start_driver("driver", SIM_DEVICE_WITH_ARENA, own_endpoint()));
        EXPECT_EQ(end.reason, reason);
        EXPECT_EQ(end.detail, address);
    });
}

TEST(Device, test_reject_access_outside_an_mmio_window) {
    const std::uint64_t window = device_window_address(SIM_DEVICE_WITH_ARENA);
    expect_fault([=](user &) { (void)sim_user_load(window + PAGE_BYTES); }, EXIT_FAULT_READ,
                 window + PAGE_BYTES);
    expect_fault([=](user &) { sim_user_store(window - 8, 0); }, EXIT_FAULT_WRITE, window - 8);
}

TEST(Device, test_reject_access_outside_a_dma_arena) {
    const std::uint64_t arena = device_arena_address(SIM_DEVICE_WITH_ARENA);
    const std::uint64_t behind = arena + ARENA_BYTES;
    expect_fault([=](user &) { (void)sim_user_load(behind); }, EXIT_FAULT_READ, behind);
    expect_fault([=](user &) { sim_user_store(arena - 8, 0); }, EXIT_FAULT_WRITE, arena - 8);
}

TEST(Device, test_reject_execution_from_mmio_and_arena) {
    const std::uint64_t window = device_window_address(SIM_DEVICE_WITH_ARENA);
    const std::uint64_t arena = device_arena_address(SIM_DEVICE_WITH_ARENA);
    expect_fault([=](user &) { sim_user_fetch(window); }, EXIT_FAULT_EXEC, window);
    expect_fault([=](user &) { sim_user_fetch(arena); }, EXIT_FAULT_EXEC, arena);
}

// Without the right the arena is neither mapped nor told.
TEST(Device, test_reject_arena_without_right) {
    sim_machine machine;
    machine.program("driver", [](user &) {
        map_result got = sys_mmio_map(slot{DRIVER_DEVICE});
        EXPECT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(got.arena, 0u);
        EXPECT_EQ(sys_cap_query(slot{DRIVER_DEVICE}).detail, 0u);
        (void)sim_user_load(device_arena_address(SIM_DEVICE_WITH_ARENA));
        ADD_FAILURE() << "it reached the arena";
    });
    machine.run([](user &) {
        slot whole = device_cap(SIM_DEVICE_WITH_ARENA);
        EXPECT_EQ(sys_cap_query(whole).detail, 0u);  // Told to the holder of the window only.
        slot window = device_cap(SIM_DEVICE_WITH_ARENA, RIGHT_DEVICE_MAP | RIGHT_DEVICE_IRQ);
        slot task = start("driver", {{window, DRIVER_DEVICE, RIGHT_DEVICE_MAP}});
        EXPECT_EQ(wait_dead(task).reason, EXIT_FAULT_READ);
    });
}

// An arena is no VMO: what would share, seal or unmap it does not know it.
TEST(Device, test_reject_arena_as_a_vmo) {
    sim_machine machine;
    machine.run([](user &) {
        slot whole = device_cap(SIM_DEVICE_WITH_ARENA);
        map_result got = sys_mmio_map(whole);
        EXPECT_EQ(sys_vmo_seal(whole), STATUS_BAD_CAP);
        EXPECT_EQ(sys_vmo_map(whole, 0, 1, RIGHT_VMO_READ | RIGHT_VMO_EXECUTE).status,
                  STATUS_BAD_CAP);
        EXPECT_EQ(sys_vmo_unmap(whole, got.arena), STATUS_BAD_CAP);
        sim_user_store(got.arena, 5);  // It is there all the same, and writable.
        EXPECT_EQ(sim_user_load(got.arena), 5u);
    });
}

TEST(Device, test_reject_device_without_right) {
    sim_machine machine;
    machine.run([](user &) {
        slot at = own_endpoint();
        EXPECT_EQ(sys_mmio_map(device_cap(0, RIGHT_DEVICE_IRQ)).status, STATUS_DENIED);
        EXPECT_EQ(sys_irq_bind(device_cap(0, RIGHT_DEVICE_MAP), at, BIT), STATUS_DENIED);
        EXPECT_EQ(sys_irq_ack(device_cap(0, RIGHT_DEVICE_DMA)).status, STATUS_DENIED);
        EXPECT_EQ(sys_mmio_map(at).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_mmio_map(slot{60}).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_irq_ack(at).status, STATUS_BAD_CAP);
        EXPECT_EQ(sim_kernel()->devices[0].holder, 0u);
    });
}

// All devices at once are for minting only.
TEST(Device, test_reject_all_devices_as_one) {
    sim_machine machine;
    machine.run([](user &) {
        EXPECT_EQ(sys_mmio_map(DEVICES).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_irq_bind(DEVICES, own_endpoint(), BIT), STATUS_BAD_ARG);
        EXPECT_EQ(sys_irq_ack(DEVICES).status, STATUS_BAD_ARG);
    });
}

TEST(Device, test_reject_missing_device) {
    sim_machine machine;
    machine.run([](user &) {
        EXPECT_EQ(sys_cap_mint(DEVICES, 0, RIGHT_DEVICE_MAP).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_cap_mint(DEVICES, SIM_DEVICE_COUNT + 1, RIGHT_DEVICE_MAP).status,
                  STATUS_BAD_ARG);
        EXPECT_EQ(sys_cap_mint(DEVICES, UINT64_MAX, RIGHT_DEVICE_MAP).status, STATUS_BAD_ARG);
    });
}

TEST(Device, test_reject_device_amplification) {
    sim_machine machine;
    machine.run([](user &) {
        slot window = device_cap(0, RIGHT_DEVICE_MAP);
        EXPECT_EQ(sys_cap_mint(window, 1, RIGHT_DEVICE_IRQ).status, STATUS_DENIED);
        EXPECT_EQ(sys_cap_mint(window, 2, RIGHT_DEVICE_MAP).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_cap_mint(window, 1, 0).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_cap_mint(DEVICES, 1, RIGHTS_DEVICE + 1).status, STATUS_DENIED);
        EXPECT_EQ(sys_cap_clone(window, RIGHT_DEVICE_MAP).status, STATUS_DENIED);
        EXPECT_EQ(sys_cap_clone(DEVICES, RIGHT_DEVICE_MAP).status, STATUS_DENIED);
    });
}

TEST(Device, test_reject_binding_what_is_not_there) {
    sim_machine machine;
    machine.run([](user &) {
        slot window = device_cap(0);
        slot at = own_endpoint();
        slot route = mint(at, 1);
        EXPECT_EQ(sys_irq_bind(window, at, 64), STATUS_BAD_ARG);
        EXPECT_EQ(sys_irq_bind(window, route, BIT), STATUS_DENIED);
        EXPECT_EQ(sys_irq_bind(window, CONSOLE, BIT), STATUS_BAD_CAP);
        EXPECT_EQ(sys_endpoint_close(at), STATUS_OK);
        EXPECT_EQ(sys_irq_bind(window, at, BIT), STATUS_PEER_CLOSED);
        EXPECT_EQ(sys_irq_ack(window).status, STATUS_BUSY);
        EXPECT_EQ(sim_kernel()->devices[0].holder, 0u);
    });
}

TEST(Device, a_table_without_memory_is_refused_and_mapped_later) {
    sim_machine machine;
    machine.fault(FAULT_POINT_TAKE_PAGE, 30000);
    machine.run([](user &) {
        slot window = device_cap(0);
        map_result got{};
        for (int round = 0; round < 100 && got.window == 0; round++) {
            got = sys_mmio_map(window);
            EXPECT_TRUE(got.status == STATUS_OK || got.status == STATUS_NO_SPACE);
        }
        EXPECT_EQ(sim_user_load(got.window), static_cast<std::uint64_t>(SIM_DEVICE_MAGIC_VALUE));
    });
}

// All that the receiver holds now.
std::string read_all() {
    std::string got;
    input_result read = sys_console_read(CONSOLE);
    for (; read.count != 0; read = sys_console_read(CONSOLE)) {
        EXPECT_LE(read.count, 8u);
        for (std::uint32_t i = 0; i < read.count; i++) {
            got.push_back(static_cast<char>(read.bytes >> (8 * i)));
        }
    }
    EXPECT_EQ(read.status, STATUS_OK);
    EXPECT_EQ(read.bytes, 0u);
    return got;
}

TEST(Input, bytes_arrive_in_order_and_wake_the_reader) {
    static constexpr char text[] = "the quick brown fox jumps over the lazy dog, and once more";
    sim_machine machine;
    machine.input(text);
    machine.run([](user &) {
        slot at = own_endpoint();
        EXPECT_EQ(sys_irq_bind(CONSOLE, at, BIT), STATUS_OK);
        std::string got;
        for (int round = 0; round < 200 && got.size() < sizeof(text) - 1; round++) {
            wait_irq(at);
            got += read_all();
            EXPECT_EQ(sys_irq_ack(CONSOLE).status, STATUS_OK);
        }
        EXPECT_EQ(got, text);
    });
}

TEST(Input, test_reject_input_without_right_or_holder) {
    sim_machine machine;
    machine.input("x");
    machine.run([](user &) {
        slot at = own_endpoint();
        slot_result mute = sys_cap_clone(CONSOLE, RIGHT_WRITE | RIGHT_MARKER);
        EXPECT_EQ(sys_console_read(mute.slot).status, STATUS_DENIED);
        EXPECT_EQ(sys_irq_bind(mute.slot, at, BIT), STATUS_DENIED);
        EXPECT_EQ(sys_irq_ack(mute.slot).status, STATUS_DENIED);
        EXPECT_EQ(sys_console_read(at).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_console_read(CONSOLE).status, STATUS_BUSY);  // Bound by nobody.
    });
}

}  // namespace
