// tools/bundle/signing.cc: see the header.
#include "tools/bundle/signing.h"

#include <sodium/crypto_sign_ed25519.h>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <vector>

#include "services/execd/bundle.h"

namespace bundle_tool {
namespace {

constexpr std::size_t DIGITS = 2 * crypto_sign_ed25519_SEEDBYTES;
constexpr char HEX[] = "0123456789abcdef";

int digit_of(char digit) {
    const char *found = digit != 0 ? std::strchr(HEX, digit) : nullptr;
    return found == nullptr ? -1 : static_cast<int>(found - HEX);
}

std::string hex_of(const std::uint8_t *bytes, std::size_t count) {
    std::string out;
    for (std::size_t at = 0; at < count; at++) {
        out += HEX[bytes[at] >> 4];
        out += HEX[bytes[at] & 15];
    }
    return out;
}

const std::uint8_t *bytes_of(const std::string &text) {
    return reinterpret_cast<const std::uint8_t *>(text.data());
}

// The view points into `aligned`.
bool open_programs(const std::string &programs, std::vector<std::uint64_t> &aligned,
                   bundle_view &view, std::string &error) {
    aligned.assign((programs.size() + 7) / 8, 0);
    std::memcpy(aligned.data(), programs.data(), programs.size());
    const bundle_verdict verdict = bundle_open(aligned.data(), programs.size(), &view);
    if (verdict.flaw != BUNDLE_FLAW_NONE) {
        error = std::string("execd would refuse the programs: ") + bundle_flaw_text(verdict.flaw);
        if (verdict.flaw == BUNDLE_FLAW_PROGRAM) {
            error += std::string(": ") + elf_reject_name(verdict.elf);
        }
    }
    return verdict.flaw == BUNDLE_FLAW_NONE;
}

bool all_run(const bundle_view &view, std::string &error) {
    if (view.program_count > SYSTEM_PROGRAM_MAX) {
        error = std::to_string(view.program_count) + " programs, and " +
                std::to_string(SYSTEM_PROGRAM_MAX) + " can run at one time";
    }
    return view.program_count <= SYSTEM_PROGRAM_MAX;
}

bool header_of(const std::string &system, system_header &header, std::string &error) {
    if (system.size() < SYSTEM_PAGE_BYTES) {
        error = "shorter than a header's page";
        return false;
    }
    std::memcpy(&header, system.data(), sizeof(header));
    if (header.magic != SYSTEM_MAGIC || header.payload_bytes > SYSTEM_PAYLOAD_BYTES_MAX ||
        system_bytes(&header) != system.size()) {
        error = update_result_text(UPDATE_BAD_HEADER);
        return false;
    }
    return true;
}

bool has_program(const bundle_view &view, const std::string &name) {
    return bundle_find(&view, program_id_of(name.data(), name.size())) != nullptr;
}

}  // namespace

key_pair key_of_seed(const std::array<std::uint8_t, 32> &seed) {
    std::uint8_t open[crypto_sign_ed25519_PUBLICKEYBYTES];
    std::uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
    crypto_sign_ed25519_seed_keypair(open, secret, seed.data());
    return {std::string(open, open + sizeof(open)), std::string(seed.begin(), seed.end())};
}

std::optional<key_pair> key_of_text(const std::string &text, std::string &error) {
    std::array<std::uint8_t, 32> seed = {};
    const bool has_newline = text.size() == DIGITS + 1 && text.back() == '\n';
    if (text.size() != DIGITS && !has_newline) {
        error = "a key is 64 hexadecimal digits";
        return std::nullopt;
    }
    for (std::size_t at = 0; at < DIGITS; at++) {
        const int digit = digit_of(text[at]);
        if (digit < 0) {
            error = "a key is 64 hexadecimal digits, and digit " + std::to_string(at + 1) +
                    " is none of 0-9 a-f";
            return std::nullopt;
        }
        seed[at / 2] = static_cast<std::uint8_t>(seed[at / 2] << 4 | digit);
    }
    return key_of_seed(seed);
}

std::string key_text(const key_pair &key) {
    return hex_of(bytes_of(key.secret), key.secret.size()) + "\n";
}

std::string sign(const std::string &programs, const signing &how, std::string &error) {
    std::vector<std::uint64_t> aligned;
    bundle_view view = {};
    if (how.version == 0) {
        error = "versions begin with 1";
        return "";
    }
    if (!open_programs(programs, aligned, view, error) || !all_run(view, error)) {
        return "";
    }
    if (!has_program(view, how.health)) {
        error = "no program `" + how.health + "` in it, which would say that the system is well";
        return "";
    }
    system_header header = {};
    header.magic = SYSTEM_MAGIC;
    header.version = how.version;
    header.payload_bytes = programs.size();
    header.health = program_id_of(how.health.data(), how.health.size());
    system_hash(bytes_of(programs), programs.size(), header.hash);
    if (!how.secret.empty()) {
        std::uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
        crypto_sign_ed25519_seed_keypair(header.signer, secret, bytes_of(how.secret));
        crypto_sign_ed25519_detached(header.signature, nullptr,
                                     reinterpret_cast<const std::uint8_t *>(&header),
                                     SYSTEM_SIGNED_BYTES, secret);
    }
    std::string out(SYSTEM_PAGE_BYTES, '\0');
    std::memcpy(out.data(), &header, sizeof(header));
    return out + programs;
}

bool verify(const std::string &system, const std::string &open, std::string &error) {
    system_header header = {};
    system_key key = {};
    std::vector<std::uint64_t> aligned;
    bundle_view view = {};
    if (open.size() != sizeof(key.bytes)) {
        error = "a public key is a file of 32 bytes";
        return false;
    }
    if (!header_of(system, header, error)) {
        return false;
    }
    std::memcpy(key.bytes, open.data(), sizeof(key.bytes));
    enum update_result result = system_open(bytes_of(system), &key, &header);
    if (result == UPDATE_OK) {
        result = system_check_payload(&header, bytes_of(system) + SYSTEM_PAGE_BYTES);
    }
    if (result != UPDATE_OK) {
        error = update_result_text(result);
        return false;
    }
    if (!open_programs(system.substr(SYSTEM_PAGE_BYTES), aligned, view, error) ||
        !all_run(view, error)) {
        return false;
    }
    if (bundle_find(&view, header.health) == nullptr) {
        error = "the program that would say that the system is well is not in it";
        return false;
    }
    return true;
}

bool list(const std::string &system, std::string &out, std::string &error) {
    system_header header = {};
    std::vector<std::uint64_t> aligned;
    bundle_view view = {};
    if (!header_of(system, header, error) ||
        !open_programs(system.substr(SYSTEM_PAGE_BYTES), aligned, view, error)) {
        return false;
    }
    const bool is_signed = std::any_of(std::begin(header.signature), std::end(header.signature),
                                       [](std::uint8_t byte) { return byte != 0; });
    std::ostringstream text;
    text << "version " << header.version << ", " << system.size() << " bytes, "
         << (is_signed ? "signed by " + hex_of(header.signer, sizeof(header.signer))
                       : std::string("unsigned"))
         << "\n";
    for (std::uint32_t i = 0; i < view.program_count; i++) {
        const bundle_program &program = view.programs[i];
        text << program.name << " " << program.bytes << " bytes"
             << (program.service_id == header.health ? ", says that the system is well" : "")
             << "\n";
    }
    out = text.str();
    return true;
}

}  // namespace bundle_tool
