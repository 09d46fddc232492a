// kernel/core/load_test.cc: what stands in a program's memory when it begins, byte by byte; and
// what a load keeps and gives back. Programs run in simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/layout.h"
#include "testing/sim/machine.h"

extern "C" {
#include "kernel/core/kernel.h"
}

namespace {

using simtest::create;
using simtest::FACTORY;
using simtest::IMAGE;
using simtest::sim_machine;
using simtest::user;
using simtest::wait_dead;

struct elf_header {
    std::uint8_t ident[16];
    std::uint16_t type, machine;
    std::uint32_t version;
    std::uint64_t entry, program_headers, section_headers;
    std::uint32_t flags;
    std::uint16_t header_bytes, program_header_bytes, program_header_count, section_header_bytes,
        section_header_count, section_names;
};
static_assert(sizeof(elf_header) == 64);

struct elf_part {
    std::uint32_t type, flags;
    std::uint64_t offset, address, physical, file_bytes, memory_bytes, align;
};
static_assert(sizeof(elf_part) == 56);

struct elf_note {
    std::uint32_t name_bytes, desc_bytes, type;
    char name[8];
    std::uint32_t version;
};

constexpr std::uint32_t LOAD = 1, NOTE = 4, STACK = 0x6474e551;
constexpr std::uint32_t X = 1, W = 2, R = 4;

// Neither begins nor ends with a page; the file's bytes end in the middle of the third.
constexpr std::uint64_t DATA = 0x2128;
constexpr std::uint64_t DATA_FILE_BYTES = 0x2010;
constexpr std::uint64_t DATA_BYTES = 0x3000;
constexpr std::uint64_t CONSTANTS_AT = 0x8010;                         // In memory,
constexpr std::uint64_t CONSTANTS = 0x5010;                            // in the file.
constexpr std::uint64_t CONSTANTS_BYTES = 0x1800;                      // Two pages.
constexpr std::uint64_t FILE_BYTES = 0x6ff0;                           // Ends within a page.
constexpr std::uint64_t ENTRY = USER_IMAGE_MIN + SIM_ENTRY_FIRST + 4;  // Of the second program.

std::uint8_t byte_at(std::uint64_t offset) {
    return static_cast<std::uint8_t>(offset * 31 + offset / 256 + 1);
}

std::vector<std::uint8_t> file_with(std::uint64_t note_at) {
    std::vector<std::uint8_t> file(FILE_BYTES);
    for (std::uint64_t i = DATA & ~(PAGE_BYTES - 1); i < FILE_BYTES; i++) {
        file[i] = byte_at(i);
    }
    const elf_part parts[] = {
        {LOAD, R | X, 0, USER_IMAGE_MIN, 0, 0x1000, 0x1000, 0x1000},
        {LOAD, R | W, DATA, USER_IMAGE_MIN + DATA, 0, DATA_FILE_BYTES, DATA_BYTES, 0x1000},
        {LOAD, R, CONSTANTS, USER_IMAGE_MIN + CONSTANTS_AT, 0, CONSTANTS_BYTES, CONSTANTS_BYTES,
         0x1000},
        {NOTE, R, note_at, 0, 0, sizeof(elf_note), 0, 4},
        {STACK, R | W, 0, 0, 0, 0, 0x2000, 16},
    };
    elf_header head{};
    const std::uint8_t ident[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    std::memcpy(head.ident, ident, sizeof(ident));
    head.type = 2;
    head.machine = 243;
    head.version = 1;
    head.entry = ENTRY;
    head.program_headers = sizeof(head);
    head.header_bytes = sizeof(head);
    head.program_header_bytes = sizeof(elf_part);
    head.program_header_count = std::size(parts);
    const elf_note note = {8, 4, ABI_NOTE_TYPE, "Tessera", ABI_VERSION};
    std::memcpy(file.data(), &head, sizeof(head));
    std::memcpy(file.data() + sizeof(head), parts, sizeof(parts));
    std::memcpy(file.data() + note_at, &note, sizeof(note));
    return file;
}

constexpr std::uint64_t NOTE_NEAR = 0x800;  // In the file's first page,
constexpr std::uint64_t NOTE_FAR = 0x1400;  // and in its second.

const std::vector<std::uint8_t> near_file = file_with(NOTE_NEAR);
const std::vector<std::uint8_t> far_file = file_with(NOTE_FAR);

// The word at that place of the image in memory.
std::uint64_t word_of(std::uint64_t at) {
    std::uint64_t word = 0;
    for (std::uint64_t i = at; i < at + 8; i++) {
        std::uint64_t byte = 0;
        if (i >= DATA && i < DATA + DATA_FILE_BYTES) {
            byte = byte_at(i);
        } else if (i >= (CONSTANTS_AT & ~(PAGE_BYTES - 1))) {
            byte = byte_at(i - CONSTANTS_AT + CONSTANTS);
        }
        word |= byte << (8 * (i - at));
    }
    return word;
}

void read_all(user &) {
    for (std::uint64_t at = DATA & ~(PAGE_BYTES - 1); at < DATA + DATA_BYTES; at += 8) {
        ASSERT_EQ(sim_user_load(USER_IMAGE_MIN + at), word_of(at)) << at;
    }
    for (std::uint64_t at = CONSTANTS_AT; at < CONSTANTS_AT + CONSTANTS_BYTES; at += 8) {
        ASSERT_EQ(sim_user_load(USER_IMAGE_MIN + at), word_of(at)) << at;
    }
    sim_user_store(USER_IMAGE_MIN + DATA + DATA_BYTES - 8, 1);
    sim_user_store(USER_STACK_TOP - 8, 1);
    sim_user_store(USER_STACK_TOP - 0x2000, 1);
    sys_task_exit(7);
}

void expect_runs(slot task) {
    EXPECT_EQ(sys_task_start(task, 0, 0), STATUS_OK);
    simtest::ending end = wait_dead(task);
    EXPECT_EQ(end.reason, EXIT_CODE);
    EXPECT_EQ(end.detail, 7u);
}

// A sealed VMO with that file from its second page on.
slot memory_of(const char *name, std::uint64_t *bytes) {
    std::uint64_t offset = 0;
    EXPECT_TRUE(sim_program_find(name, &offset, bytes));
    const std::uint64_t pages = 1 + (*bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    slot memory = sys_vmo_create(FACTORY, pages).slot;
    vmo_map_result mapped = sys_vmo_map(memory, 0, pages, RIGHT_VMO_READ | RIGHT_VMO_WRITE);
    EXPECT_EQ(mapped.status, STATUS_OK);
    for (std::uint64_t i = 0; i < *bytes; i += 8) {
        sim_user_store(mapped.address + PAGE_BYTES + i,
                       sim_user_load(USER_BOOT_IMAGE + offset + i));
    }
    EXPECT_EQ(sys_vmo_unmap(memory, mapped.address), STATUS_OK);
    EXPECT_EQ(sys_vmo_seal(memory), STATUS_OK);
    return memory;
}

TEST(Load, each_byte_stands_where_the_file_says) {
    sim_machine machine;
    machine.program("reader", read_all);
    machine.file("odd", near_file);
    machine.run([](user &) {
        slot task = create("reader");
        load_result got = simtest::load(task, "odd");
        EXPECT_EQ(got.status, STATUS_OK) << got.reason;
        expect_runs(task);
        std::uint64_t bytes = 0;
        slot memory = memory_of("odd", &bytes);
        task = create("reader");
        EXPECT_EQ(sys_task_load(task, memory, PAGE_BYTES, bytes).status, STATUS_OK);
        expect_runs(task);
    });
}

// The boot image's pages lie side by side, those of a VMO may lie anywhere.
TEST(Load, test_reject_headers_beyond_the_first_page_of_a_vmo) {
    sim_machine machine;
    machine.program("reader", read_all);
    machine.file("far", far_file);
    machine.run([](user &) {
        slot task = create("reader");
        std::uint64_t bytes = 0;
        slot memory = memory_of("far", &bytes);
        load_result got = sys_task_load(task, memory, PAGE_BYTES, bytes);
        EXPECT_EQ(got.status, STATUS_BAD_IMAGE);
        EXPECT_EQ(task_query_state(sys_cap_query(task).value), TASK_NEW);
        EXPECT_EQ(simtest::load(task, "far").status, STATUS_OK);
        expect_runs(task);
    });
}

std::uint32_t pages_free() {
    return sim_kernel()->page_pool.free_count;
}

TEST(Load, a_program_keeps_the_memory_it_was_loaded_from) {
    sim_machine machine;
    machine.program("reader", read_all);
    machine.file("odd", near_file);
    machine.run(
        [](user &) {
            std::uint64_t bytes = 0;
            EXPECT_EQ(sys_cap_close(memory_of("odd", &bytes)), STATUS_OK);  // Its tables stay.
            const std::uint32_t before = pages_free();
            slot memory = memory_of("odd", &bytes);
            slot task = create("reader");
            EXPECT_EQ(sys_task_load(task, memory, PAGE_BYTES, bytes).status, STATUS_OK);
            const std::uint32_t loaded = pages_free();
            EXPECT_EQ(sys_cap_close(memory), STATUS_OK);
            EXPECT_EQ(pages_free(), loaded);
            expect_runs(task);
            EXPECT_EQ(sys_cap_close(task), STATUS_OK);
            simtest::wait_until([=] { return pages_free() == before; }, "all comes back");
        },
        false);
}

// With any number of pages too few the load is refused, and everything comes back.
TEST(Load, test_reject_what_cannot_be_paid) {
    sim_machine machine;
    machine.harts({1});
    machine.program("reader", read_all);
    machine.file("odd", near_file);
    machine.run(
        [](user &) {
            bool loaded = false;
            const std::uint32_t before = pages_free();
            for (std::uint32_t pages = 4; !loaded; pages++) {
                ASSERT_LT(pages, 40u);
                simtest::child_limits.pages = pages;
                task_result made = sys_task_create_limited(FACTORY, service_id_of("reader", 6),
                                                           simtest::child_limits);
                if (made.status != STATUS_OK) {
                    EXPECT_EQ(made.status, STATUS_NO_SPACE);
                    continue;
                }
                const status got = simtest::load(made.slot, "odd").status;
                loaded = got == STATUS_OK;
                EXPECT_TRUE(loaded || got == STATUS_NO_SPACE);
                EXPECT_EQ(sys_kernel_stats(simtest::STATS, STATS_AUDIT, 0, 0).count, 0u) << pages;
                if (loaded) {
                    expect_runs(made.slot);
                } else {
                    EXPECT_EQ(sys_task_kill(made.slot), STATUS_OK);
                    EXPECT_EQ(wait_dead(made.slot).reason, EXIT_KILLED);
                }
                EXPECT_EQ(sys_cap_close(made.slot), STATUS_OK);
                simtest::wait_until([=] { return pages_free() == before; }, "all comes back");
            }
        },
        true);
}

}  // namespace
