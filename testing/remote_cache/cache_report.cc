// cache_report FIRST SECOND: did the second checkout take everything from the cache that the first
// filled? By two profiles.
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "testing/remote_cache/profile.h"

int main(int argc, char **argv) {
    if (argc != 3) {
        std::cerr << "usage: cache_report FIRST_PROFILE SECOND_PROFILE\n";
        return 2;
    }
    try {
        std::ifstream first(argv[1]);
        std::ifstream second(argv[2]);
        return compare(read_profile(first), read_profile(second), std::cout) ? 0 : 1;
    } catch (const std::exception &error) {
        std::cerr << "cache_report: " << error.what() << "\n";
        return 2;
    }
}
