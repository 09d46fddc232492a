// testing/style/functions.h: the functions of a C or C++ file, found by their braces.
// It reads what clang-format leaves behind, not every C++: attributes, constructors, lambdas and
// initializers are known, unusual macros are not.
#pragma once

#include <string>
#include <vector>

#include "testing/style/source_file.h"

struct Loop {
    int line;
    std::string body;  // Code between its braces.
};

struct Function {
    std::string name;
    int first_line;  // Where its declaration starts, from 1.
    int last_line;   // Where its closing brace is.
    int parameter_count;
    int nesting;       // Blocks within blocks, the function's own not counted.
    int nesting_line;  // Where the deepest block starts.
    std::vector<Loop> loops;

    int line_count() const {
        return last_line - first_line + 1;
    }
};

std::vector<Function> find_functions(const SourceFile &file);
