// testing/mutation/mutate_main.cc: mutate IN PATH OUT: see mutate.h.
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "testing/mutation/mutate.h"

int main(int argc, char **argv) {
    if (argc != 4) {
        std::cerr << "usage: mutate IN PATH OUT\n";
        return 2;
    }
    std::ifstream in(argv[1], std::ios::binary);
    const std::string source(std::istreambuf_iterator<char>(in), {});
    try {
        std::ofstream out(argv[3], std::ios::binary);
        out << mutation::mutate(source, argv[2]).text;
        out.close();
        if (!in.bad() && out) {
            return 0;
        }
        std::cerr << argv[2] << ": can't be read or written\n";
    } catch (const std::runtime_error &what) {
        std::cerr << argv[2] << ": " << what.what() << "\n";
    }
    return 1;
}
