// testing/mutation/mutate.h: a C file with every mutant in it: each place where something may be
// broken asks `mutant_ask(n)` (mutant.h) whether it is the one that is, so that one build serves
// all.
//
// What is broken, one thing a mutant: a comparison (off by one, or turned around), && and ||, + and
// -,
// += and -=, a constant (one more), true and false, a condition (turned around), a statement (left
// out). Only function bodies are changed; KASSERT, initializers of static tables, case labels, and
// what planted bugs name are not. The text of the file decides, nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mutation {

struct mutant {
    std::string file;
    std::string change;     // One word: "<to<=", "drop", "not", ...
    std::string line_text;  // Of the line where it stands, without white space around.
    std::size_t line;
    std::size_t occurrence;  // From 1 on, of those alike in the three texts.
};

struct mutated_file {
    std::string text;  // Compiles like the file itself, and includes mutant.h.
    std::vector<mutant> mutants;
};

// `path` as the tree knows it. Throws std::runtime_error if the text cannot be read as C.
mutated_file mutate(std::string_view source, const std::string &path);

}  // namespace mutation
