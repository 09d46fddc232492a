// testing/mutation/mutate.cc: see mutate.h. Statements are found by their brackets and semicolons,
// which works because every block of the tree has braces; operands by the precedence of what stands
// around them.
#include "testing/mutation/mutate.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <utility>

#include "testing/mutation/edits.h"
#include "testing/mutation/lexer.h"

namespace mutation {

namespace {

using names = std::set<std::string_view>;

const names BLOCK_HEADS = {"if", "while", "for", "switch"};
const names TYPE_WORDS = {"const",    "static",   "struct", "enum",  "union",
                          "volatile", "unsigned", "signed", "int",   "char",
                          "bool",     "void",     "long",   "short", "typedef"};
// What is left as it is, with its arguments.
const names LEFT_ALONE = {"KASSERT",  "BASE_STATIC_ASSERT", "sizeof",
                          "offsetof", "UINT64_C",           "INT64_C",
                          "UINT32_C", "fault_point_fires"};
const names ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="};
const names LOGICAL = {"&&", "||"};

// What each comparison becomes: off by one, turned around.
const std::map<std::string_view, std::vector<std::string>> COMPARISONS = {
    {"<", {"<=", ">="}}, {"<=", {"<", ">"}}, {">", {">=", "<="}},
    {">=", {">", "<"}},  {"==", {"!="}},     {"!=", {"=="}}};

const std::map<std::string_view, int> PRECEDENCES = {
    {"||", 1}, {"&&", 2}, {"|", 3}, {"^", 4},  {"&", 5},  {"==", 6},
    {"!=", 6}, {"<", 7},  {">", 7}, {"<=", 7}, {">=", 7}, {"<<", 8},
    {">>", 8}, {"+", 9},  {"-", 9}, {"*", 10}, {"/", 10}, {"%", 10}};

struct range {
    std::size_t begin;  // Of tokens.
    std::size_t end;
};

bool is_type_name(std::string_view name) {
    return TYPE_WORDS.count(name) != 0 || (name.size() > 2 && name.substr(name.size() - 2) == "_t");
}

// As constants are written: an enumerator or a macro.
bool is_constant_name(std::string_view name) {
    return name.size() > 2 && name.substr(0, 12) != "FAULT_POINT_" &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return c == '_' || std::isupper(static_cast<unsigned char>(c)) != 0 ||
                      std::isdigit(static_cast<unsigned char>(c)) != 0;
           });
}

class mutator {
  public:
    mutator(std::string_view source, std::string path)
        : source_(source), path_(std::move(path)), tokens_(lex(source)) {}

    mutated_file run() {
        for (std::size_t i = 0; i < tokens_.size(); i++) {
            if (is(i, "{") && i > 0 && is(i - 1, ")")) {
                block({i + 1, tokens_[i].match});
            }
            i = std::max(i, tokens_[i].match);  // Over what a bracket holds.
        }
        return {edits_.apply(source_), std::move(mutants_)};
    }

  private:
    bool is(std::size_t i, std::string_view text) const {
        return i < tokens_.size() && tokens_[i].text == text;
    }

    bool is_one_of(std::size_t i, const names &set) const {
        return i < tokens_.size() && set.count(tokens_[i].text) != 0;
    }

    bool is_name(std::size_t i) const {
        return i < tokens_.size() && tokens_[i].kind == token_kind::NAME;
    }

    bool opens(std::size_t i) const {
        return tokens_[i].match > i;
    }

    bool closes(std::size_t i) const {
        return tokens_[i].match < i;
    }

    // The number of a new mutant, as the mutated file asks for it.
    std::string add(std::size_t i, const std::string &change) {
        const std::size_t begin = source_.rfind('\n', tokens_[i].begin) + 1;
        std::string_view line = source_.substr(begin, source_.find('\n', begin) - begin);
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        mutant one{path_, change, std::string(line), tokens_[i].line, 1};
        one.occurrence = ++seen_[{one.change, one.line_text}];
        mutants_.push_back(one);
        return "MUTANT(" + std::to_string(mutants_.size() - 1) + ")";
    }

    void around(range what, const std::string &before, const std::string &after) {
        edits_.around(tokens_[what.begin].begin, tokens_[what.end - 1].end, before, after);
    }

    void instead(std::size_t i, const std::string &text) {
        edits_.instead(tokens_[i].begin, tokens_[i].end, text);
    }

    // --- Statements ---

    void block(range inside) {
        for (std::size_t i = inside.begin; i < inside.end;) {
            i = statement(i, inside.end);
        }
    }

    std::size_t find(range where, std::string_view text) const {
        std::size_t i = where.begin;
        while (i < where.end && !is(i, text)) {
            i = std::max(i, tokens_[i].match) + 1;
        }
        return i;
    }

    // Where the next one begins.
    std::size_t statement(std::size_t i, std::size_t end) {
        if (is_one_of(i, BLOCK_HEADS) && is(i + 1, "(")) {
            head(i);
            return tokens_[i + 1].match + 1;
        }
        if (is(i, "{")) {
            block({i + 1, tokens_[i].match});
            return tokens_[i].match + 1;
        }
        if (is(i, "else") || is(i, "do") || is(i, ";")) {
            return i + 1;
        }
        if (is(i, "case") || is(i, "default") || (is_name(i) && is(i + 1, ":"))) {
            return find({i, end}, ":") + 1;
        }
        const std::size_t semicolon = find({i, end}, ";");
        simple({i, semicolon});
        return semicolon + 1;
    }

    void head(std::size_t i) {
        const range inside{i + 2, tokens_[i + 1].match};
        if (is(i, "for")) {
            const std::size_t first = find(inside, ";");
            const std::size_t second = find({first + 1, inside.end}, ";");
            condition({first + 1, second});
            expression({first + 1, second});
            return;
        }
        if (!is(i, "switch")) {
            condition(inside);
        }
        expression(inside);
    }

    // `a *b = ..` too: as a product it would be no statement.
    bool is_declaration(range what) const {
        return is_name(what.begin) &&
               (is_type_name(tokens_[what.begin].text) || is_name(what.begin + 1) ||
                (is(what.begin + 1, "*") && is_name(what.begin + 2) && is(what.begin + 3, "=")));
    }

    void simple(range what) {
        if (is(what.begin, "return")) {
            expression({what.begin + 1, what.end});
            return;
        }
        const bool stays = is_one_of(what.begin, LEFT_ALONE) || is(what.begin, "break") ||
                           is(what.begin, "continue") || is(what.begin, "goto") ||
                           is(what.begin, "static") || what.begin == what.end;
        if (stays) {
            return;
        }
        if (is_declaration(what)) {
            const std::size_t begin = find(what, "=") + 1;
            if (begin < what.end) {
                starts_declared_ = true;
                expression({begin, what.end});
                starts_declared_ = false;
            }
            return;
        }
        const bool says_unused = is(what.begin, "(") && is(what.begin + 1, "void") &&
                                 find({what.begin + 3, what.end}, "(") == what.end;
        if (says_unused) {
            return;
        }
        const std::string ask = add(what.begin, "drop");
        around({what.begin, what.end + 1}, "if (!" + ask + ") { ", " }");
        expression(what);
    }

    // --- Expressions ---

    // A cast, if it stands before an operand: types and stars only.
    bool is_cast(std::size_t open) const {
        if (!is(open, "(") || !is_name(open + 1) || !is_type_name(tokens_[open + 1].text)) {
            return false;
        }
        for (std::size_t i = open + 1; i < tokens_[open].match; i++) {
            if (!is_name(i) && !is(i, "*")) {
                return false;
            }
        }
        return true;
    }

    int precedence(std::size_t i) const {
        const auto found = PRECEDENCES.find(tokens_[i].text);
        return found == PRECEDENCES.end() || !is_binary(i) ? 0 : found->second;
    }

    bool is_binary(std::size_t i) const {
        if (i == 0 || tokens_[i].kind != token_kind::PUNCTUATOR || is(i - 1, "return")) {
            return false;
        }
        const bool after_operand = tokens_[i - 1].kind != token_kind::PUNCTUATOR ||
                                   is(i - 1, ")") || is(i - 1, "]") || is(i - 1, "}");
        return after_operand && !(is(i - 1, ")") && is_cast(tokens_[i - 1].match));
    }

    bool is_boundary(std::size_t i) const {
        return is(i, ",") || is(i, ";") || is(i, "?") || is(i, ":") || is(i, "return") ||
               is_one_of(i, ASSIGNMENTS);
    }

    std::size_t operand_begin(std::size_t op, int level, std::size_t limit) const {
        std::size_t i = op;
        while (i > limit) {
            const std::size_t before = closes(i - 1) ? tokens_[i - 1].match : i - 1;
            const int other = precedence(i - 1);
            if (opens(i - 1) || is_boundary(i - 1) || (other != 0 && other < level)) {
                break;
            }
            i = before;
        }
        return i;
    }

    std::size_t operand_end(std::size_t op, int level, std::size_t limit) const {
        std::size_t i = op + 1;
        while (i < limit) {
            const int other = precedence(i);
            if (closes(i) || is_boundary(i) || (other != 0 && other <= level)) {
                break;
            }
            i = std::max(i, tokens_[i].match) + 1;
        }
        return i;
    }

    // Has it mutants of its own, so that turning it around would be one twice?
    bool compares(range what) const {
        for (std::size_t i = what.begin; i < what.end; i = std::max(i, tokens_[i].match) + 1) {
            if (is_one_of(i, LOGICAL) || COMPARISONS.count(tokens_[i].text) != 0) {
                return true;
            }
        }
        return false;
    }

    bool is_left_alone(range what) const {
        for (std::size_t i = what.begin; i < what.end; i++) {
            if (is_one_of(i, LEFT_ALONE)) {
                return true;
            }
        }
        return false;
    }

    void condition(range what) {
        if (what.begin < what.end && !compares(what) && !is_left_alone(what)) {
            const std::string ask = add(what.begin, "not");
            around(what, "(" + ask + " ^ !!(", "))");
        }
    }

    std::string_view text_of(range what) const {
        return what.begin >= what.end
                   ? std::string_view()
                   : source_.substr(tokens_[what.begin].begin,
                                    tokens_[what.end - 1].end - tokens_[what.begin].begin);
    }

    // `a < b ? a : b`: at equality it is the same.
    bool chooses_operand(std::size_t op, range all) const {
        if (!is(all.end, "?")) {
            return false;
        }
        const std::size_t colon = operand_end(all.end, 0, tokens_.size());
        const std::string_view left = text_of({all.begin, op});
        const std::string_view right = text_of({op + 1, all.end});
        const std::string_view first = text_of({all.end + 1, colon});
        const std::string_view second = text_of({colon + 1, operand_end(colon, 0, tokens_.size())});
        return (left == first && right == second) || (left == second && right == first);
    }

    void comparison(std::size_t op, range all) {
        const std::string was(tokens_[op].text);
        std::string choice;
        const bool same = chooses_operand(op, all);
        for (const std::string &other : COMPARISONS.at(was)) {
            if (same && (other == was + "=" || was == other + "=")) {
                continue;
            }
            choice += add(op, was + "to" + other) + " ? mutant_l " + other + " mutant_r : ";
        }
        around(all, "({ __auto_type mutant_l = (",
               "); " + choice + "mutant_l " + was + " mutant_r; })");
        instead(op, "); __auto_type mutant_r = (");
    }

    void logical(std::size_t op, range all) {
        const bool both = is(op, "&&");
        const std::string ask = add(op, both ? "&&to||" : "||to&&");
        around(all, "({ int mutant_l = !!(", both ? ") : mutant_l; })" : "); })");
        instead(op, both ? "); (mutant_l ^ " + ask + ") ? !!("
                         : "); (mutant_l ^ " + ask + ") ? mutant_l : !!(");
        condition({all.begin, op});
        condition({op + 1, all.end});
    }

    void binary(std::size_t op, range limits) {
        const int level = precedence(op);
        const range all{operand_begin(op, level, limits.begin), operand_end(op, level, limits.end)};
        if (is_left_alone(all) && !is_one_of(op, LOGICAL)) {
            return;
        }
        if (is_one_of(op, LOGICAL)) {
            logical(op, all);
        } else if (COMPARISONS.count(tokens_[op].text) != 0) {
            comparison(op, all);
        } else if (is(op, "+")) {
            const std::string ask = add(op, "+to-");
            around(all, "({ __auto_type mutant_l = (",
                   "); " + ask + " ? mutant_l - mutant_r : mutant_l + mutant_r; })");
            instead(op, "); __auto_type mutant_r = (");
        } else if (is(op, "-")) {  // Pointers may be subtracted and not added.
            around(all, "(", " + " + add(op, "-plus1") + ")");
        }
    }

    // A choice by ?: belongs to what is assigned.
    std::size_t assigned_end(std::size_t op, std::size_t limit) const {
        std::size_t i = op + 1;
        while (i < limit && !closes(i) && !is(i, ",") && !is(i, ";")) {
            i = std::max(i, tokens_[i].match) + 1;
        }
        return i;
    }

    void compound_assignment(std::size_t op, range limits) {
        const range right{op + 1, assigned_end(op, limits.end)};
        const std::string ask = add(op, is(op, "+=") ? "+=to-=" : "-=to+=");
        around(right, "({ __auto_type mutant_r = (",
               "); " + ask + " ? -(long long)mutant_r : (long long)mutant_r; })");
    }

    bool is_compared(std::size_t i) const {
        return (i > 0 && COMPARISONS.count(tokens_[i - 1].text) != 0) ||
               (i + 1 < tokens_.size() && COMPARISONS.count(tokens_[i + 1].text) != 0);
    }

    // Where a named constant is surely a number.
    bool is_counted(std::size_t i) const {
        const bool operand = precedence(i - 1) != 0 || is(i - 1, "~") || precedence(i + 1) != 0;
        const bool outcome = tokens_[i].text.substr(0, 7) == "STATUS_" &&
                             (is(i - 1, "return") || is(i - 1, "=") || is(i - 1, ":") ||
                              is(i - 1, "?") || is(i - 1, ","));
        const bool used = is(i + 1, "(") || is(i + 1, ".") || is(i + 1, "->") || is(i + 1, "[");
        return (operand || outcome) && !used && !is(i - 1, ".") && !is(i - 1, "->");
    }

    void constant(std::size_t i) {
        // {0}, {.a = 0}, and what a variable holds before it gets its value.
        const bool alone = (is(i - 1, "{") && is(i + 1, "}")) ||
                           (starts_declared_ && is(i, "0") && is(i - 1, "=") && is(i + 1, ";")) ||
                           (is(i, "0") && is(i - 1, "=") && is(i - 3, ".") && is(i + 1, "}"));
        const bool designates = is(i - 1, "[") && is(i + 1, "]") && is(i + 2, "=");
        if (alone || designates || is_compared(i)) {
            return;
        }
        if (tokens_[i].kind == token_kind::NUMBER ||
            (is_constant_name(tokens_[i].text) && is_counted(i))) {
            around({i, i + 1}, "(", " + " + add(i, std::string(tokens_[i].text) + "plus1") + ")");
        } else if (is(i, "true") || is(i, "false")) {
            around({i, i + 1}, "(", " ^ " + add(i, is(i, "true") ? "to_false" : "to_true") + ")");
        }
    }

    void expression(range what) {
        for (std::size_t i = what.begin; i < what.end; i++) {
            if (is_one_of(i, LEFT_ALONE)) {
                i = is(i + 1, "(") ? tokens_[i + 1].match : i;
            } else if (is(i, "+=") || is(i, "-=")) {
                compound_assignment(i, what);
            } else if (is(i, "?")) {
                condition({operand_begin(i, 0, what.begin), i});
            } else if (precedence(i) != 0) {
                binary(i, what);
            } else if (tokens_[i].kind == token_kind::NUMBER || is_name(i)) {
                constant(i);
            }
        }
    }

    std::string_view source_;
    std::string path_;
    std::vector<token> tokens_;
    edits edits_;
    bool starts_declared_ = false;  // In the initializer of a variable.
    std::vector<mutant> mutants_;
    std::map<std::pair<std::string, std::string>, std::size_t> seen_;
};

std::string quoted(const std::string &text) {
    std::string out = "\"";
    for (char c : text) {
        out += c == '"' || c == '\\' || c == '?' ? std::string("\\") + c : std::string(1, c);
    }
    return out + "\"";
}

}  // namespace

mutated_file mutate(std::string_view source, const std::string &path) {
    mutated_file out = mutator(source, path).run();
    std::string rows;
    for (const mutant &one : out.mutants) {
        rows += "    {" + quoted(one.file) + ", " + quoted(one.change) + ", " +
                quoted(one.line_text) + ", " + std::to_string(one.line) + ", " +
                std::to_string(one.occurrence) + "},\n";
    }
    out.text =
        "#include \"testing/mutation/mutant.h\"\n"
        "static struct mutant_table mutant_table_here;\n"
        "#define MUTANT(n) mutant_ask(mutant_table_here.first + (n))\n"
        "#line 1 " +
        quoted(path) + "\n" + out.text + "\nstatic const struct mutant_row mutant_rows[] = {\n" +
        rows +
        "    {0, 0, 0, 0, 0},\n};\n"
        "static struct mutant_table mutant_table_here = {mutant_rows, " +
        std::to_string(out.mutants.size()) +
        ", 0, 0};\n"
        "__attribute__((constructor)) static void mutant_begin(void) {\n"
        "    mutant_register(&mutant_table_here);\n}\n";
    return out;
}

}  // namespace mutation
