// tools/mkimage/image_bytes.cc: everything is written byte by byte, so the result does not depend
// on the host.
#include "tools/mkimage/image_bytes.h"

#include <algorithm>
#include <cstring>

#include "kernel/abi/manifest.h"
#include "tools/mkimage/manifest.h"

extern "C" {
#include "kernel/core/elf.h"
}

namespace mkimage {
namespace {

// Fields of an ELF-64 header.
constexpr std::size_t ELF_PROGRAM_HEADERS_AT = 32;
constexpr std::size_t ELF_SECTION_HEADERS_AT = 40;
constexpr std::size_t ELF_PROGRAM_HEADER_COUNT_AT = 56;
constexpr std::size_t ELF_SECTION_COUNT_AT = 60;
constexpr std::size_t ELF_SECTION_NAMES_AT = 62;
constexpr std::size_t ELF_PROGRAM_HEADER_BYTES = 56;
constexpr std::size_t PHDR_OFFSET_AT = 8;
constexpr std::size_t PHDR_FILE_BYTES_AT = 32;

void append_little_endian(std::string &out, std::uint64_t value, std::size_t bytes) {
    for (std::size_t at = 0; at < bytes; at++) {
        out += static_cast<char>(value >> (8 * at));
    }
}

std::uint64_t read_little_endian(const std::string &bytes, std::size_t at, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t byte = 0; byte < count; byte++) {
        value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + byte]))
                 << (8 * byte);
    }
    return value;
}

const char *reject_meaning(elf_reject reject) {
    static const char *const meanings[] = {
#define ELF_REJECT(name, meaning) meaning,
#include "kernel/abi/elf_reject.def"
#undef ELF_REJECT
    };
    return meanings[reject];
}

void align(std::string &out) {
    const std::size_t rest = out.size() % BOOT_IMAGE_ALIGN;
    out.append(rest == 0 ? 0 : BOOT_IMAGE_ALIGN - rest, '\0');
}

}  // namespace

void append_u32(std::string &out, std::uint32_t value) {
    append_little_endian(out, value, 4);
}

void append_u64(std::string &out, std::uint64_t value) {
    append_little_endian(out, value, 8);
}

void append_name(std::string &out, const std::string &name) {
    out += name;
    out.append(BOOT_IMAGE_NAME_BYTES - name.size(), '\0');
}

bool build_image(const std::vector<image_file> &files, std::uint32_t hart_count, std::string &out,
                 std::string &error) {
    if (files.size() > BOOT_IMAGE_ENTRY_MAX) {
        error = "more than 64 files";
        return false;
    }
    std::string table;
    std::string body(sizeof(boot_image_header) + files.size() * sizeof(boot_image_entry), '\0');
    const std::size_t head_bytes = body.size();
    std::size_t secret_at = 0;
    for (const image_file &file : files) {
        if (!name_is_proper(file.name)) {
            error = "`" + file.name + "` is no proper name of a file";
            return false;
        }
        align(body);
        if (secret_at != 0 && !file.secret) {
            error = "`" + file.name + "` stands behind what is secret";
            return false;
        }
        secret_at = file.secret && secret_at == 0 ? body.size() : secret_at;
        append_name(table, file.name);
        append_u64(table, file.kind == BOOT_IMAGE_PROGRAM ? service_id_of(file.name) : 0);
        append_u64(table, body.size());
        append_u64(table, file.contents.size());
        append_u32(table, file.kind);
        append_u32(table, 0);
        body += file.contents;
    }
    align(body);
    std::string head;
    append_u64(head, BOOT_IMAGE_MAGIC);
    append_u32(head, ABI_VERSION);
    append_u32(head, static_cast<std::uint32_t>(files.size()));
    append_u64(head, body.size());
    append_u32(head, hart_count);
    append_u32(head, secret_at == 0 ? 0
                                    : static_cast<std::uint32_t>((body.size() - secret_at) /
                                                                 BOOT_IMAGE_ALIGN));
    head += table;
    out = head + body.substr(head_bytes);
    return true;
}

bool reduce_program(std::string &elf, std::string &error) {
    // elf_read wants aligned bytes; a string's are not promised to be.
    std::vector<std::uint64_t> aligned(elf.size() / sizeof(std::uint64_t) + 1);
    std::memcpy(aligned.data(), elf.data(), elf.size());
    elf_program program;
    const elf_reject reject =
        elf_read(reinterpret_cast<const std::uint8_t *>(aligned.data()), elf.size(), &program);
    if (reject != ELF_REJECT_NONE) {
        error = reject_meaning(reject);
        return false;
    }
    const std::uint64_t headers_at = read_little_endian(elf, ELF_PROGRAM_HEADERS_AT, 8);
    const std::uint64_t header_count = read_little_endian(elf, ELF_PROGRAM_HEADER_COUNT_AT, 2);
    std::uint64_t end = headers_at + header_count * ELF_PROGRAM_HEADER_BYTES;
    for (std::uint64_t at = 0; at < header_count; at++) {
        const std::size_t header = headers_at + at * ELF_PROGRAM_HEADER_BYTES;
        const std::uint64_t file_bytes = read_little_endian(elf, header + PHDR_FILE_BYTES_AT, 8);
        const std::uint64_t offset = read_little_endian(elf, header + PHDR_OFFSET_AT, 8);
        end = file_bytes == 0 ? end : std::max(end, offset + file_bytes);
    }
    // Other headers than loads and notes were not checked; those must not reach beyond the file
    // either.
    elf.resize(std::min<std::uint64_t>(end, elf.size()));
    std::fill_n(elf.begin() + ELF_SECTION_HEADERS_AT, 8, '\0');
    std::fill_n(elf.begin() + ELF_SECTION_COUNT_AT, 2, '\0');
    std::fill_n(elf.begin() + ELF_SECTION_NAMES_AT, 2, '\0');
    return true;
}

}  // namespace mkimage
