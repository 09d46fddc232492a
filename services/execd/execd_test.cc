// services/execd/execd_test.cc: bundles, programs at once, endings and who waits for them.
#include "services/execd/execd.h"

#include <gtest/gtest.h>

#include <memory>

#include "kernel/abi/task.h"
#include "testing/sim/bundle_for_test.h"

namespace {

constexpr std::uint64_t OWNER = 11;
constexpr std::uint64_t OTHER = 12;

std::uint64_t id(const char *name) {
    return program_id_of(name, std::strlen(name));
}

class ExecdTest : public testing::Test {
  protected:
    ExecdTest() {
        execd_init(&execd);
    }

    // As the owner's; the bytes live as long as the test.
    execd_bundle bundle_of(std::initializer_list<const char *> names, std::uint64_t owner,
                           std::uint64_t memory = 9) {
        bundle_test::bundle made;
        for (const char *name : names) {
            made.add(name).at_once = BUNDLE_AT_ONCE_MAX;
        }
        bytes.push_back(std::make_unique<std::vector<std::uint64_t>>(made.bytes()));
        execd_bundle out{};
        EXPECT_EQ(bundle_test::open(*bytes.back(), &out.view).flaw, BUNDLE_FLAW_NONE);
        out.owner = owner;
        out.memory.value = memory;
        return out;
    }

    bundle_flaw add(const execd_bundle &bundle, execd_bundle *replaced = nullptr) {
        execd_bundle before{};
        const bundle_flaw flaw =
            execd_add_bundle(&execd, &bundle, &status, replaced != nullptr ? replaced : &before);
        return flaw;
    }

    // Null: refused.
    execd_record *start(std::uint64_t owner, const char *name = "greet") {
        const bundle_program *program = nullptr;
        EXPECT_NE(execd_find_program(&execd, id(name), &program), nullptr);
        execd_record *record = execd_room(&execd, owner, program);
        if (record != nullptr) {
            execd_record what{};
            what.instance = ++last_instance;
            what.program = program->service_id;
            what.owner = owner;
            execd_started(&execd, record, &what);
        }
        return record;
    }

    bool waits(std::uint64_t client, std::uint64_t reply, std::uint32_t instance = 101) {
        execd_waiter waiter{};
        waiter.instance = instance;
        waiter.client = client;
        waiter.call.reply.value = reply;
        return execd_wait(&execd, &waiter);
    }

    void end(execd_record *record, exit_reason reason = EXIT_CODE) {
        const execd_ending ending{3, 0, 0, static_cast<std::uint8_t>(reason)};
        execd_ended(&execd, record, &ending);
    }

    struct execd execd {};
    wire_status status = WIRE_OK;
    std::uint32_t last_instance = 100;
    std::vector<std::unique_ptr<std::vector<std::uint64_t>>> bytes;
};

TEST_F(ExecdTest, programs_of_all_bundles_are_found) {
    EXPECT_EQ(add(bundle_of({"crash", "greet"}, 0)), BUNDLE_FLAW_NONE);
    EXPECT_EQ(add(bundle_of({"visit"}, OWNER, 17)), BUNDLE_FLAW_NONE);
    const bundle_program *program = nullptr;
    const execd_bundle *from = execd_find_program(&execd, id("visit"), &program);
    ASSERT_NE(from, nullptr);
    EXPECT_EQ(from->memory.value, 17U);
    EXPECT_STREQ(program->name, "visit");
    EXPECT_STREQ(execd_program_at(&execd, 0)->name, "crash");
    EXPECT_STREQ(execd_program_at(&execd, 2)->name, "visit");
    EXPECT_EQ(execd_program_at(&execd, 3), nullptr);
    EXPECT_EQ(execd_find_program(&execd, id("nobody"), &program), nullptr);
}

// A client has one bundle: the next one takes its place.
TEST_F(ExecdTest, a_bundle_replaces_that_of_the_same_owner) {
    EXPECT_EQ(add(bundle_of({"greet"}, 0)), BUNDLE_FLAW_NONE);
    EXPECT_EQ(add(bundle_of({"visit"}, OWNER, 17)), BUNDLE_FLAW_NONE);
    execd_bundle replaced{};
    EXPECT_EQ(add(bundle_of({"visit", "walk"}, OWNER, 18), &replaced), BUNDLE_FLAW_NONE);
    EXPECT_EQ(replaced.memory.value, 17U);
    EXPECT_STREQ(execd_program_at(&execd, 2)->name, "walk");
    EXPECT_EQ(execd.stats.loaded, 3U);
}

// A name means one program, and the policy's rules for it are about that one.
TEST_F(ExecdTest, test_reject_program_of_another_bundle) {
    EXPECT_EQ(add(bundle_of({"greet"}, 0)), BUNDLE_FLAW_NONE);
    execd_bundle replaced{};
    EXPECT_EQ(add(bundle_of({"greet", "visit"}, OWNER), &replaced), BUNDLE_FLAW_KNOWN);
    EXPECT_EQ(replaced.view.program_count, 0U);
    EXPECT_EQ(execd_program_at(&execd, 1), nullptr);
    EXPECT_EQ(execd.stats.loaded, 1U);
}

TEST_F(ExecdTest, test_reject_one_bundle_too_many) {
    EXPECT_EQ(add(bundle_of({"greet"}, 0)), BUNDLE_FLAW_NONE);
    EXPECT_EQ(add(bundle_of({"visit"}, OWNER)), BUNDLE_FLAW_NONE);
    EXPECT_EQ(add(bundle_of({"walk"}, OTHER)), BUNDLE_FLAW_NONE);
    EXPECT_EQ(status, WIRE_OK);
    EXPECT_EQ(add(bundle_of({"swim"}, 13)), BUNDLE_FLAW_NONE);
    EXPECT_EQ(status, WIRE_OVERLOAD);
    EXPECT_EQ(execd.stats.overloaded, 1U);
    EXPECT_EQ(execd_program_at(&execd, 3), nullptr);
}

TEST_F(ExecdTest, test_reject_over_owners_quota) {
    EXPECT_EQ(add(bundle_of({"greet"}, 0)), BUNDLE_FLAW_NONE);
    for (std::uint32_t i = 0; i < EXECD_OWNED_MAX; i++) {
        ASSERT_NE(start(OWNER), nullptr);
    }
    EXPECT_EQ(start(OWNER), nullptr);
    EXPECT_EQ(execd.stats.overloaded, 1U);
    EXPECT_NE(start(OTHER), nullptr) << "one owner's quota is not another's";
    end(execd_find(&execd, 101));
    EXPECT_NE(start(OWNER), nullptr) << "what has ended does not count";
}

TEST_F(ExecdTest, test_reject_over_programs_quota) {
    EXPECT_EQ(add(bundle_of({"greet", "walk"}, 0)), BUNDLE_FLAW_NONE);
    auto *greet = const_cast<bundle_program *>(execd_program_at(&execd, 0));
    greet->at_once = 1;
    ASSERT_NE(start(OWNER), nullptr);
    EXPECT_EQ(start(OTHER), nullptr);
    EXPECT_NE(start(OTHER, "walk"), nullptr);
}

TEST_F(ExecdTest, test_reject_over_all_programs) {
    EXPECT_EQ(add(bundle_of({"greet"}, 0)), BUNDLE_FLAW_NONE);
    auto *greet = const_cast<bundle_program *>(execd_program_at(&execd, 0));
    greet->at_once = 100;
    for (std::uint64_t i = 0; i < EXECD_RUNNING_MAX; i++) {
        ASSERT_NE(start(20 + i), nullptr);
    }
    EXPECT_EQ(start(OWNER), nullptr);
    EXPECT_EQ(execd_running_count(&execd), static_cast<std::uint32_t>(EXECD_RUNNING_MAX));
}

TEST_F(ExecdTest, endings_are_kept) {
    EXPECT_EQ(add(bundle_of({"greet"}, 0)), BUNDLE_FLAW_NONE);
    execd_record *record = start(OWNER);
    end(record, EXIT_FAULT_WRITE);
    EXPECT_EQ(execd_find(&execd, 101), record);
    EXPECT_EQ(record->state, EXECD_ENDED);
    EXPECT_EQ(record->ending.reason, EXIT_FAULT_WRITE);
    EXPECT_EQ(execd.stats.crashed, 1U);
    record->told = true;
    EXPECT_EQ(execd_find(&execd, 101), record);
    std::uint32_t index = 0;
    EXPECT_EQ(execd_record_from(&execd, &index), record);
}

// The oldest ending makes room; what runs never does.
TEST_F(ExecdTest, the_oldest_ending_makes_room) {
    EXPECT_EQ(add(bundle_of({"greet"}, 0)), BUNDLE_FLAW_NONE);
    ASSERT_NE(start(OTHER), nullptr);  // 101 runs on.
    for (std::uint32_t i = 1; i < EXECD_RECORD_MAX; i++) {
        end(start(OWNER));
    }
    EXPECT_EQ(execd.stats.forgotten, 0U);
    ASSERT_NE(start(OWNER), nullptr);
    EXPECT_EQ(execd.stats.forgotten, 1U);
    EXPECT_EQ(execd_find(&execd, 102), nullptr);
    EXPECT_NE(execd_find(&execd, 101), nullptr);
    EXPECT_NE(execd_find(&execd, 103), nullptr);
}

// Nothing is lost by it: it is not counted.
TEST_F(ExecdTest, an_ending_that_was_told_makes_room_first) {
    EXPECT_EQ(add(bundle_of({"greet"}, 0)), BUNDLE_FLAW_NONE);
    for (std::uint32_t i = 0; i < EXECD_RECORD_MAX; i++) {
        end(start(OWNER));
    }
    execd_find(&execd, 105)->told = true;
    execd_find(&execd, 104)->told = true;
    for (const std::uint32_t gone : {104U, 105U}) {
        execd_record *record = start(OWNER);
        ASSERT_NE(record, nullptr);
        EXPECT_FALSE(record->told);
        EXPECT_EQ(execd_find(&execd, gone), nullptr);
    }
    EXPECT_EQ(execd.stats.forgotten, 0U);
    ASSERT_NE(start(OWNER), nullptr);
    EXPECT_EQ(execd_find(&execd, 101), nullptr);
    EXPECT_EQ(execd.stats.forgotten, 1U);
}

TEST_F(ExecdTest, records_are_listed_in_order) {
    EXPECT_EQ(add(bundle_of({"greet"}, 0)), BUNDLE_FLAW_NONE);
    start(OWNER);
    execd_record *second = start(OWNER);
    start(OWNER);
    second->state = EXECD_FREE;
    std::uint32_t index = 0;
    EXPECT_EQ(execd_record_from(&execd, &index)->instance, 101U);
    index++;
    EXPECT_EQ(execd_record_from(&execd, &index)->instance, 103U);
    EXPECT_EQ(index, 2U);
    index = EXECD_RECORD_MAX;
    EXPECT_EQ(execd_record_from(&execd, &index), nullptr);
    index = UINT32_MAX;
    EXPECT_EQ(execd_record_from(&execd, &index), nullptr);
}

TEST_F(ExecdTest, who_waits_is_told_once) {
    EXPECT_TRUE(waits(OWNER, 1000));
    EXPECT_TRUE(waits(OWNER, 1001));
    EXPECT_TRUE(waits(OWNER, 1002, 102));
    execd_left(&execd, {1000});
    kept_call call{};
    ASSERT_TRUE(execd_take_waiter(&execd, 101, &call));
    EXPECT_EQ(call.reply.value, 1001U);
    EXPECT_FALSE(execd_take_waiter(&execd, 101, &call));
    EXPECT_TRUE(execd_take_waiter(&execd, 102, &call));
}

TEST_F(ExecdTest, test_reject_one_waiter_too_many) {
    for (std::uint64_t i = 0; i < EXECD_WAITER_MAX; i++) {
        EXPECT_TRUE(waits(1 + i / EXECD_WAITS_MAX, 1000 + i));
    }
    EXPECT_FALSE(waits(OWNER, 999));
    EXPECT_EQ(execd.stats.overloaded, 1U);
    execd_left(&execd, {1003});
    EXPECT_TRUE(waits(OWNER, 999));
}

// Nobody shuts others out.
TEST_F(ExecdTest, test_reject_one_waiter_too_many_of_a_client) {
    for (std::uint64_t i = 0; i < EXECD_WAITS_MAX; i++) {
        EXPECT_TRUE(waits(OWNER, 1000 + i));
    }
    EXPECT_FALSE(waits(OWNER, 999));
    EXPECT_EQ(execd.stats.overloaded, 1U);
    EXPECT_TRUE(waits(OTHER, 999));
    execd_left(&execd, {1003});
    EXPECT_TRUE(waits(OWNER, 998));
}

}  // namespace
