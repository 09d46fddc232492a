// tools/profile/profile.cc: see profile.h.
#include "tools/profile/profile.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <sstream>
#include <stdexcept>

namespace profile {
namespace {

constexpr std::uint64_t KERNEL_HALF = UINT64_C(1) << 63;
constexpr double PERCENT = 100;
constexpr std::size_t DIGITS_MAX = 19;

using tally = std::map<std::pair<std::string, std::string>, std::uint64_t>;

section section_of(const std::string &line, const tally &costs) {
    section out{line, {}};
    for (const auto &[where, count] : costs) {
        out.costs.push_back({where.first, where.second, count});
    }
    std::stable_sort(out.costs.begin(), out.costs.end(),
                     [](const cost &a, const cost &b) { return a.count > b.count; });
    return out;
}

// The program in whose file an instruction begins wherever one ran. "?": none, or more than one.
std::string fitting(const std::map<std::string, elf_text> &programs,
                    const std::set<std::uint64_t> &pcs) {
    std::string out = "?";
    for (const auto &[name, text] : programs) {
        const bool fits = std::all_of(pcs.begin(), pcs.end(), [&](std::uint64_t pc) {
            return text.instructions.count(pc) != 0;
        });
        if (fits && out != "?") {
            return "?";
        }
        out = fits ? name : out;
    }
    return out;
}

}  // namespace

counter::counter(elf_text kernel) : kernel_(std::move(kernel)), user_(1), in_kernel_(1) {
    for (const auto &[address, function] : kernel_.functions) {
        if (function.name == LINE_FUNCTION) {
            line_address_ = address;
        }
    }
    if (line_address_ == 0) {
        throw std::runtime_error(std::string("the kernel has no function ") + LINE_FUNCTION);
    }
}

counter::node counter::root(node of) {
    while (parent_[of] != of) {
        parent_[of] = parent_[parent_[of]];
        of = parent_[of];
    }
    return of;
}

counter::node counter::user_node(const step &step) {
    const auto [found, is_new] =
        node_of_block_.emplace(step.block, static_cast<node>(parent_.size()));
    if (is_new || pc_[found->second] != step.pc) {  // QEMU used its place again.
        found->second = static_cast<node>(parent_.size());
        parent_.push_back(found->second);
        pc_.push_back(step.pc);
    }
    return found->second;
}

void counter::take(const step &step) {
    run &run = runs_[step.hart];
    if (step.pc >= KERNEL_HALF) {
        run.in_user = false;
        in_kernel_.back()[step.pc]++;
        if (step.pc == line_address_) {
            in_kernel_.emplace_back();
            user_.emplace_back();
        }
        return;
    }
    const node node = user_node(step);
    if (run.in_user) {
        parent_[root(node)] = root(run.last);
    }
    run = {true, node};
    user_.back()[node]++;
}

std::map<counter::node, std::string> counter::name_programs(
    const std::map<std::string, elf_text> &programs) {
    std::map<node, std::set<std::uint64_t>> ran;
    for (node i = 0; i < parent_.size(); i++) {
        ran[root(i)].insert(pc_[i]);
    }
    std::map<node, std::string> out;
    for (const auto &[group, pcs] : ran) {
        out[group] = fitting(programs, pcs);
    }
    return out;
}

std::vector<section> counter::finish(const std::map<std::string, elf_text> &programs,
                                     const std::vector<std::string> &lines) {
    const std::map<node, std::string> names = name_programs(programs);
    std::vector<section> out;
    for (std::size_t i = 0; i < user_.size(); i++) {
        tally costs;
        for (const auto &[pc, count] : in_kernel_[i]) {
            costs[{KERNEL, function_at(kernel_, pc)}] += count;
        }
        for (const auto &[node, count] : user_[i]) {
            const std::string &name = names.at(root(node));
            const auto text = programs.find(name);
            costs[{name, text == programs.end() ? "?" : function_at(text->second, pc_[node])}] +=
                count;
        }
        out.push_back(section_of(i < lines.size() ? lines[i] : "afterwards", costs));
    }
    return lines.size() + 1 == out.size() ? out : std::vector<section>{sum_of(out, "all")};
}

std::uint64_t count_of(const section &section) {
    std::uint64_t sum = 0;
    for (const cost &cost : section.costs) {
        sum += cost.count;
    }
    return sum;
}

section sum_of(const std::vector<section> &sections, const std::string &line) {
    tally costs;
    for (const section &section : sections) {
        for (const cost &cost : section.costs) {
            costs[{cost.program, cost.function}] += cost.count;
        }
    }
    return section_of(line, costs);
}

std::string table_of(const section &section, std::size_t rows) {
    const std::uint64_t sum = count_of(section);
    std::array<char, 64> row{};
    std::snprintf(row.data(), row.size(), "%12llu  100.0%%  ",
                  static_cast<unsigned long long>(sum));
    std::string out = row.data() + section.line + "\n";
    for (std::size_t i = 0; i < std::min(rows, section.costs.size()); i++) {
        const cost &cost = section.costs[i];
        std::snprintf(row.data(), row.size(), "%12llu  %5.1f%%    ",
                      static_cast<unsigned long long>(cost.count),
                      PERCENT * static_cast<double>(cost.count) / static_cast<double>(sum));
        out += row.data() + cost.program + " " + cost.function + "\n";
    }
    return out;
}

std::string folded_of(const std::vector<section> &sections) {
    std::string out;
    for (const section &section : sections) {
        std::string line = section.line;
        std::replace(line.begin(), line.end(), ';', ',');
        for (const cost &cost : section.costs) {
            out += line + ";" + cost.program + ";" + cost.function + " " +
                   std::to_string(cost.count) + "\n";
        }
    }
    return out;
}

std::vector<section> sections_of(const std::string &folded) {
    std::vector<section> out;
    std::istringstream lines(folded);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t first = line.find(';');
        const std::size_t second = line.find(';', first + 1);
        const std::size_t blank = line.rfind(' ');
        if (second == std::string::npos || blank < second ||
            line.find_first_not_of("0123456789", blank + 1) != std::string::npos ||
            blank + 1 == line.size() || line.size() - blank > DIGITS_MAX) {
            throw std::runtime_error("not SECTION;PROGRAM;FUNCTION COUNT: " + line);
        }
        const std::string name = line.substr(0, first);
        if (out.empty() || out.back().line != name) {
            out.push_back({name, {}});
        }
        out.back().costs.push_back({line.substr(first + 1, second - first - 1),
                                    line.substr(second + 1, blank - second - 1),
                                    std::stoull(line.substr(blank + 1))});
    }
    return out;
}

}  // namespace profile
