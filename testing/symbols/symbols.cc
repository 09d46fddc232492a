// testing/symbols/symbols.cc: see symbols.h.
#include "testing/symbols/symbols.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>

namespace {

template <typename T>
T at(const Bytes &file, std::size_t offset) {
    T value{};
    EXPECT_LE(offset + sizeof(T), file.size());
    std::memcpy(&value, file.data() + offset, sizeof(T));
    return value;
}

// What a sanitizer or the compiler itself adds, not the kernel's.
bool is_instrumentation(const std::string &name) {
    return name.empty() || name.rfind("__odr_asan", 0) == 0 || name.rfind("__asan", 0) == 0 ||
           name.rfind("__unnamed_", 0) == 0 ||  // Clang's AddressSanitizer: table of globals.
           name.rfind("__gcov", 0) == 0;
}

}  // namespace

Bytes read_file(const std::string &path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> writable_symbols(const Bytes &object, std::size_t *function_count) {
    std::vector<std::string> found;
    auto header = at<Elf64_Ehdr>(object, 0);
    EXPECT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
    auto section = [&](std::size_t index) {
        return at<Elf64_Shdr>(object, header.e_shoff + index * sizeof(Elf64_Shdr));
    };
    for (std::size_t i = 0; i < header.e_shnum; i++) {
        Elf64_Shdr table = section(i);
        if (table.sh_type != SHT_SYMTAB) {
            continue;
        }
        Elf64_Shdr names = section(table.sh_link);
        for (std::size_t j = 0; j < table.sh_size / sizeof(Elf64_Sym); j++) {
            auto symbol = at<Elf64_Sym>(object, table.sh_offset + j * sizeof(Elf64_Sym));
            std::string name = object.data() + names.sh_offset + symbol.st_name;
            *function_count += ELF64_ST_TYPE(symbol.st_info) == STT_FUNC;
            bool placed = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx < SHN_LORESERVE;
            bool writable = symbol.st_shndx == SHN_COMMON ||
                            (placed && (section(symbol.st_shndx).sh_flags & SHF_WRITE) != 0);
            bool constant =
                placed && std::string(object.data() + section(header.e_shstrndx).sh_offset +
                                      section(symbol.st_shndx).sh_name)
                                  .rfind(".data.rel.ro", 0) == 0;  // Written by the linker only.
            int type = ELF64_ST_TYPE(symbol.st_info);
            if (writable && !constant && type != STT_SECTION && !is_instrumentation(name)) {
                found.push_back(name);
            }
        }
    }
    return found;
}
