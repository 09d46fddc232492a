// testing/style/rules_test.cc: each rule finds what it is for, and leaves alone what looks like it.
#include <gtest/gtest.h>

#include "testing/style/functions.h"
#include "testing/style/rules.h"

namespace {

constexpr int kColumns = 100;

std::vector<std::string> rules_broken(const std::string &path, const std::string &text) {
    SourceFile file = source_file_make(path, text);
    std::vector<Finding> findings;
    check_text(file, kColumns, &findings);
    check_code(file, &findings);
    check_draws(file, &findings);
    check_functions(file, &findings);
    check_build_file(file, &findings);
    check_shell(file, &findings);
    std::vector<std::string> rules;
    for (const Finding &finding : findings) {
        rules.push_back(finding.rule);
    }
    return rules;
}

std::vector<std::string> tree_rules_broken(
    const std::vector<std::pair<std::string, std::string>> &texts) {
    std::vector<SourceFile> files;
    for (const auto &[path, text] : texts) {
        files.push_back(source_file_make(path, text));
    }
    std::vector<Finding> findings;
    check_tree(files, &findings);
    std::vector<std::string> rules;
    for (const Finding &finding : findings) {
        rules.push_back(finding.rule + " " + finding.path);
    }
    return rules;
}

using Rules = std::vector<std::string>;

std::string code(const std::string &body) {
    return "// x.c: a file.\n" + body;
}

std::string body_of_lines(int count) {
    std::string text = "int f(void) {\n";
    for (int i = 2; i < count; i++) {
        text += "    g();\n";
    }
    return text + "}\n";
}

TEST(Style, a_clean_file_breaks_no_rule) {
    EXPECT_EQ(rules_broken("ipc/x.c", code("int f(int a) {\n    return a;\n}\n")), Rules());
}

TEST(Style, test_reject_long_line) {
    std::string line(kColumns - 3, 'a');
    EXPECT_EQ(rules_broken("ipc/x.c", code("// " + line + "\n")), Rules());
    EXPECT_EQ(rules_broken("ipc/x.c", code("// " + line + "a\n")), Rules({"line_length"}));
}

TEST(Style, tables_may_be_wider) {
    EXPECT_EQ(rules_broken("ipc/x.def", "// " + std::string(kTableColumnsMax - 3, 'a') + "\n"),
              Rules());
    EXPECT_EQ(rules_broken("ipc/x.def", "// " + std::string(kTableColumnsMax - 2, 'a') + "\n"),
              Rules({"line_length"}));
}

TEST(Style, test_reject_long_file) {
    std::string text = code("");
    for (int i = 1; i < kFileLinesMax; i++) {
        text += "\n";
    }
    EXPECT_EQ(rules_broken("ipc/x.c", text), Rules());
    EXPECT_EQ(rules_broken("ipc/x.c", text + "\n"), Rules({"file_lines"}));
}

TEST(Style, test_reject_long_function) {
    EXPECT_EQ(rules_broken("ipc/x.c", code(body_of_lines(kFunctionLinesMax))), Rules());
    EXPECT_EQ(rules_broken("ipc/x.c", code(body_of_lines(kFunctionLinesMax + 1))),
              Rules({"function_lines"}));
}

TEST(Style, test_reject_deep_nesting) {
    std::string three = "if (a) { for (;;) { while (b) { c(); } } }";
    std::string four = "if (a) { for (;;) { while (b) { do { c(); } while (d); } } }";
    EXPECT_EQ(rules_broken("ipc/x.c", code("void f(void) { " + three + " }\n")), Rules());
    EXPECT_EQ(rules_broken("ipc/x.c", code("void f(void) { " + four + " }\n")), Rules({"nesting"}));
}

TEST(Style, initializers_are_no_nesting) {
    std::string text =
        "void f(void) {\n    struct a x = {.b = {{1}, {{2}}}};\n    g(&(struct a){{{{3}}}});\n}\n";
    EXPECT_EQ(rules_broken("ipc/x.c", code(text)), Rules());
}

TEST(Style, test_reject_sixth_parameter) {
    EXPECT_EQ(rules_broken("ipc/x.c", code("void f(int a, int b, int c, int d, int e) {\n}\n")),
              Rules());
    EXPECT_EQ(
        rules_broken("ipc/x.c", code("void f(int a, int b, int c, int d, int e, int g) {\n}\n")),
        Rules({"parameters"}));
}

TEST(Style, functions_are_found) {
    std::string text = code(
        "struct s { int a; };\nstatic const int t[] = {1, 2};\nWARN_UNUSED static ALWAYS_INLINE "
        "int f(int a)\n    REQUIRES(lock) {\n    if (a) {\n"
        "        return 1;\n    }\n    return 0;\n}\nint g(void) {\n    return 0;\n}\n");
    std::vector<Function> functions = find_functions(source_file_make("ipc/x.c", text));
    ASSERT_EQ(functions.size(), 2u);
    EXPECT_EQ(functions[0].name, "f");
    EXPECT_EQ(functions[0].first_line, 4);
    EXPECT_EQ(functions[0].last_line, 10);
    EXPECT_EQ(functions[0].parameter_count, 1);
    EXPECT_EQ(functions[0].nesting, 1);
    EXPECT_EQ(functions[1].name, "g");
    EXPECT_EQ(functions[1].parameter_count, 0);
}

TEST(Style, methods_and_lambdas_are_found) {
    std::string text = code(
        "namespace a {\nclass B : public C {\n  public:\n    explicit B(int x) : x_(x), y_{x} {}\n "
        "   int get() const {\n"
        "        return run([&](int v) { return v; });\n    }\n};\n}\n");
    std::vector<Function> functions = find_functions(source_file_make("tools/x.cc", text));
    ASSERT_EQ(functions.size(), 2u);
    EXPECT_EQ(functions[0].name, "B");
    EXPECT_EQ(functions[1].name, "get");
    EXPECT_EQ(functions[1].last_line, 8);
    EXPECT_EQ(functions[1].nesting, 1);
}

TEST(Style, test_reject_machine_access) {
    for (const char *text : {"volatile int a;\n", "int b = __atomic_load_n(c, 0);\n",
                             "void d(void) { __sync_synchronize(); }\n",
                             "void e(void) { __asm__(\"\"); }\n", "_Atomic int g;\n"}) {
        EXPECT_EQ(rules_broken("kernel/core/x.c", code(text)), Rules({"machine_access"})) << text;
        EXPECT_EQ(rules_broken("kernel/arch/riscv64/x.c", code(text)), Rules()) << text;
    }
    EXPECT_EQ(rules_broken("ipc/x.c", code("// volatile\nconst char *a = \"volatile\";\n")),
              Rules());
}

TEST(Style, test_reject_unfinished_work) {
    EXPECT_EQ(rules_broken("ipc/x.c", code("// "
                                           "TODO: more\n")),
              Rules({"unfinished"}));
    EXPECT_EQ(rules_broken("ipc/README.md", "FIXME\n"), Rules({"unfinished"}));
    EXPECT_EQ(rules_broken("ipc/README.md", "The word `TODO` is refused.\n"), Rules());
}

TEST(Style, test_reject_figure_without_a_reason) {
    const std::string path = "testing/budgets/x.budget";
    EXPECT_EQ(rules_broken(path, "call 249 two entries\necho 1402 say here why\n"),
              Rules({"budget_reason"}));
    EXPECT_EQ(rules_broken(path, "echo <1402 say here why\n"), Rules({"budget_reason"}));
    EXPECT_EQ(rules_broken(path, "# say here why\necho 1402 the call; to say here why not less\n"),
              Rules());
    EXPECT_EQ(rules_broken("ipc/x.sh", "echo say here why\n"), Rules());
}

TEST(Style, test_reject_header_without_pragma_once) {
    EXPECT_EQ(rules_broken("ipc/x.h", "// ipc/x.h: nothing.\nint f(void);\n"),
              Rules({"pragma_once", "pragma_once"}));
    EXPECT_EQ(rules_broken("ipc/x.h", "// ipc/x.h: nothing.\n#pragma once\nint f(void);\n"),
              Rules());
}

TEST(Style, test_reject_header_that_does_not_name_itself) {
    EXPECT_EQ(rules_broken("ipc/x.h", "// ipc/y.h: nothing.\n#pragma once\n"),
              Rules({"opening_comment"}));
}

TEST(Style, test_reject_macro_with_control_flow) {
    EXPECT_EQ(rules_broken("ipc/x.c", code("#define CHECK(a) \\\n    if (!(a)) { return; }\n")),
              Rules({"macro_flow"}));
    EXPECT_EQ(rules_broken("ipc/x.c",
                           code("#define TWICE(a) ((a) * 2)\nint f(void) {\n    return 1;\n}\n")),
              Rules());
}

TEST(Style, test_reject_conditional_code_on_the_target) {
    EXPECT_EQ(rules_broken("kernel/core/x.c", code("#ifdef DEBUG\n#endif\n")),
              Rules({"conditional"}));
    EXPECT_EQ(rules_broken("kernel/core/x.c", code("#ifdef __cplusplus\n#endif\n")), Rules());
    EXPECT_EQ(rules_broken("tools/x.cc", code("#ifdef DEBUG\n#endif\n")), Rules());
}

TEST(Style, test_reject_static_variable_on_the_target) {
    EXPECT_EQ(rules_broken("services/a/x.c", code("static int count;\n")),
              Rules({"static_variable"}));
    EXPECT_EQ(rules_broken("services/a/x.c", code("static int count = 0;\n")),
              Rules({"static_variable"}));
    EXPECT_EQ(
        rules_broken("services/a/x.c", code("static const int a = 0;\nstatic int f(int b);\n")),
        Rules());
}

TEST(Style, test_reject_locked_function_that_names_no_lock) {
    const char *body = " {\n    g_locked(e);\n}\n";
    EXPECT_EQ(rules_broken("kernel/core/x.c",
                           code(std::string("static int f_locked(struct e *e,\n                 "
                                            "   int a)") +
                                body)),
              Rules({"lock_annotation"}));
    EXPECT_EQ(rules_broken("kernel/core/x.c",
                           code(std::string("static int f_locked(struct e *e,\n                 "
                                            "   int a) REQUIRES(e->lock)") +
                                body)),
              Rules());
    EXPECT_EQ(rules_broken("kernel/core/x.h",
                           "// x.h: a file.\n#pragma once\nint f_locked(struct e *e);\n"),
              Rules({"lock_annotation"}));
    // What a header declares is defined without saying it again.
    EXPECT_EQ(
        rules_broken("kernel/core/x.c", code(std::string("int f_locked(struct e *e)") + body)),
        Rules());
}

TEST(Style, test_reject_retry_loop_in_a_service) {
    std::string text =
        code("void f(void) {\n    while (a) {\n        sys_ipc_call(b, c);\n    }\n}\n");
    EXPECT_EQ(rules_broken("services/a/x.c", text), Rules({"retry_loop"}));
    EXPECT_EQ(rules_broken("ipc/x.c", text), Rules());
    for (const char *name :
         {"sys_ipc_send", "ipc_call", "ipc_ask", "ipc_tell", "ipc_manage", "ipc_client_notify",
          "ipc_boot_route", "ipc_boot_route_for", "timed_call"}) {
        std::string one = code("void f(void) {\n    for (;;) {\n        " + std::string(name) +
                               "(b, c);\n    }\n}\n");
        EXPECT_EQ(rules_broken("services/a/x.c", one), Rules({"retry_loop"})) << name;
    }
}

TEST(Style, test_reject_retry_loop_around_a_function_that_asks) {
    const std::string asks = "static void a(void) {\n    ipc_ask(x);\n}\n\n";
    const std::string passes = "static void b(void) {\n    a();\n}\n\n";
    const std::string loop = "void f(void) {\n    while (c) {\n        b();\n    }\n}\n";
    EXPECT_EQ(rules_broken("services/a/x.c", code(asks + passes + loop)), Rules({"retry_loop"}));
    EXPECT_EQ(rules_broken("services/a/x.c", code(passes + loop)), Rules()) << "nobody asks";
    for (const char *path : {"ipc/x.c", "services/selftest/x.c"}) {
        EXPECT_EQ(rules_broken(path, code(asks + passes + loop)), Rules()) << path;
    }
    std::string said = code(asks + passes + loop);
    said.replace(said.find("while (c) {"), 11, "while (c) {  // Each a question of its own.");
    EXPECT_EQ(rules_broken("services/a/x.c", said), Rules());
}

TEST(Style, test_reject_two_draws_in_no_order) {
    for (const char *statement :
         {"a = sys_clock_get() + 1 + sim_user_random(9)", "f(random(), g(random_()))",
          "a = (*random)() % 3 - (*random)()", "f(dice.below(3), 1, dice.below(4))",
          "if (a < Below(2) * (1 + Below(3)))", "f(b ? random() : 0, in_us(3))",
          "f(sys_a(),\n      sys_b())"}) {
        EXPECT_EQ(rules_broken("testing/x.cc", code("x = 1;\n" + std::string(statement) + ";\n")),
                  Rules({"one_draw"}))
            << statement;
    }
    for (const char *statement :
         {"a = now_ns + sim_user_random(9)", "sim_user_work(sim_user_random(3))",
          "a = random() % 2 == 0 ? random() : in_us(1)", "if (below(2) == 0 && (c || below(3)))",
          "for (i = random(); i < random(); i++)", "int a = random(), b = random()",
          "f(random, below, a.is_below(b), std::x(random()))", "f(b, in_us(sim_user_random(2)))"}) {
        EXPECT_EQ(rules_broken("testing/x.cc", code(std::string(statement) + ";\n")), Rules())
            << statement;
    }
}

TEST(Style, test_reject_outcome_that_may_be_ignored) {
    const std::string head = "// x.h: for a test.\n#pragma once\n";
    for (const char *function :
         {"struct ipc_outcome a(int b);", "enum ipc_error a(int b);", "enum status a(int b);",
          "static inline enum bulk_error a(int b);", "enum block_result a(int b,\n    int c);",
          "struct slot_result a(int b);", "enum ring_result a(int b);"}) {
        const std::string text = function;
        EXPECT_EQ(rules_broken("ipc/x.h", head + text + "\n"), Rules({"unmarked_outcome"})) << text;
        EXPECT_EQ(rules_broken("ipc/x.h", head + "WARN_UNUSED " + text + "\n"), Rules()) << text;
        EXPECT_EQ(rules_broken("runtime/x.h", head + text + "\n"), Rules()) << text;
    }
    EXPECT_EQ(rules_broken("ipc/x.h", head + "struct ipc_outcome {\n    int a;\n};\n"), Rules());
}

TEST(Style, test_reject_loop_of_its_own_in_a_service) {
    for (const char *body :
         {"sys_ipc_reply_recv(a, b, c);", "x = sys_ipc_recv(a, b); sys_ipc_reply(c);",
          "x = sys_ipc_recv_drop_cap(a, b); if (x == RECEIVED_CALL) { f(); }"}) {
        std::string loop =
            code("void f(void) {\n    while (a) {\n        " + std::string(body) + "\n    }\n}\n");
        EXPECT_EQ(rules_broken("services/a/x.c", loop), Rules({"service_loop"})) << body;
        for (const char *path : {"services/init/x.c", "services/selftest/x.c", "ipc/x.c"}) {
            EXPECT_EQ(rules_broken(path, loop), Rules()) << path;
        }
        std::string once = code("void f(void) {\n    " + std::string(body) + "\n}\n");
        EXPECT_EQ(rules_broken("services/a/x.c", once), Rules()) << body;
    }
    // A driver that waits for its device serves nobody.
    std::string waits =
        code("void f(void) {\n    while (a) {\n        sys_ipc_recv(b, c);\n    }\n}\n");
    EXPECT_EQ(rules_broken("services/a/x.c", waits), Rules());
}

TEST(Style, test_reject_include_from_the_same_folder) {
    EXPECT_EQ(rules_broken("ipc/x.c", code("#include \"x.h\"\n")), Rules({"include_path"}));
    EXPECT_EQ(rules_broken("ipc/x.c", code("#include \"ipc/x.h\"\n#include <stdint.h>\n")),
              Rules());
}

TEST(Style, test_reject_characters_outside_ascii) {
    EXPECT_EQ(rules_broken("ipc/README.md", "caf\xc3\xa9\n"), Rules({"plain_text"}));
    EXPECT_EQ(rules_broken("ipc/README.md", "\ta\n"), Rules({"plain_text"}));
}

TEST(Style, test_reject_space_at_the_end_and_line_without_end) {
    EXPECT_EQ(rules_broken("ipc/README.md", "a \n"), Rules({"trailing_space"}));
    EXPECT_EQ(rules_broken("ipc/README.md", "a"), Rules({"final_newline"}));
}

TEST(Style, test_reject_machine_path_and_host_name) {
    EXPECT_EQ(rules_broken("ipc/README.md",
                           "see /"
                           "home/me\n"),
              Rules({"machine_path"}));
    EXPECT_EQ(rules_broken("ipc/README.md", "see kernel/home/me and /usr/bin\n"), Rules());
    EXPECT_EQ(rules_broken("ipc/README.md",
                           "from registry.example"
                           ".com\n"),
              Rules({"host_name"}));
    EXPECT_EQ(rules_broken("ipc/README.md",
                           "http:"
                           "//10.0.0.1/a\n"),
              Rules({"host_name"}));
    // The name of a format.
    EXPECT_EQ(rules_broken("ipc/README.md",
                           "<svg xmlns=\"http:"
                           "//www.w3."
                           "org/2000/svg\">\n"),
              Rules());
    EXPECT_EQ(rules_broken("ipc/README.md",
                           "<svg href=\"http:"
                           "//www.w3."
                           "org/2000/svg\">\n"),
              Rules({"host_name"}));
    // RFC 2606: such a name never resolves.
    EXPECT_EQ(rules_broken("ipc/README.md", "http://lines.invalid/debian\n"), Rules());
    EXPECT_EQ(rules_broken("ipc/README.md", "http://127.0.0.1:8080 and http://localhost\n"),
              Rules());
}

TEST(Style, test_reject_interpreters) {
    EXPECT_EQ(rules_broken("tools/x", "#!/usr/bin/env python3\n"), Rules({"interpreter"}));
    EXPECT_EQ(rules_broken("tools/x.sh", "#!/bin/sh\nls | awk '{print}'\n"),
              Rules({"interpreter"}));
    EXPECT_EQ(rules_broken("tools/x.sh", "#!/bin/sh\n# no awk here\nls\n"), Rules());
}

TEST(Style, test_reject_host_programs) {
    for (const char *line : {"grep x y", "a | sed s/a/b/", "if cmp a b; then",
                             "x=$(find . -type f)", "    diff a b || true", "a && tar -x"}) {
        EXPECT_EQ(rules_broken("testing/x.sh", "#!/bin/sh\n" + std::string(line) + "\n"),
                  Rules({"host_program"}))
            << line;
    }
    EXPECT_EQ(rules_broken("testing/x.sh", "#!/bin/sh\n# sed is not there\necho find it\n"),
              Rules());
    EXPECT_EQ(rules_broken("toolchains/packages/apt.sh", "#!/bin/sh\ngrep x y\n"), Rules());
}

TEST(Style, test_reject_build_file) {
    std::string head =
        "\"\"\"A thing.\"\"\"\n\npackage(default_visibility = [\"//visibility:private\"])\n";
    EXPECT_EQ(rules_broken("ipc/BUILD.bazel", head), Rules());
    EXPECT_EQ(rules_broken("ipc/BUILD.bazel", "cc_library()\n"),
              Rules({"build_docstring", "build_visibility"}));
    EXPECT_EQ(rules_broken("ipc/BUILD.bazel", head + "x = glob([\"*.c\"])\n"), Rules({"glob"}));
    EXPECT_EQ(rules_broken("ipc/BUILD.bazel", head + "cc_test(\n    name = \"a\",\n)\n"),
              Rules({"test_size"}));
    EXPECT_EQ(rules_broken("ipc/BUILD.bazel",
                           head + "cc_test(\n    name = \"a\",\n    size = \"small\",\n)\n"),
              Rules());
}

constexpr const char *kReadme =
    "# ipc\n\n## What lives here\n\n## May depend on\n\n## Start reading at\n";

TEST(Style, test_reject_folder_without_readme) {
    EXPECT_EQ(tree_rules_broken({{"ipc/x.c", ""}}), Rules({"readme ipc/README.md"}));
    EXPECT_EQ(tree_rules_broken({{"ipc/README.md", kReadme}}), Rules());
    EXPECT_EQ(
        tree_rules_broken({{"ipc/README.md", "# ipc\n\n## What lives here\n\n## May depend on\n"}}),
        Rules({"readme ipc/README.md"}));
}

TEST(Style, test_reject_package_without_row) {
    std::string list = "testing/style/packages.bzl";
    std::string rows = "PACKAGES = [\n    \"ipc\",\n    \"testing/style\",\n]\n";
    std::vector<std::pair<std::string, std::string>> tree = {{"ipc/README.md", kReadme},
                                                             {"ipc/BUILD.bazel", ""},
                                                             {"testing/style/README.md", kReadme},
                                                             {"testing/style/BUILD.bazel", ""},
                                                             {list, rows}};
    EXPECT_EQ(tree_rules_broken(tree), Rules());
    tree[1].second = "deps = [\"//services/timed:logic\"]\n";
    EXPECT_EQ(tree_rules_broken(tree), Rules({"package_listed " + list}));
    tree[1].second = "";
    tree[4].second = "PACKAGES = [\n    \"ipc\",\n    \"gone\",\n    \"testing/style\",\n]\n";
    EXPECT_EQ(tree_rules_broken(tree), Rules({"package_listed " + list}));
}

TEST(Style, test_reject_map_of_rejections_that_names_what_is_not_there) {
    const std::string table = "testing/rejections.md";
    const std::string row = "| x | `test_reject_x`, `a: x` | `ipc/x_test.cc`, `ipc/README.md` |\n";
    std::vector<std::pair<std::string, std::string>> tree = {
        {"testing/README.md", kReadme},
        {table, "# Rejections\n\n| refused | test | where |\n| --- | --- | --- |\n" + row},
        {"ipc/x_test.cc", "TEST(X, test_reject_x) {}\n"},
        {"ipc/README.md", std::string(kReadme) + "\na: x\n"}};
    EXPECT_EQ(tree_rules_broken(tree), Rules());
    tree[2].second = "TEST(X, test_reject_xy) {}\n";  // The name is gone, so the file has none.
    EXPECT_EQ(tree_rules_broken(tree), Rules({"rejection " + table, "rejection " + table}));
    tree[2].second = "TEST(X, test_reject_x) {}\n";
    tree[3].second = kReadme;
    EXPECT_EQ(tree_rules_broken(tree), Rules({"rejection " + table, "rejection " + table}));
    tree[1].second = "| x | `test_reject_x` |\n";
    EXPECT_EQ(tree_rules_broken(tree), Rules({"rejection " + table}));
}

TEST(Baseline, covers_what_it_names_and_no_more) {
    auto baseline = baseline_parse("# why\n\nfunction_lines ipc/x.c f 80\nhost_name ipc/y.c - 2\n");
    std::vector<Finding> findings = {{"function_lines", "ipc/x.c", 3, "f", 80, "long"},
                                     {"host_name", "ipc/y.c", 1, "", 1, "a"},
                                     {"host_name", "ipc/y.c", 2, "", 1, "b"}};
    EXPECT_EQ(baseline_compare(baseline, findings), Rules());
    findings[0].measure = 81;
    EXPECT_EQ(baseline_compare(baseline, findings), Rules({"ipc/x.c:3: long [function_lines]"}));
}

TEST(Baseline, test_reject_row_that_allows_too_much) {
    auto baseline = baseline_parse("function_lines ipc/x.c f 80\n");
    std::string row = "testing/style/baseline.txt: `function_lines ipc/x.c f 80` allows too much: ";
    EXPECT_EQ(baseline_compare(baseline, {{"function_lines", "ipc/x.c", 3, "f", 75, "long"}}),
              Rules({row + "lower it to 75"}));
    EXPECT_EQ(baseline_compare(baseline, {}), Rules({row + "remove the row"}));
}

TEST(Baseline, test_reject_malformed_row) {
    EXPECT_THROW(baseline_parse("function_lines ipc/x.c f\n"), std::runtime_error);
    EXPECT_THROW(baseline_parse("function_lines ipc/x.c f 0\n"), std::runtime_error);
    EXPECT_THROW(baseline_parse("a b c 1\na b c 2\n"), std::runtime_error);
}

TEST(Style, column_limit_comes_from_clang_format) {
    EXPECT_EQ(column_limit_of("BasedOnStyle: Google\nColumnLimit: 100\n"), 100);
    EXPECT_THROW(column_limit_of("BasedOnStyle: Google\n"), std::runtime_error);
}

}  // namespace
