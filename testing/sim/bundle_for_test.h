// testing/sim/bundle_for_test.h: bundles for tests, whose programs are the smallest that the kernel
// takes; each test spoils what it is about.
// Ownership: plain values.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/layout.h"
#include "kernel/abi/task.h"
#include "services/execd/bundle.h"

namespace bundle_test {

// Places in the file that `small_elf` makes: ELF-64's header and its first program headers.
constexpr std::size_t ENTRY_AT = 24;
constexpr std::size_t TEXT_HEADER_AT = 64;
constexpr std::size_t DATA_HEADER_AT = TEXT_HEADER_AT + 56;
constexpr std::size_t HEADER_FLAGS = 4;
constexpr std::size_t HEADER_OFFSET = 8;
constexpr std::size_t HEADER_ADDRESS = 16;
constexpr std::size_t HEADER_MEMORY = 40;
constexpr std::size_t NOTE_AT = 512;
constexpr std::size_t ELF_BYTES = BUNDLE_ALIGN + 16;

template <typename Value>
void put(std::vector<std::uint8_t> &bytes, std::size_t at, Value value) {
    std::memcpy(bytes.data() + at, &value, sizeof(value));
}

// A page of code that begins `entry` bytes behind its start, and one of data.
inline std::vector<std::uint8_t> small_elf(std::uint64_t entry = 1024) {
    std::vector<std::uint8_t> file(ELF_BYTES);
    const std::uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    std::memcpy(file.data(), ident, sizeof(ident));
    put<std::uint16_t>(file, 16, 2);
    put<std::uint16_t>(file, 18, 243);
    put<std::uint32_t>(file, 20, 1);
    put<std::uint64_t>(file, ENTRY_AT, USER_IMAGE_MIN + entry);
    put<std::uint64_t>(file, 32, TEXT_HEADER_AT);
    put<std::uint16_t>(file, 52, 64);
    put<std::uint16_t>(file, 54, 56);
    put<std::uint16_t>(file, 56, 4);
    struct header {
        std::uint32_t type, flags;
        std::uint64_t offset, address, physical, file_bytes, memory_bytes, align;
    };
    const header headers[] = {
        {1, 4 | 1, 0, USER_IMAGE_MIN, 0, BUNDLE_ALIGN, BUNDLE_ALIGN, BUNDLE_ALIGN},
        {1, 4 | 2, BUNDLE_ALIGN, USER_IMAGE_MIN + BUNDLE_ALIGN, 0, 16, 8192, BUNDLE_ALIGN},
        {4, 4, NOTE_AT, 0, 0, 24, 24, 4},
        {0x6474e551, 4 | 2, 0, 0, 0, 0, 8192, 16},
    };
    std::memcpy(file.data() + TEXT_HEADER_AT, headers, sizeof(headers));
    const std::uint32_t note[] = {sizeof(ABI_NOTE_NAME), 4, ABI_NOTE_TYPE};
    std::memcpy(file.data() + NOTE_AT, note, sizeof(note));
    std::memcpy(file.data() + NOTE_AT + sizeof(note), ABI_NOTE_NAME, sizeof(ABI_NOTE_NAME));
    put<std::uint32_t>(file, NOTE_AT + sizeof(note) + 8, ABI_VERSION);
    return file;
}

inline std::uint64_t usual_limits() {
    return task_limits_pack({48, 0, 1, 2, 63}) | task_ceiling_pack(QOS_NORMAL);
}

class bundle {
  public:
    // Names rise from call to call.
    bundle_program &add(const std::string &name,
                        const std::vector<std::uint8_t> &elf = small_elf()) {
        bundle_program made{};
        std::strcpy(made.name, name.c_str());
        made.service_id = program_id_of(name.data(), name.size());
        made.bytes = elf.size();
        made.limits = usual_limits();
        made.flags = BUNDLE_CONSOLE | BUNDLE_FACTORY | BUNDLE_ROUTES;
        made.at_once = 2;
        programs_.push_back(made);
        files_.push_back(elf);
        place();
        return programs_.back();
    }

    bundle_program &program(std::size_t index) {
        return programs_[index];
    }

    // As words, so that they are aligned.
    std::vector<std::uint64_t> bytes() const {
        std::vector<std::uint64_t> words(end_ / sizeof(std::uint64_t));
        auto *to = reinterpret_cast<std::uint8_t *>(words.data());
        const bundle_header head{BUNDLE_MAGIC, ABI_VERSION,
                                 static_cast<std::uint32_t>(programs_.size()), end_, 0};
        std::memcpy(to, &head, sizeof(head));
        std::memcpy(to + sizeof(head), programs_.data(), programs_.size() * sizeof(programs_[0]));
        for (std::size_t i = 0; i < files_.size(); i++) {
            if (places_[i] == programs_[i].offset) {  // Else the test has moved it.
                std::memcpy(to + places_[i], files_[i].data(), files_[i].size());
            }
        }
        return words;
    }

  private:
    static std::uint64_t aligned(std::uint64_t bytes) {
        return (bytes + BUNDLE_ALIGN - 1) / BUNDLE_ALIGN * BUNDLE_ALIGN;
    }

    void place() {
        places_.clear();
        end_ = aligned(sizeof(bundle_header) + programs_.size() * sizeof(bundle_program));
        for (bundle_program &one : programs_) {
            one.offset = end_;
            places_.push_back(end_);
            end_ = aligned(end_ + one.bytes);
        }
    }

    std::vector<bundle_program> programs_;
    std::vector<std::vector<std::uint8_t>> files_;
    std::vector<std::uint64_t> places_;
    std::uint64_t end_ = 0;
};

inline bundle_verdict open(const std::vector<std::uint64_t> &words, bundle_view *out) {
    return bundle_open(words.data(), words.size() * sizeof(std::uint64_t), out);
}

}  // namespace bundle_test
