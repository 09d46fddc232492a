// services/console/text_test.cc: words, names, messages and figures as text.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "ipc/wire/protocols.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/identity.h"
#include "services/console/figures.h"
#include "services/console/message.h"
#include "services/console/words.h"

namespace {

constexpr std::size_t ENTRY_AT = 4096;

std::uint64_t id_of(const char *name) {
    return service_id_of(name, std::strlen(name));
}

class Text : public testing::Test {
  protected:
    Text() : image_(2 * ENTRY_AT) {
        print_init(&print_, take, this);
        auto *header = reinterpret_cast<boot_image_header *>(image_.data());
        header->magic = BOOT_IMAGE_MAGIC;
        header->bytes = image_.size();
        header->entry_count = 1;
        entry_ = reinterpret_cast<boot_image_entry *>(header + 1);
        entry_->kind = BOOT_IMAGE_MANIFEST;
        entry_->offset = ENTRY_AT;
        entry_->bytes = sizeof(manifest_header) + 2 * sizeof(manifest_service);
        manifest_ = reinterpret_cast<manifest_header *>(image_.data() + ENTRY_AT);
        manifest_->magic = MANIFEST_MAGIC;
        manifest_->service_count = 2;
        auto *services = reinterpret_cast<manifest_service *>(manifest_ + 1);
        for (const char *name : {"echo", "timed"}) {
            std::strcpy(services->name, name);
            services->service_id = id_of(name);
            services++;
        }
        names_init(&names_, image_.data());
    }

    static void take(void *context, const char *text, std::uint32_t bytes) {
        auto *self = static_cast<Text *>(context);
        const std::string line(text, bytes);
        EXPECT_TRUE(line.starts_with("  ") || line.empty()) << line;
        EXPECT_LE(line.size(), static_cast<std::size_t>(CONSOLE_LINE_MAX));
        for (const char byte : line) {
            EXPECT_TRUE(byte >= ' ' && byte <= '~') << line;
        }
        self->lines_.push_back(line);
    }

    void learn(const std::string &name) {
        names_learn(&names_, reinterpret_cast<const std::uint8_t *>(name.data()),
                    static_cast<std::uint32_t>(name.size()));
    }

    // False: it is refused, and a line says why.
    bool read(const char *protocol, const char *op, std::vector<std::string> fields) {
        const wire_protocol_rows *rows = message_protocol_named(protocol);
        const wire_op *row = message_op_named(rows, op);
        std::vector<char *> words;
        for (std::string &field : fields) {
            words.push_back(field.data());
        }
        std::memset(message_, 0, sizeof(message_));
        lines_.clear();
        const message_form form{rows, row, &names_, &print_};
        const bool good =
            message_read(&form, words.data(), static_cast<std::uint32_t>(words.size()), message_);
        EXPECT_EQ(lines_.size(), good ? 0u : 1u);
        message_show(&form, WIRE_REQUEST, message_);
        return good;
    }

    // All fields of bytes in the message are these.
    void point_at(const wire_protocol_rows *rows, const std::uint8_t *bytes, std::uint32_t count) {
        const wire_bytes some{bytes, count};
        for (std::uint32_t at = 0; at < rows->field_count; at++) {
            if (rows->fields[at].type == WIRE_BYTES) {
                std::memcpy(reinterpret_cast<std::uint8_t *>(message_) + rows->fields[at].offset,
                            &some, sizeof(some));
            }
        }
    }

    std::vector<std::uint8_t> image_;
    boot_image_entry *entry_;
    manifest_header *manifest_;
    names names_{};
    print print_{};
    std::vector<std::string> lines_;
    std::uint64_t message_[WIRE_MESSAGE_BYTES_MAX / 8]{};
};

std::vector<std::string> cut(std::string text, words_flaw expected = WORDS_FLAW_NONE) {
    words found;
    EXPECT_EQ(words_cut(&found, text.data()), expected);
    std::vector<std::string> out;
    for (std::uint32_t i = 0; i < found.count; i++) {
        out.emplace_back(found.at[i]);
    }
    return out;
}

TEST(Words, cut_at_blanks_but_not_in_quotes) {
    EXPECT_EQ(cut("  call  echo ECHO "), (std::vector<std::string>{"call", "echo", "ECHO"}));
    EXPECT_EQ(cut("text=\"a b\"c \"\""), (std::vector<std::string>{"text=a bc", ""}));
    EXPECT_TRUE(cut("").empty());
    EXPECT_TRUE(cut("   ").empty());
}

TEST(Words, test_reject_too_many_and_open_quotes) {
    std::string many;
    for (int i = 0; i < WORDS_MAX; i++) {
        many += "w ";
    }
    EXPECT_EQ(cut(many).size(), static_cast<std::size_t>(WORDS_MAX));
    cut(many + "w", WORDS_FLAW_TOO_MANY);
    cut("a \"b c", WORDS_FLAW_QUOTE);
}

TEST(Words, numbers) {
    std::uint64_t value = 0;
    EXPECT_TRUE(words_number("18446744073709551615", &value));
    EXPECT_EQ(value, UINT64_MAX);
    EXPECT_TRUE(words_number("0xFFff", &value));
    EXPECT_EQ(value, 0xffffu);
    for (const char *wrong :
         {"", "0x", "18446744073709551616", "0x10000000000000000", "1a", "-1", "0xg", " 1", "1 "}) {
        EXPECT_FALSE(words_number(wrong, &value)) << wrong;
    }
    EXPECT_EQ(value, 0xffffu) << "untouched";
}

// Programs have ids of their own, also those that are called like a service.
TEST_F(Text, programs_are_learned) {
    learn("greet");
    learn("greet");
    learn("echo");
    EXPECT_EQ(names_.program_count, 2U);
    EXPECT_STREQ(names_of(&names_, program_id_of("greet", 5)), "greet");
    EXPECT_EQ(names_find_program(&names_, "greet"), program_id_of("greet", 5));
    EXPECT_EQ(names_find(&names_, "echo"), id_of("echo"));
    EXPECT_EQ(names_find(&names_, "greet"), 0U);
    EXPECT_EQ(names_find_program(&names_, "timed"), 0U);
    // What a program is called like a service, the mark tells apart.
    EXPECT_EQ(names_find_program(&names_, "@echo"), program_id_of("echo", 4));
    EXPECT_STREQ(names_mark(program_id_of("echo", 4)), "@");
    EXPECT_STREQ(names_mark(id_of("echo")), "");
}

TEST_F(Text, test_reject_names_that_no_program_has) {
    for (const std::string &name : {std::string(), std::string("a b"), std::string("\x1b[2J"),
                                    std::string(NAMES_PROGRAM_BYTES, 'a')}) {
        learn(name);
    }
    EXPECT_EQ(names_.program_count, 0U);
    for (int i = 0; i < 2 * NAMES_PROGRAM_MAX; i++) {
        learn("n" + std::to_string(i));
    }
    EXPECT_EQ(names_.program_count, static_cast<std::uint32_t>(NAMES_PROGRAM_MAX));
}

TEST_F(Text, names_of_the_image) {
    EXPECT_STREQ(names_of(&names_, id_of("timed")), "timed");
    EXPECT_STREQ(names_of(&names_, id_of("init")), "init");
    EXPECT_EQ(names_of(&names_, id_of("nobody")), nullptr);
    EXPECT_EQ(names_find(&names_, "echo"), id_of("echo"));
    EXPECT_EQ(names_find(&names_, "nobody"), 0u);
}

TEST_F(Text, test_reject_manifest_that_does_not_fit) {
    names found;
    manifest_->service_count = 3;
    names_init(&found, image_.data());
    EXPECT_EQ(found.count, 0u);
    manifest_->service_count = MANIFEST_SERVICE_MAX + 1;
    names_init(&found, image_.data());
    EXPECT_EQ(found.count, 0u);
    manifest_->service_count = 2;
    manifest_->magic++;
    names_init(&found, image_.data());
    EXPECT_EQ(found.count, 0u);
    entry_->offset = image_.size();
    names_init(&found, image_.data());
    EXPECT_EQ(found.count, 0u);
    entry_->kind = BOOT_IMAGE_DATA;
    names_init(&found, image_.data());
    EXPECT_EQ(found.count, 0u);
}

TEST_F(Text, protocols_and_operations_by_name) {
    EXPECT_STREQ(message_protocol_of("logd")->name, "log");
    EXPECT_STREQ(message_protocol_of("policyd")->name, "policy");
    EXPECT_STREQ(message_protocol_of("samgrd")->name, "routing");
    EXPECT_STREQ(message_protocol_of("timed")->name, "timed");
    EXPECT_EQ(message_protocol_of("logger"), nullptr);
    const wire_protocol_rows *timed = message_protocol_named("timed");
    EXPECT_STREQ(message_op_named(timed, "sleep")->name, "SLEEP");
    EXPECT_STREQ(message_op_named(timed, "2")->name, "SLEEP");
    EXPECT_EQ(message_op_named(timed, "sleeping"), nullptr);
    EXPECT_EQ(message_op_named(timed, "258"), nullptr);
}

TEST_F(Text, a_request_from_words_and_back) {
    ASSERT_TRUE(read("routing", "RESOLVE", {"target=echo"}));
    EXPECT_EQ(lines_.at(0), "  target          echo");
    ASSERT_TRUE(read("timed", "SLEEP", {"laxity=3", "deadline_ns=0x10"}));
    EXPECT_EQ(lines_.at(0), "  deadline_ns     16");
    EXPECT_EQ(lines_.at(1), "  laxity          3");
    ASSERT_TRUE(read("log", "APPEND", {"text=two words", "level=2"}));
    EXPECT_EQ(lines_.at(0), "  level           2");
    EXPECT_EQ(lines_.at(1), "  scope           0 bytes");
    EXPECT_EQ(lines_.at(2), "  text            \"two words\"");
}

TEST_F(Text, ids_in_a_text_become_names) {
    char text[128];
    std::snprintf(text, sizeof(text), "denied %lx call %lx, line 7, feed beef0123, %lx0",
                  static_cast<unsigned long>(id_of("echo")),
                  static_cast<unsigned long>(id_of("timed")),
                  static_cast<unsigned long>(id_of("echo")));
    const wire_bytes bytes{reinterpret_cast<const std::uint8_t *>(text),
                           static_cast<std::uint32_t>(std::strlen(text))};
    message_show_text(&names_, &bytes, &print_);
    print_end(&print_);
    EXPECT_TRUE(lines_.at(0).starts_with("  denied echo call timed, line 7, feed beef0123, "))
        << lines_.at(0);
    EXPECT_FALSE(lines_.at(0).ends_with("echo0")) << lines_.at(0);
}

TEST_F(Text, test_reject_field_that_is_none) {
    EXPECT_FALSE(read("echo", "ECHO", {"valu=1"}));
    EXPECT_FALSE(read("echo", "ECHO", {"value"}));
    EXPECT_FALSE(read("echo", "ECHO", {"value=x"}));
    EXPECT_FALSE(read("echo", "ECHO", {"value="}));
    EXPECT_FALSE(read("echo", "ECHO", {"value=1", "value=2"}));
    EXPECT_FALSE(read("echo", "END", {"value=1"}));
    EXPECT_FALSE(read("timed", "SLEEP", {"laxity=256"}));
    EXPECT_FALSE(read("timed", "SLEEP", {"laxity=timed"})) << "names are for 64 bits";
}

TEST_F(Text, a_task) {
    stats_task task{};
    instances instances{};
    task.service_id = id_of("echo");
    task.instance = 7;
    instances_add(&instances, &task);
    task.service_id = id_of("timed");
    task.instance = 12;
    task.state = TASK_LIVE;
    task.wait = STATS_WAIT_REPLY;
    task.peer = 7;
    task.run_ns = 12345678;
    task.pages_given = 192;
    task.pages_left = 180;
    task.slots_used = 5;
    task.replies = 2;
    task.hart = 1;
    const task_cost cost{1000000000, 1234};
    const task_cost none{0, 0};
    figures_task_head(&print_);
    figures_task(&print_, &names_, &instances, &task, &cost);
    EXPECT_EQ(lines_.at(0),
              "  NAME               #  STATE     WAITS ON          CPU MS      %  OWES   PAGES     "
              "OF  SLOTS  HART   STACK");
    EXPECT_EQ(lines_.at(1),
              "  timed             12  calls     echo                12.3    1.2     2      12    "
              "192      5     1    1234");
    task.peer = 99;
    task.service_id = 0x1234;
    task.wait = STATS_WAIT_COUNT;
    figures_task(&print_, &names_, &instances, &task, &none);
    EXPECT_NE(lines_.at(2).find("0x1234"), std::string::npos);
    EXPECT_NE(lines_.at(2).find("#99"), std::string::npos);
}

TEST_F(Text, harts_in_columns) {
    stats_hart hart{};
    hart.index = 1;
    hart.online = 1;
    hart.busy_ns = 2000000;
    hart.idle_ns = 6000000;
    hart.switches = 11;
    hart.lock_spins = 12;
    hart.refused_sends = 13;
    figures_hart_head(&print_);
    figures_hart(&print_, &hart);
    EXPECT_EQ(lines_.at(0),
              "  HART BUSY MS   IDLE MS BUSY %   SWITCHES  PREEMPTED     IPIS  INTERRUPTS  FAULTS"
              "     SPINS   REFUSED");
    EXPECT_EQ(lines_.at(1),
              "  1          2         6   24.9         11          0        0           0       0"
              "        12        13");
}

TEST_F(Text, latency_as_bars) {
    std::uint8_t latency[24 * 4] = {};
    latency[4 * 3] = 1;
    latency[4 * 4] = 200;
    server_message message{};
    message.answered = 201;
    message.ticks = 402;
    message.tick_ns = 1000;
    message.latency = {latency, sizeof(latency)};
    figures_operation(&print_, "ECHO", &message);
    EXPECT_EQ(lines_.at(0),
              "  ECHO                 201         0         2.0   |   .@          "
              "         | from 1000 ns");
    message.latency.count = 5;  // What is not there counts as nothing.
    figures_operation(&print_, "ECHO", &message);
    EXPECT_EQ(lines_.size(), 2u);
}

// Whatever is told, each line is whole and printable (Text::take looks).
TEST_F(Text, any_bytes_make_good_lines) {
    std::mt19937_64 random(1);
    const auto fill = [&](void *to, std::size_t bytes) {
        for (std::size_t i = 0; i < bytes; i++) {
            static_cast<std::uint8_t *>(to)[i] = static_cast<std::uint8_t>(random());
        }
    };
    for (int i = 0; i < 300; i++) {
        stats_task task;
        stats_hart hart;
        stats_system system;
        trace_event event;
        query_result query;
        route one;
        instances instances{};
        fill(&task, sizeof(task));
        fill(&hart, sizeof(hart));
        fill(&system, sizeof(system));
        fill(&event, sizeof(event));
        fill(&one, sizeof(one));
        query.kind_rights = random();
        query.detail = random();
        const task_cost cost{random(), static_cast<std::uint32_t>(random())};
        figures_task(&print_, &names_, &instances, &task, &cost);
        figures_hart(&print_, &hart);
        figures_system(&print_, &system);
        figures_event(&print_, &names_, &instances, &event);
        figures_cap(&print_, static_cast<std::uint32_t>(random()), &query);
        figures_route(&print_, &names_, &one);
        std::uint8_t bytes[512];
        fill(bytes, sizeof(bytes));
        for (const wire_protocol_rows *rows : wire_protocols) {
            fill(message_, sizeof(message_));
            point_at(rows, bytes, static_cast<std::uint32_t>(random() % sizeof(bytes)));
            for (std::uint32_t op = 0; op < rows->op_count; op++) {
                const message_form form{rows, &rows->ops[op], &names_, &print_};
                message_show(&form, WIRE_REPLY, message_);
            }
        }
    }
}

}  // namespace
