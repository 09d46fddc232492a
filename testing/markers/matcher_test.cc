// testing/markers/matcher_test.cc: each way in which a log can miss its golden file, and that the
// message says where.
#include "testing/markers/matcher.h"

#include <gtest/gtest.h>

#include "testing/markers/report.h"
#include "testing/markers/test_table.h"

namespace markers {
namespace {

class run {
  public:
    run(const std::string &rules, const std::string &log, bool ended = true)
        : table_(test_table()),
          golden_(golden_read("g", rules, table_)),
          judge_((require(golden_), golden_.rules), table_) {
        log_splitter splitter;
        std::vector<log_line> lines;
        splitter.feed(log, lines);
        std::int64_t at_ns = 0;
        for (const log_line &line : lines) {
            judge_.line(line, at_ns += 1000000);
        }
        if (ended) {
            judge_.finish(splitter.unfinished());
        }
    }

    // "" when all is well, else the first failure's sentence.
    std::string verdict() const {
        return judge_.failures().empty() ? "" : judge_.failures()[0].what;
    }
    std::string frontier() const {
        std::string out;
        for (const std::string &entry : judge_.failures().at(0).frontier) {
            out += entry + "|";
        }
        return out;
    }
    failure_kind kind() const {
        return judge_.failures().at(0).kind;
    }
    const matcher &judge() const {
        return judge_;
    }

  private:
    static void require(const golden_result &result) {
        for (const golden_mistake &mistake : result.mistakes) {
            ADD_FAILURE() << mistake_text(mistake);
        }
    }
    marker_table table_;
    golden_result golden_;
    matcher judge_;
};

const char *const ABC = "kernel: boot\nt: a\nt: b\nt: c\n";

TEST(Matcher, good_log) {
    const run good(
        ABC,
        "OpenSBI\n\x1b strange firmware\nkernel: boot\r\nt: a\nt: b\nt: c\nkernel: power off\n");
    EXPECT_EQ(good.verdict(), "");
    EXPECT_TRUE(good.judge().complete());
    EXPECT_TRUE(good.judge().power_off_seen());
    EXPECT_EQ(good.judge().rules_met(), 4U);
    EXPECT_EQ(good.judge().rules_needed(), 4U);
}

TEST(Matcher, test_reject_missing_marker) {
    const run bad(ABC, "kernel: boot\nt: a\nt: c\n");
    EXPECT_EQ(bad.verdict(), "`t: c` came too early: rules before it are unmet");
    EXPECT_EQ(bad.frontier(), "g:3: t: b|");
    EXPECT_EQ(bad.judge().failures()[0].log_line, 3U);
}

TEST(Matcher, test_reject_swapped_markers) {
    const run bad(ABC, "kernel: boot\nt: b\nt: a\nt: c\n");
    EXPECT_EQ(bad.kind(), failure_kind::early);
    EXPECT_EQ(bad.frontier(), "g:2: t: a|");
}

TEST(Matcher, test_reject_doubled_marker) {
    const run bad(ABC, "kernel: boot\nt: a\nt: a\n");
    EXPECT_EQ(bad.verdict(), "`t: a` came twice");
    EXPECT_EQ(bad.judge().failures()[0].rule_line, 2U);
}

TEST(Matcher, test_reject_second_boot) {
    EXPECT_EQ(run(ABC, "kernel: boot\nt: a\nOpenSBI\n").kind(), failure_kind::unknown);
    EXPECT_EQ(run(ABC, "kernel: boot\nkernel: boot\n").verdict(), "`kernel: boot` came twice");
}

TEST(Matcher, test_reject_forbidden_line_even_from_firmware) {
    const run bad(std::string(ABC) + "! *ERROR*\n", "an ERROR\nkernel: boot\nt: a\nt: b\nt: c\n");
    EXPECT_EQ(bad.verdict(), "`an ERROR` is forbidden by `! *ERROR*`");
    EXPECT_EQ(bad.judge().failures().size(), 1U) << "order was well";
}

TEST(Matcher, test_reject_forbidden_line_even_if_ignored_or_after_the_end) {
    const std::string rules = std::string(ABC) + "! *ERROR*\n~ | *\n";
    EXPECT_EQ(run(rules, "kernel: boot\n| ERROR\nt: a\nt: b\nt: c\n").kind(),
              failure_kind::forbidden);
    EXPECT_EQ(run(rules, "kernel: boot\nt: a\nt: b\nt: c\nkernel: power off\n| ERROR\n").kind(),
              failure_kind::forbidden);
}

TEST(Matcher, order_is_still_judged_after_a_forbidden_line) {
    const run bad(std::string(ABC) + "! *ERROR*\n", "an ERROR\nkernel: boot\nt: b\n");
    ASSERT_EQ(bad.judge().failures().size(), 2U);
    EXPECT_EQ(bad.judge().failures()[1].kind, failure_kind::early);
}

TEST(Matcher, the_caller_can_give_up) {
    const marker_table table = test_table();
    const golden_result rules = golden_read("g", ABC, table);
    matcher judge(rules.rules, table);
    judge.line({"kernel: boot", ""}, 1);
    judge.abandon("too slow");
    ASSERT_EQ(judge.failures().size(), 1U);
    EXPECT_EQ(judge.failures()[0].kind, failure_kind::abandoned);
    EXPECT_EQ(judge.failures()[0].frontier, std::vector<std::string>{"g:2: t: a"});
}

TEST(Matcher, a_flood_of_failures_is_cut) {
    std::string log = "kernel: boot\n";
    for (int line = 0; line < 100; line++) {
        log += "ERROR\n";
    }
    EXPECT_EQ(run(std::string(ABC) + "! ERROR\n~ ERROR\n", log).judge().failures().size(),
              FAILURES_MAX);
}

TEST(Matcher, test_reject_unknown_line) {
    const run bad(ABC, "kernel: boot\nt: d\nt: a\nt: b\nt: c\n");
    EXPECT_EQ(bad.verdict(), "`t: d` is unknown: no rule has it and no `~` ignores it");
    EXPECT_EQ(run(ABC, "kernel: boot\n\nt: a\n").kind(), failure_kind::unknown) << "an empty line";
}

TEST(Matcher, test_reject_truncated_log) {
    const run bad(ABC, "kernel: boot\nt: a\n");
    EXPECT_EQ(bad.verdict(), "the log ended, and rules are unmet");
    EXPECT_EQ(bad.frontier(), "g:3: t: b|");
    EXPECT_EQ(run(ABC, "kernel: boot\nt: a\nt: b\nt: c\nkernel: po").verdict(),
              "the log ends in the middle of a line: `kernel: po`");
    EXPECT_EQ(run(ABC, "").kind(), failure_kind::unstarted);
    EXPECT_EQ(run(ABC, "OpenSBI\n").kind(), failure_kind::unstarted);
}

TEST(Matcher, test_reject_panic) {
    const run bad(ABC, "kernel: boot\nt: a\nkernel: PANIC at 12\nkernel: backtrace 0x1\n");
    EXPECT_EQ(bad.verdict(), "a panic: `kernel: PANIC at 12`");
    EXPECT_EQ(bad.kind(), failure_kind::fatal);
    EXPECT_EQ(bad.judge().failures().size(), 1U) << "told once";
    const run late(ABC, "kernel: boot\nt: b\nkernel: PANIC\n");
    ASSERT_EQ(late.judge().failures().size(), 2U) << "a panic shows after order is broken too";
    EXPECT_EQ(late.judge().failures()[1].kind, failure_kind::fatal);
}

TEST(Matcher, test_reject_malformed_line) {
    EXPECT_EQ(run(ABC, "kernel: boot\n\x01\n").kind(), failure_kind::malformed);
    const run lengthy(std::string(ABC) + "~ x*\n", "kernel: boot\n" + std::string(201, 'x') + "\n");
    EXPECT_EQ(lengthy.kind(), failure_kind::malformed) << "`~` does not excuse it";
}

TEST(Matcher, test_reject_anything_after_the_end) {
    const std::string log = "kernel: boot\nt: a\nt: b\nt: c\n";
    EXPECT_EQ(run(ABC, log + "t: d\n").verdict(),
              "`t: d` after the last rule, where only `kernel: power off` may come");
    EXPECT_EQ(run(ABC, log + "kernel: power off\nt: d\n").verdict(),
              "`t: d` after `kernel: power off`");
    EXPECT_EQ(run(ABC, log + "kernel: power off\nkernel: power off\n").kind(),
              failure_kind::after_end);
    EXPECT_EQ(run(std::string(ABC) + "~ | *\n", log + "| tail\n").verdict(), "");
}

TEST(Matcher, test_reject_power_off_before_the_end) {
    EXPECT_EQ(run(ABC, "kernel: boot\nt: a\nkernel: power off\n").verdict(),
              "`kernel: power off` before the last rule was met");
}

TEST(Matcher, optional_is_once_at_most_and_dies) {
    const std::string rules = "kernel: boot\n? t: a\nt: b\n? t: c\n";
    EXPECT_EQ(run(rules, "kernel: boot\nt: b\n").verdict(), "");
    EXPECT_EQ(run(rules, "kernel: boot\nt: a\nt: b\nt: c\n").verdict(), "");
    EXPECT_EQ(run(rules, "kernel: boot\nt: a\nt: a\nt: b\n").verdict(), "`t: a` came twice");
    EXPECT_EQ(run(rules, "kernel: boot\nt: b\nt: a\n").verdict(),
              "`t: a` came too late: the rule of line 3, which stands behind it, was already met");
}

TEST(Matcher, times_is_exact) {
    const std::string rules = "kernel: boot\n{\n*3 t: a\nt: b\n}\nt: c\n";
    EXPECT_EQ(run(rules, "kernel: boot\nt: a\nt: b\nt: a\nt: a\nt: c\n").verdict(), "");
    const run few(rules, "kernel: boot\nt: a\nt: b\nt: a\nt: c\n");
    EXPECT_EQ(few.kind(), failure_kind::early);
    EXPECT_EQ(few.frontier(), "g:3: *3 t: a  (2 came)|");
    EXPECT_EQ(run(rules, "kernel: boot\nt: a\nt: a\nt: a\nt: a\n").verdict(),
              "`t: a` came more than 3 times");
}

TEST(Matcher, group_takes_any_order_but_ends_before_the_next_rule) {
    const std::string rules = "kernel: boot\n{\nt: a\nt: b\n? t: d\n}\nt: c\n";
    EXPECT_EQ(run(rules, "kernel: boot\nt: b\nt: a\nt: c\n").verdict(), "");
    EXPECT_EQ(run(rules, "kernel: boot\nt: b\nt: d\nt: a\nt: c\n").verdict(), "");
    const run early(rules, "kernel: boot\nt: b\nt: c\n");
    EXPECT_EQ(early.frontier(), "g:3: t: a|");
    EXPECT_EQ(run(rules, "kernel: boot\nt: a\nt: b\nt: c\nt: d\n").kind(), failure_kind::late)
        << "an optional member dies with its group";
}

TEST(Matcher, chains_interleave_and_keep_their_order) {
    const std::string rules = "kernel: boot\n{ [\nt: a\nt: b\n] [\nt: c\nt: d\n] }\nt: e\n";
    EXPECT_EQ(run(rules, "kernel: boot\nt: a\nt: c\nt: d\nt: b\nt: e\n").verdict(), "");
    EXPECT_EQ(run(rules, "kernel: boot\nt: c\nt: a\nt: b\nt: d\nt: e\n").verdict(), "");
    const run swapped(rules, "kernel: boot\nt: c\nt: b\n");
    EXPECT_EQ(swapped.kind(), failure_kind::early);
    EXPECT_EQ(swapped.frontier(), "g:3: t: a|g:7: t: d|") << "the whole frontier is named";
    EXPECT_EQ(run(rules, "kernel: boot\nt: a\nt: b\nt: c\nt: e\n").frontier(), "g:7: t: d|");
}

TEST(Matcher, optional_in_a_chain_dies_with_the_chains_next_rule_only) {
    const std::string rules = "kernel: boot\n{ [\n? t: a\nt: b\n] [\nt: c\n] }\n";
    EXPECT_EQ(run(rules, "kernel: boot\nt: c\nt: a\nt: b\n").verdict(), "");
    EXPECT_EQ(run(rules, "kernel: boot\nt: b\nt: a\nt: c\n").kind(), failure_kind::late);
}

TEST(Matcher, groups_nest) {
    const std::string rules =
        "kernel: boot\n{ [\nt: a\n{ [\nt: b\nt: c\n] [\nt: d\n] }\nt: e\n] [\nt: f\n] }\nt: g\n";
    EXPECT_EQ(run(rules, "kernel: boot\nt: a\nt: d\nt: f\nt: b\nt: c\nt: e\nt: g\n").verdict(), "");
    EXPECT_EQ(run(rules, "kernel: boot\nt: f\nt: a\nt: b\nt: d\nt: c\nt: e\nt: g\n").verdict(), "");
    const run inner(rules, "kernel: boot\nt: a\nt: d\nt: e\n");
    EXPECT_EQ(inner.frontier(), "g:5: t: b|g:12: t: f|");
    EXPECT_EQ(run(rules, "kernel: boot\nt: d\n").frontier(), "g:3: t: a|g:12: t: f|");
}

TEST(Matcher, numbers_match) {
    const std::string rules = "kernel: boot\n*2 kernel: hart %u up\nt: value 7\n";
    EXPECT_EQ(
        run(rules, "kernel: boot\nkernel: hart 0 up\nkernel: hart 13 up\nt: value 7\n").verdict(),
        "");
    EXPECT_EQ(run(rules, "kernel: boot\nkernel: hart x up\n").kind(), failure_kind::unknown);
    EXPECT_EQ(run("kernel: boot\nt: value 7\n", "kernel: boot\nt: value 8\n").kind(),
              failure_kind::unknown);
}

TEST(Matcher, frontier_while_the_log_grows) {
    const run growing(ABC, "kernel: boot\nt: a\n", false);
    EXPECT_EQ(growing.judge().frontier(), std::vector<std::string>{"g:3: t: b"});
    EXPECT_EQ(growing.judge().rules_met(), 2U);
}

TEST(Report, says_where) {
    const run bad(ABC, "kernel: boot\nt: a\nt: c\n| later\n");
    const std::string text = failures_text(bad.judge());
    EXPECT_EQ(text,
              "  `t: c` came too early: rules before it are unmet\n"
              "  at:        line 3 of the log,   0.003 s after power-on\n"
              "  its rule:  g:4\n"
              "  unmet at that moment:\n"
              "    g:3: t: b\n"
              "  lines around:\n"
              "        1    0.001 s  kernel: boot\n"
              "        2    0.002 s  t: a\n"
              "  >     3    0.003 s  t: c\n"
              "        4    0.004 s  | later\n");
    const std::string ended = failures_text(run(ABC, "kernel: boot\n").judge());
    EXPECT_NE(ended.find("  at:        the end of the log\n"), std::string::npos);
    EXPECT_NE(ended.find("    g:2: t: a\n"), std::string::npos);
}

TEST(Report, times) {
    const std::string json =
        times_json(run("kernel: boot\nt: a\n", "kernel: boot\nt: a\n").judge());
    EXPECT_NE(json.find("\"text\": \"t: a\""), std::string::npos) << json;
    EXPECT_NE(json.find("\"at_ns\": 2000000"), std::string::npos) << json;
    EXPECT_NE(json.find("\"complete\": true"), std::string::npos) << json;
}

}  // namespace
}  // namespace markers
