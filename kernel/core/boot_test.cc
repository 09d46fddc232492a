// kernel/core/boot_test.cc: what the kernel makes of a boot image and its manifest: images at the
// edge of what is taken, the right program among those of like names, DMA arenas, and an image that
// takes several steps to map.
#include <gtest/gtest.h>

#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/identity.h"
#include "kernel/abi/layout.h"
#include "kernel/abi/manifest.h"
#include "kernel/arch/sim/device.h"
#include "testing/sim/machine.h"

extern "C" {
#include "kernel/core/kernel.h"
}

namespace {

using namespace simtest;

bool reboots = false;

void init_run(message_page *, std::uint64_t, std::uint32_t) {
    if (reboots) {
        sys_task_exit(INIT_EXIT_REBOOT);
    }
}

const sim_program PROGRAMS[] = {{"init", init_run, nullptr, 0}, {"inner", init_run, nullptr, 0}};

// The manifest comes first, then the programs.
enum { MANIFEST, INIT, INNER, ENTRIES };

struct image {
    boot_image_header &head;
    boot_image_entry *entries;
    manifest_header &manifest;
    manifest_grant *grants;
};

image image_at(std::uint8_t *bytes) {
    auto *head = reinterpret_cast<boot_image_header *>(bytes);
    auto *entries = reinterpret_cast<boot_image_entry *>(head + 1);
    auto *manifest = reinterpret_cast<manifest_header *>(bytes + entries[MANIFEST].offset);
    auto *services = reinterpret_cast<manifest_service *>(manifest + 1);
    return {*head, entries, *manifest,
            reinterpret_cast<manifest_grant *>(services + manifest->service_count)};
}

std::uint64_t ram_bytes;

// Whatever else has run on the machine leaves its memory so. Pages that the kernel has not taken
// are poisoned.
__attribute__((no_sanitize_address)) void soil_memory_behind(const image &at) {
    auto *bytes = reinterpret_cast<std::uint8_t *>(&at.head);
    for (std::uint64_t i = at.head.bytes; i < ram_bytes; i++) {
        bytes[i] = 0xee;
    }
}

// A boot of the image as `change` leaves it.
template <class CHANGE>
sim_result boot(CHANGE change) {
    static CHANGE *given;
    given = &change;
    sim_options options = sim_options_make(1, 1, PROGRAMS, std::size(PROGRAMS));
    ram_bytes = std::uint64_t{options.page_count} * PAGE_BYTES;
    options.spoil = [](std::uint8_t *bytes) { (*given)(image_at(bytes)); };
    sim_result out{};
    sim_run(&options, &out);
    return out;
}

template <class CHANGE>
void expect_booted(CHANGE change, const std::string &end = "power off") {
    const sim_result got = boot(change);
    EXPECT_EQ(got.end, SIM_POWER_OFF) << got.message;
    EXPECT_EQ(got.message, end);
}

std::uint32_t arena_pages(std::uint32_t device) {
    return sim_kernel()->devices[device].arena_pages;
}

TEST(Boot, says_that_it_powers_off) {
    expect_booted([](const image &) {});
    EXPECT_NE(std::string(sim_console()).find("kernel: power off"), std::string::npos);
}

TEST(Boot, says_that_it_reboots) {
    reboots = true;
    expect_booted([](const image &) {}, "reboot");
    reboots = false;
    EXPECT_NE(std::string(sim_console()).find("kernel: reboot\nkernel: power off"),
              std::string::npos);
}

TEST(Boot, takes_as_many_of_each_as_there_may_be) {
    expect_booted([](const image &at) {
        while (at.head.entry_count < BOOT_IMAGE_ENTRY_MAX) {
            at.entries[at.head.entry_count++] = at.entries[INNER];
        }
    });
    expect_booted([](const image &at) {
        at.entries[MANIFEST].bytes = BOOT_IMAGE_ALIGN;
        at.manifest.service_count = MANIFEST_SERVICE_MAX;
    });
    expect_booted([](const image &at) {
        at.entries[MANIFEST].bytes = BOOT_IMAGE_ALIGN;
        at.manifest.grant_count = MANIFEST_GRANT_MAX;
    });
}

// "inner" stands where init is looked for first; it could not be loaded.
TEST(Boot, knows_init_by_its_whole_name) {
    expect_booted([](const image &at) {
        std::swap(at.entries[INIT], at.entries[INNER]);
        at.entries[INIT].bytes = 8;
    });
}

TEST(Boot, test_reject_init_behind_the_table) {
    const sim_result got = boot([](const image &at) {
        at.entries[ENTRIES] = at.entries[INIT];
        at.entries[INIT] = at.entries[INNER];
    });
    EXPECT_EQ(got.end, SIM_PANIC);
    EXPECT_NE(std::string(got.message).find("no program named init"), std::string::npos)
        << got.message;
}

TEST(Boot, makes_the_largest_arena) {
    expect_booted([](const image &at) { at.grants[0].badge = DEVICE_ARENA_PAGES_MAX; });
    EXPECT_EQ(arena_pages(SIM_DEVICE_WITH_ARENA), 0u + DEVICE_ARENA_PAGES_MAX);
}

TEST(Boot, makes_an_arena_only_for_a_device_that_may_have_one) {
    expect_booted([](const image &at) { at.grants[0].rights &= ~std::uint32_t{RIGHT_DEVICE_DMA}; });
    EXPECT_EQ(arena_pages(SIM_DEVICE_WITH_ARENA), 0u) << "no right to it";
    expect_booted([](const image &at) { at.grants[0].kind = MANIFEST_GRANT_CONSOLE; });
    EXPECT_EQ(arena_pages(SIM_DEVICE_WITH_ARENA), 0u) << "not of a device";
    expect_booted([](const image &at) { at.grants[0].badge = 0; });
    EXPECT_EQ(arena_pages(SIM_DEVICE_WITH_ARENA), 0u) << "none is wanted";
    expect_booted([](const image &at) { at.grants[0].target = 77; });
    EXPECT_EQ(arena_pages(SIM_DEVICE_WITH_ARENA), 0u) << "no such device";
}

// The device is the second, third, ... of its id if the target says so, and there is none.
TEST(Boot, makes_an_arena_only_for_the_device_of_that_number) {
    for (std::uint32_t number : {1u, 2u, 3u}) {
        expect_booted([=](const image &at) {
            at.grants[0].target |= number << MANIFEST_DEVICE_NUMBER_SHIFT;
        });
        EXPECT_EQ(arena_pages(SIM_DEVICE_WITH_ARENA), 0u) << number;
    }
}

TEST(Boot, says_where_the_trace_is_only_if_it_was_asked_for) {
    expect_booted([](const image &) {});
    EXPECT_EQ(std::string(sim_console()).find("trace:"), std::string::npos);
}

TEST(Boot, an_arena_begins_as_zeros) {
    expect_booted(soil_memory_behind);
    const device &made = sim_kernel()->devices[SIM_DEVICE_WITH_ARENA];
    ASSERT_EQ(made.arena_pages, 0u + SIM_ARENA_PAGES);
    for (std::uint32_t i = 0; i < made.arena_pages; i++) {
        const auto *words =
            static_cast<const std::uint64_t *>(arch_page(page_number{made.arena.value + i}));
        for (std::uint64_t k = 0; k < PAGE_BYTES / 8; k++) {
            ASSERT_EQ(words[k], 0u) << i << " " << k;
        }
    }
}

TEST(Boot, makes_one_arena_a_device) {
    expect_booted([](const image &at) {
        at.grants[1] = at.grants[0];
        at.grants[1].badge = SIM_ARENA_PAGES + 1;
        at.manifest.grant_count = 2;
        at.entries[MANIFEST].bytes = BOOT_IMAGE_ALIGN;
    });
    EXPECT_EQ(arena_pages(SIM_DEVICE_WITH_ARENA), 0u + SIM_ARENA_PAGES);
}

// More than a step maps, for init at boot and for a task that gets the image.
TEST(Boot, a_large_image_is_mapped_whole) {
    constexpr std::uint64_t PAGES = 150;
    sim_machine machine;
    const std::vector<std::uint8_t> large(PAGES * PAGE_BYTES, 0x41);
    machine.file("large", large);
    machine.program("child", [](user &) {
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
        EXPECT_TRUE(sim_program_find("large", &offset, &bytes));
        EXPECT_EQ(bytes, PAGES * PAGE_BYTES);
        for (std::uint64_t i = 0; i < PAGES; i++) {
            ASSERT_EQ(sim_user_load(USER_BOOT_IMAGE + offset + i * PAGE_BYTES),
                      0x4141414141414141u);
        }
        sys_task_exit(7);
    });
    machine.run([](user &) {
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
        EXPECT_TRUE(sim_program_find("large", &offset, &bytes));
        EXPECT_EQ(sim_user_load(USER_BOOT_IMAGE + offset + bytes - 8), 0x4141414141414141u);
        slot task = create("child");
        EXPECT_EQ(sys_task_grant(task, IMAGE, 5, RIGHT_READ), STATUS_OK);
        EXPECT_EQ(sys_task_grant(task, IMAGE, 6, RIGHT_READ), STATUS_BAD_ARG)
            << "it is mapped already";
        EXPECT_EQ(load(task, "child").status, STATUS_OK);
        EXPECT_EQ(sys_task_start(task, 0, TASK_HART_ANY), STATUS_OK);
        EXPECT_EQ(wait_dead(task).detail, 7u);
    });
}

// The last page of the image holds a secret: who has the image to read sees everything before it,
// and loads no program from it.
TEST(Boot, test_reject_reading_what_is_secret_of_the_image) {
    sim_machine machine;
    const std::vector<std::uint8_t> secret(PAGE_BYTES, 0x42);
    machine.program("reader", [](user &) {
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
        EXPECT_TRUE(sim_program_find("secret", &offset, &bytes));
        EXPECT_EQ(sim_user_load(USER_BOOT_IMAGE), BOOT_IMAGE_MAGIC);
        EXPECT_NE(sim_user_load(USER_BOOT_IMAGE + offset - 8), 0x4242424242424242u);
        (void)sim_user_load(USER_BOOT_IMAGE + offset);
    });
    machine.program("keeper", [](user &) {
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
        EXPECT_TRUE(sim_program_find("secret", &offset, &bytes));
        EXPECT_EQ(sim_user_load(USER_BOOT_IMAGE + offset), 0x4242424242424242u);
        sys_task_exit(7);
    });
    machine.file("secret", secret);
    const body init = [](user &) {
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
        EXPECT_TRUE(sim_program_find("secret", &offset, &bytes));
        EXPECT_EQ(sim_user_load(USER_BOOT_IMAGE + offset), 0x4242424242424242u);
        const ending refused = wait_dead(start("reader", {{IMAGE, 5, RIGHT_READ}}));
        EXPECT_EQ(refused.reason, EXIT_FAULT_READ);
        EXPECT_EQ(refused.detail, USER_BOOT_IMAGE + offset);
        EXPECT_EQ(wait_dead(start("keeper", {{IMAGE, 5, RIGHT_READ | RIGHT_SECRET}})).detail, 7u);
        const ending nothing = wait_dead(start("reader", {{IMAGE, 5, RIGHT_SECRET}}));
        EXPECT_EQ(nothing.reason, EXIT_FAULT_READ);
        EXPECT_EQ(nothing.detail, USER_BOOT_IMAGE);
        const slot_result open = sys_cap_clone(IMAGE, RIGHT_READ);
        slot task = create("reader");
        EXPECT_EQ(sys_task_load(task, open.slot, offset, bytes).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_task_grant(task, open.slot, 5, RIGHT_READ | RIGHT_SECRET), STATUS_DENIED);
        EXPECT_EQ(sys_task_load(task, IMAGE, offset, bytes).status, STATUS_BAD_IMAGE);
    };
    for (std::uint32_t harts : {1u, 2u}) {
        sim_options options = machine.options(init, harts, harts);
        options.spoil = [](std::uint8_t *bytes) { image_at(bytes).head.secret_pages = 1; };
        sim_result got{};
        sim_run(&options, &got);
        EXPECT_EQ(got.end, SIM_POWER_OFF) << got.message;
    }
}

// What ended init is told as it is.
TEST(Boot, test_reject_an_end_of_init_with_a_code) {
    sim_machine machine;
    sim_result result = machine.run_once([](user &) { sys_task_exit(0x123456789abcdef); }, 1, 1);
    EXPECT_EQ(result.end, SIM_PANIC);
    EXPECT_STREQ(result.message, "kernel: PANIC init ended: exit 0x123456789abcdef");
}

}  // namespace
