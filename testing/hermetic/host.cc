// Enough of the C++ library that the compiler must find headers and the linker archives.
#include <iostream>
#include <string>
#include <vector>

extern "C" int host_c(void);
extern "C" int from_assembly(void);

int main() {
    std::vector<std::string> words = {"host", "probe"};
    std::cout << words.at(0) << from_assembly() << host_c() << "\n";
}
