// tools/profile/elf_text.cc: see elf_text.h.
#include "tools/profile/elf_text.h"

#include <elf.h>

#include <cstring>
#include <stdexcept>
#include <vector>

namespace profile {
namespace {

class reader {
  public:
    reader(const std::string &bytes, const std::string &name) : bytes_(bytes), name_(name) {}

    elf_text read() {
        const auto header = at<Elf64_Ehdr>(0);
        if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
            header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
            header.e_machine != EM_RISCV || header.e_shentsize != sizeof(Elf64_Shdr)) {
            fail("not an ELF file for 64-bit RISC-V");
        }
        std::vector<Elf64_Shdr> sections;
        for (std::uint64_t i = 0; i < header.e_shnum; i++) {
            sections.push_back(at<Elf64_Shdr>(header.e_shoff + i * sizeof(Elf64_Shdr)));
        }
        for (const Elf64_Shdr &section : sections) {
            if (section.sh_type == SHT_SYMTAB && section.sh_link < sections.size()) {
                take_symbols(section, sections[section.sh_link]);
            }
        }
        for (const Elf64_Shdr &section : sections) {
            if (section.sh_type == SHT_PROGBITS && (section.sh_flags & SHF_EXECINSTR) != 0) {
                take_instructions(section);
            }
        }
        if (text_.functions.empty() || text_.instructions.empty()) {
            fail("no functions: was it stripped?");
        }
        return std::move(text_);
    }

  private:
    [[noreturn]] void fail(const std::string &what) const {
        throw std::runtime_error(name_ + ": " + what);
    }

    const char *place(std::uint64_t offset, std::uint64_t size) const {
        if (offset > bytes_.size() || size > bytes_.size() - offset) {
            fail("cut off");
        }
        return bytes_.data() + offset;
    }

    template <class record>
    record at(std::uint64_t offset) const {
        record out;
        std::memcpy(&out, place(offset, sizeof(out)), sizeof(out));
        return out;
    }

    void take_symbols(const Elf64_Shdr &symbols, const Elf64_Shdr &strings) {
        const std::string names(place(strings.sh_offset, strings.sh_size), strings.sh_size);
        for (std::uint64_t i = 0; i < symbols.sh_size / sizeof(Elf64_Sym); i++) {
            const auto symbol = at<Elf64_Sym>(symbols.sh_offset + i * sizeof(Elf64_Sym));
            if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_size != 0 &&
                symbol.st_name < names.size()) {
                text_.functions[symbol.st_value] = {symbol.st_value + symbol.st_size,
                                                    names.c_str() + symbol.st_name};
            }
        }
    }

    // The lowest two bits of an instruction say whether it has two bytes or four.
    void take_instructions(const Elf64_Shdr &section) {
        const char *bytes = place(section.sh_offset, section.sh_size);
        std::uint64_t next = 0;
        while (next + 2 <= section.sh_size) {
            text_.instructions.insert(section.sh_addr + next);
            next += (bytes[next] & 3) == 3 ? 4 : 2;
        }
    }

    const std::string &bytes_;
    const std::string &name_;
    elf_text text_;
};

}  // namespace

elf_text elf_text_of(const std::string &bytes, const std::string &name) {
    return reader(bytes, name).read();
}

std::string function_at(const elf_text &text, std::uint64_t address) {
    auto found = text.functions.upper_bound(address);
    if (found == text.functions.begin()) {
        return "?";
    }
    --found;
    return address < found->second.end ? found->second.name : "?";
}

}  // namespace profile
