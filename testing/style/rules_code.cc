// testing/style/rules_code.cc: rules of C and C++.
#include <algorithm>
#include <regex>
#include <set>

#include "testing/style/functions.h"
#include "testing/style/rules.h"

namespace {

void add(std::vector<Finding> *findings, const char *rule, const SourceFile &file, int line,
         const std::string &text) {
    findings->push_back({rule, file.path, line, "", 1, text});
}

// What stands in every match of a pattern is looked for first: it takes a tenth of the time.
bool has_one_of(const std::string &line, std::initializer_list<const char *> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](const char *word) { return line.find(word) != std::string::npos; });
}

bool is_directive(const std::string &line) {
    const size_t first = line.find_first_not_of(" \t\v\f\r\n");
    return first != std::string::npos && line[first] == '#';
}

// Where atomics, volatile accesses and inline assembly are at home.
bool may_touch_the_machine(const SourceFile &file) {
    static const std::regex sim_switch(R"(kernel/arch/sim/fiber[\w]*\.[chS])");
    static const std::regex atomics(R"(base/(atomic|(host|riscv64)/atomic_point)\.h)");
    return std::regex_match(file.path, atomics) || file.is_below("kernel/arch/riscv64") ||
           file.is_below("runtime/riscv64") || file.path.ends_with(".S") ||
           std::regex_match(file.path, sim_switch);
}

// Code that also runs on the target, where all state is in one struct and nothing is chosen by #if.
bool is_target_code(const SourceFile &file) {
    bool below = file.is_below("base") || file.is_below("kernel") || file.is_below("runtime") ||
                 file.is_below("ipc") || file.is_below("services");
    bool host_only = file.is_below("kernel/arch/sim") || file.is_below("kernel/arch/threads") ||
                     file.is_below("base/host") || file.is_below("runtime/sim");
    return below && !host_only && file.kind == FileKind::kC;
}

void check_machine(const SourceFile &file, std::vector<Finding> *findings) {
    static const std::regex pattern(
        R"(\b__atomic_\w*|\b__sync_\w*|\bvolatile\b|\b(__)?asm(__)?\b|\b_Atomic\b|\bstdatomic\b)");
    const bool allowed_here = may_touch_the_machine(file);
    for (size_t i = 0; i < file.code.size(); i++) {
        std::smatch match;
        // The sanitizer's own prototypes say volatile.
        bool allowed = allowed_here || file.code[i].find("__asan_") != std::string::npos;
        if (!allowed && has_one_of(file.code[i], {"__", "volatile", "asm", "tomic"}) &&
            std::regex_search(file.code[i], match, pattern)) {
            add(findings, "machine_access", file, static_cast<int>(i) + 1,
                match.str() + ": atomics only in base/atomic.h, assembly only in a port");
        }
    }
}

void check_macros(const SourceFile &file, std::vector<Finding> *findings) {
    static const std::regex start(R"(^\s*#\s*define\b)");
    static const std::regex flow(R"(\b(return|goto|break|continue)\b)");
    bool inside = false;
    for (size_t i = 0; i < file.code.size(); i++) {
        inside = inside || (is_directive(file.code[i]) && std::regex_search(file.code[i], start));
        if (inside && std::regex_search(file.code[i], flow)) {
            add(findings, "macro_flow", file, static_cast<int>(i) + 1,
                "a macro hides control flow");
        }
        inside = inside && file.lines[i].ends_with("\\");
    }
}

void check_conditionals(const SourceFile &file, std::vector<Finding> *findings) {
    static const std::regex pattern(
        R"(^\s*#\s*(if|ifdef|ifndef|elif)\b(?!.*__cplusplus|.*__ASSEMBLER__))");
    for (size_t i = 0; i < file.code.size(); i++) {
        if (is_directive(file.code[i]) && std::regex_search(file.code[i], pattern) &&
            file.path != "base/compiler.h") {
            add(findings, "conditional", file, static_cast<int>(i) + 1,
                "choose a file with select() instead of lines with #if");
        }
    }
}

void check_statics(const SourceFile &file, std::vector<Finding> *findings) {
    static const std::regex variable(
        R"(^\s*(static|_Thread_local|thread_local)\b(?!.*\b(const|inline|constexpr)\b))"
        R"((?![^=;]*\()[^;]*[=;])");
    for (size_t i = 0; i < file.code.size(); i++) {
        if (has_one_of(file.code[i], {"static", "hread_local"}) &&
            std::regex_search(file.code[i], variable)) {
            add(findings, "static_variable", file, static_cast<int>(i) + 1,
                "all state is in one struct that is passed");
        }
    }
}

// A function that needs a lock says so where it is declared: in a header, or where it is static.
void check_locked(const SourceFile &file, std::vector<Finding> *findings) {
    static const std::regex declaration(R"(^[^(=]*\b\w+_locked\()");
    for (size_t i = 0; i < file.code.size(); i++) {
        if (file.code[i].find_first_of(" }#") == 0 || file.code[i].empty()) {
            continue;
        }
        std::string whole = file.code[i];
        for (size_t j = i + 1;
             j < file.code.size() && whole.find_first_of(";{") == std::string::npos; j++) {
            whole += " " + file.code[j];
        }
        bool first = file.is_header() || whole.find("static ") != std::string::npos;
        if (first && std::regex_search(whole, declaration) &&
            whole.find("REQUIRES(") == std::string::npos &&
            whole.find("RELEASES(") == std::string::npos) {
            add(findings, "lock_annotation", file, static_cast<int>(i) + 1,
                "ends in _locked and says neither REQUIRES(which lock) nor RELEASES");
        }
    }
}

// Who may go on without looking: an answer whose caller has given up, a route that the next attempt
// finds out about, a reader that remembers that it has failed, a bug that is not planted.
bool may_be_ignored(const std::string &function) {
    static const std::set<std::string> names = {"ipc_answer", "ipc_resolver_reroute", "plant_fires",
                                                "wire_skip"};
    return names.count(function) != 0;
}

// What came of a call of the client library is looked at by who made it.
void check_outcomes(const SourceFile &file, std::vector<Finding> *findings) {
    static const std::regex outcome(
        R"(^(static )?(inline |ALWAYS_INLINE )*(bool|struct ipc_outcome|struct slot_result|)"
        R"(enum (ipc_error|status|budget_verdict|(inbox|block|bulk|ring)_\w+)) (\w+)\()");
    for (size_t i = 0; i < file.code.size(); i++) {
        std::smatch match;
        if (std::regex_search(file.code[i], match, outcome) &&
            !may_be_ignored(match[match.size() - 1])) {
            add(findings, "unmarked_outcome", file, static_cast<int>(i) + 1,
                "the outcome may be ignored: WARN_UNUSED");
        }
    }
}

// Every wait of a service has an end, also where nothing is expected to come.
void check_endless(const SourceFile &file, std::vector<Finding> *findings) {
    static const std::regex wait(R"(\bsys_ipc_(call|send|recv|recv_drop_cap|reply_recv)\s*\()");
    static const std::regex never(R"(\b(deadline|ns|deadline_ns)\s*=\s*\{?\s*UINT64_MAX\b)");
    for (size_t i = 0; i < file.code.size(); i++) {
        std::smatch match;
        std::string call;
        if (std::regex_search(file.code[i], match, wait)) {
            call = file.code[i].substr(static_cast<size_t>(match.position()));
        }
        for (size_t j = i + 1;
             !call.empty() && call.find(';') == std::string::npos && j < file.code.size(); j++) {
            call += " " + file.code[j];
        }
        if (call.substr(0, call.find(';')).find("UINT64_MAX") != std::string::npos ||
            std::regex_search(file.code[i], never)) {
            add(findings, "endless_wait", file, static_cast<int>(i) + 1,
                "a wait without an end: a service has a deadline for each");
        }
    }
}

void check_header(const SourceFile &file, std::vector<Finding> *findings) {
    auto is_once = [](const std::string &line) { return line == "#pragma once"; };
    auto once = std::find_if(file.code.begin(), file.code.end(), is_once);
    if (once == file.code.end()) {
        add(findings, "pragma_once", file, 1, "no #pragma once");
    }
    for (auto line = file.code.begin(); line != once; line++) {
        if (line->find_first_not_of(' ') != std::string::npos) {
            add(findings, "pragma_once", file, static_cast<int>(line - file.code.begin()) + 1,
                "code before #pragma once");
            return;
        }
    }
}

void check_opening(const SourceFile &file, std::vector<Finding> *findings) {
    std::string first = file.lines.empty() ? "" : file.comments[0];
    bool names_itself = first.find(file.name()) != std::string::npos;
    bool is_comment = first.find_first_not_of(' ') != std::string::npos;
    bool wanted = file.is_header() ? !names_itself : file.kind == FileKind::kC && !is_comment;
    wanted = wanted && !file.is_below("third_party");
    if (wanted) {
        add(findings, "opening_comment", file, 1,
            "the first line is a comment that says what the file is for; a header's names it");
    }
}

void check_includes(const SourceFile &file, std::vector<Finding> *findings) {
    static const std::regex pattern(R"rx(^\s*#\s*include\s+"([^"/]*|\.\.?/.*)")rx");
    for (size_t i = 0; i < file.lines.size(); i++) {
        if (is_directive(file.lines[i]) && std::regex_search(file.lines[i], pattern)) {
            add(findings, "include_path", file, static_cast<int>(i) + 1,
                "include from the root of the tree");
        }
    }
}

const std::regex &request_pattern() {
    static const std::regex pattern(
        R"(\b(sys_ipc_(call|send)|ipc_(call|ask|tell|manage|boot_route(_for)?|client_(send|tell|)"
        R"(manage|notify|grant))|timed_call)\s*\()");
    return pattern;
}

std::string code_of(const SourceFile &file, const Function &function) {
    std::string text;
    for (int line = function.first_line; line <= function.last_line; line++) {
        text += file.code[static_cast<size_t>(line) - 1] + "\n";
    }
    return text;
}

bool calls_one_of(const std::string &text, const std::set<std::string> &names) {
    return std::any_of(names.begin(), names.end(), [&](const std::string &name) {
        return std::regex_search(text, std::regex("\\b" + name + "\\s*\\("));
    });
}

// The functions of the file that make a request, themselves or by others of it.
std::set<std::string> functions_that_ask(const SourceFile &file,
                                         const std::vector<Function> &functions) {
    std::set<std::string> asking;
    bool grows = true;
    while (grows) {  // Ends: there are so many functions.
        const size_t before = asking.size();
        for (const Function &function : functions) {
            const std::string text = code_of(file, function);
            const std::string body = text.substr(std::min(text.find('{'), text.size()));
            if (std::regex_search(body, request_pattern()) || calls_one_of(body, asking)) {
                asking.insert(function.name);
            }
        }
        grows = asking.size() != before;
    }
    return asking;
}

// A loop over different questions says so at its head, or in the line above.
bool says_why_it_asks(const SourceFile &file, const Loop &loop) {
    for (int line = std::max(loop.line - 1, 1); line <= loop.line; line++) {
        if (file.comments[static_cast<size_t>(line) - 1].find("question of its own") !=
            std::string::npos) {
            return true;
        }
    }
    return false;
}

// Of a service's file: selftest plays every part there is.
void check_helpers_in_loops(const SourceFile &file, const std::vector<Function> &functions,
                            std::vector<Finding> *findings) {
    if (!file.is_below("services") || file.is_below("services/selftest") ||
        file.path.ends_with(".cc")) {
        return;
    }
    const std::set<std::string> asking = functions_that_ask(file, functions);
    for (const Function &function : functions) {
        for (const Loop &loop : function.loops) {
            if (calls_one_of(loop.body, asking) && !says_why_it_asks(file, loop)) {
                add(findings, "retry_loop", file, loop.line,
                    function.name +
                        ": a loop around a function that asks; if each is a question "
                        "of its own, a comment at its head says so");
            }
        }
    }
}

}  // namespace

void check_code(const SourceFile &file, std::vector<Finding> *findings) {
    if (!file.is_code()) {
        return;
    }
    check_machine(file, findings);
    check_macros(file, findings);
    check_includes(file, findings);
    check_opening(file, findings);
    if (file.is_header()) {
        check_header(file, findings);
    }
    // A file made to be caught by another test.
    bool planted = file.path.ends_with("_for_test.c");
    if (is_target_code(file) && !planted) {
        check_conditionals(file, findings);
        check_statics(file, findings);
        check_locked(file, findings);
    }
    if (file.is_below("ipc") && file.is_header()) {
        check_outcomes(file, findings);
    }
    // selftest plays every part there is.
    if (file.is_below("services") && is_target_code(file) && !file.is_below("services/selftest")) {
        check_endless(file, findings);
    }
}

void check_functions(const SourceFile &file, std::vector<Finding> *findings) {
    static const std::regex receive(R"(\bsys_ipc_(recv|recv_drop_cap|reply_recv)\s*\()");
    static const std::regex answer(R"(\bsys_ipc_reply\w*\s*\(|\bRECEIVED_(CALL|SEND)\b)");
    bool reads_as_c = file.is_code() && !file.path.ends_with(".S") && !file.path.ends_with(".ld") &&
                      !file.path.ends_with(".def");
    const std::vector<Function> functions =
        reads_as_c ? find_functions(file) : std::vector<Function>();
    check_helpers_in_loops(file, functions, findings);
    for (const Function &function : functions) {
        auto limit = [&](const char *rule, int line, int value, int max, const char *what) {
            if (value > max) {
                std::string text = function.name + ": " + std::to_string(value) + " " + what +
                                   ", limit " + std::to_string(max);
                findings->push_back({rule, file.path, line, function.name, value, text});
            }
        };
        limit("function_lines", function.first_line, function.line_count(), kFunctionLinesMax,
              "lines");
        limit("nesting", function.nesting_line, function.nesting, kNestingMax, "nested blocks");
        limit("parameters", function.first_line, function.parameter_count, kParametersMax,
              "parameters");
        // init supervises who serves; selftest plays every part there is.
        bool has_its_own = file.is_below("services/init") || file.is_below("services/selftest") ||
                           !file.is_below("services") || file.path.ends_with(".cc");
        for (const Loop &loop : function.loops) {
            if (!has_its_own && std::regex_search(loop.body, receive) &&
                std::regex_search(loop.body, answer)) {
                add(findings, "service_loop", file, loop.line,
                    function.name +
                        ": serves in a loop of its own; the one loop is ipc/server.h's");
            }
            if (file.is_below("services") && !file.path.ends_with(".cc") &&
                std::regex_search(loop.body, request_pattern())) {
                add(findings, "retry_loop", file, loop.line,
                    function.name + ": a request in a loop; retrying is the client library's");
            }
        }
    }
}
