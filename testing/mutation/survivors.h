// testing/mutation/survivors.h: mutants that no test kills, listed with a reason; and what a run of
// mutants is judged by.
//
// The list's text: `because REASON` begins a group, `FILE CHANGE #N: LINE TEXT` is one of it, `#`
// begins a comment line. A mutant is known by its file, its change, the text of its line, and N if
// that text stands in the file several times, never by a line's number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mutation {

// A mutant by what it is: `FILE CHANGE #N: LINE TEXT`.
using identity = std::string;

struct survivor_list {
    std::map<identity, std::string> reasons;
    std::vector<std::string> mistakes;  // "line N: ..."
};

survivor_list read_survivors(std::string_view text);

struct candidate {
    std::size_t program;
    unsigned number;  // In its program.
    std::string file;
    identity name;
};

// One line of a program's `list`; false if it is none.
bool read_candidate(const std::string &line, std::size_t program, candidate &out);

// `count` of them, the same ones for the same names; a name counts once, however many programs have
// it.
std::vector<candidate> sample(std::vector<candidate> all, std::size_t count);

struct outcome {
    candidate what;
    bool killed;
    bool reached;
};

struct judgement {
    std::size_t killed = 0;
    std::size_t survived = 0;
    std::vector<std::string> complaints;
    std::vector<identity> unlisted;                                    // Survivors.
    std::map<std::string, std::pair<std::size_t, std::size_t>> files;  // Survived, of how many.
};

// `all`: every mutant there is was run, so that a listed one which is not among them is stale.
judgement judge(const std::vector<outcome> &outcomes, const survivor_list &list, bool all);

}  // namespace mutation
