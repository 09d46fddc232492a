// testing/report/figures.cc: see figures.h.
#include "testing/report/figures.h"

#include <sstream>
#include <stdexcept>

namespace report {
namespace {

// The whole word is a number.
bool read_number(const std::string &word, std::uint64_t &out) {
    std::istringstream stream(word);
    return !word.empty() && word[0] >= '0' && word[0] <= '9' && stream >> out && stream.eof();
}

}  // namespace

std::vector<figure> figures_of(const std::string &log) {
    std::vector<figure> out;
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string area, name, least, word_mean, mean, word_first, first;
        words >> area >> name >> least >> word_mean >> mean >> word_first >> first;
        if (area != "bench:" || word_mean != "mean" || word_first != "first") {
            continue;
        }
        figure figure{name, 0, 0, 0};
        if (!read_number(least, figure.least) || !read_number(mean, figure.mean) ||
            !read_number(first, figure.first)) {
            throw std::runtime_error("not a figure: " + line);
        }
        out.push_back(figure);
    }
    return out;
}

std::map<std::string, ceiling> ceilings_of(const std::string &budget) {
    std::map<std::string, ceiling> out;
    std::istringstream lines(budget);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name, limit;
        if (!(words >> name) || name[0] == '#') {
            continue;
        }
        words >> limit >> std::ws;
        ceiling row;
        row.promise = !limit.empty() && limit[0] == '<';
        std::getline(words, row.why);
        if (!read_number(limit.substr(row.promise ? 1 : 0), row.limit) || row.why.empty() ||
            !out.emplace(name, row).second) {
            throw std::runtime_error("not a row of a budget: " + line);
        }
    }
    return out;
}

}  // namespace report
