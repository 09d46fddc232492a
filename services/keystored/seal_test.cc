// services/keystored/seal_test.cc: what is sealed opens with its key and its context, and nothing
// else does; the form is the one that disks hold.
#include "services/keystored/seal.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace {

using bytes = std::vector<std::uint8_t>;

wire_bytes view(const bytes &of) {
    return {of.data(), static_cast<std::uint32_t>(of.size())};
}

bytes text(const char *of) {
    return bytes(of, of + std::strlen(of));
}

seal_key key_of(const char *secret) {
    const bytes of = text(secret);
    seal_key key;
    seal_key_of_secret(view(of), &key);
    return key;
}

bytes salt_of(std::uint8_t first) {
    bytes salt(SEAL_SALT_BYTES, 7);
    salt[0] = first;
    return salt;
}

bytes closed(const seal_key &key, const bytes &context, const bytes &plain, std::uint8_t salt = 1) {
    bytes out(plain.size() + KEYS_SEAL_BYTES);
    seal_close(&key, view(context), salt_of(salt).data(), view(plain), out.data());
    return out;
}

bool opens(const seal_key &key, const bytes &context, const bytes &sealed, bytes *plain = nullptr) {
    bytes out(KEYS_PLAIN_BYTES_MAX, 0xee);
    std::uint32_t count = 77;
    const bool opened = seal_open(&key, view(context), view(sealed), out.data(), &count);
    if (!opened) {
        EXPECT_EQ(count, 77u);
        EXPECT_EQ(out, bytes(KEYS_PLAIN_BYTES_MAX));
    } else if (plain != nullptr) {
        out.resize(count);
        *plain = out;
    }
    return opened;
}

TEST(Seal, what_is_sealed_opens) {
    const seal_key key = key_of("a device secret");
    for (std::size_t count : {0u, 1u, 63u, 64u, 65u, 200u, unsigned{KEYS_PLAIN_BYTES_MAX}}) {
        bytes plain(count);
        for (std::size_t i = 0; i < count; i++) {
            plain[i] = static_cast<std::uint8_t>(i * 5 + 1);
        }
        bytes found;
        ASSERT_TRUE(opens(key, text("here"), closed(key, text("here"), plain), &found)) << count;
        EXPECT_EQ(found, plain);
    }
}

// One sealed thing to the byte: disks hold such.
TEST(Seal, golden_bytes) {
    const bytes sealed = closed(key_of("a device secret"), text("here"), text("tessera"));
    std::string hex;
    for (const std::uint8_t byte : sealed) {
        char two[3];
        std::snprintf(two, sizeof(two), "%02x", byte);
        hex += two;
    }
    EXPECT_EQ(hex,
              "0101070707070707070707070707070707699221"
              "5c8f8aa41be041866c9788050e523054594c1b4d");
}

TEST(Seal, the_bytes_are_not_in_it) {
    const seal_key key = key_of("a device secret");
    const bytes plain(64, 'x');
    const bytes sealed = closed(key, text("here"), plain);
    std::size_t same = 0;
    for (std::size_t i = 0; i < plain.size(); i++) {
        same += sealed[1 + SEAL_SALT_BYTES + i] == 'x';
    }
    EXPECT_LE(same, 6u);
    // Another salt: other bytes everywhere.
    const bytes again = closed(key, text("here"), plain, 2);
    std::size_t equal = 0;
    for (std::size_t i = 1 + SEAL_SALT_BYTES; i < sealed.size(); i++) {
        equal += sealed[i] == again[i];
    }
    EXPECT_LE(equal, 8u);
}

TEST(Seal, test_reject_tampered) {
    const seal_key key = key_of("a device secret");
    const bytes sealed = closed(key, text("here"), text("tessera"));
    for (std::size_t bit = 0; bit < sealed.size() * 8; bit++) {
        bytes changed = sealed;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1u << bit % 8);
        EXPECT_FALSE(opens(key, text("here"), changed)) << bit;
    }
}

TEST(Seal, test_reject_other_length) {
    const seal_key key = key_of("a device secret");
    const bytes sealed = closed(key, text("here"), text("tessera"));
    for (std::size_t count = 0; count < sealed.size(); count++) {
        EXPECT_FALSE(
            opens(key, text("here"),
                  bytes(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(count))));
    }
    bytes longer = sealed;
    longer.push_back(0);
    EXPECT_FALSE(opens(key, text("here"), longer));
    EXPECT_FALSE(opens(key, text("here"), bytes(SEAL_BYTES_MAX + 1, 1)));
}

TEST(Seal, test_reject_wrong_key) {
    const seal_key key = key_of("a device secret");
    const bytes sealed = closed(key, text("here"), text("tessera"));
    EXPECT_FALSE(opens(key_of("a device secres"), text("here"), sealed));
    EXPECT_FALSE(opens(key_of("a device secret "), text("here"), sealed));
    seal_key made;
    seal_key_derive(&key, SEAL_CLIENTS, 5, &made);
    EXPECT_FALSE(opens(made, text("here"), sealed));
}

TEST(Seal, test_reject_wrong_context) {
    const seal_key key = key_of("a device secret");
    const bytes sealed = closed(key, text("here"), text("tessera"));
    EXPECT_FALSE(opens(key, text("her"), sealed));
    EXPECT_FALSE(opens(key, text("there"), sealed));
    EXPECT_FALSE(opens(key, {}, sealed));
}

TEST(Seal, each_purpose_and_number_has_a_key_of_its_own) {
    const seal_key key = key_of("a device secret");
    std::vector<bytes> all;
    for (const seal_purpose purpose : {SEAL_ROOT, SEAL_NAMED, SEAL_CLIENTS}) {
        for (std::uint64_t number : {0ull, 1ull, 1ull << 63}) {
            seal_key made;
            seal_key_derive(&key, purpose, number, &made);
            const bytes as_bytes(made.bytes, made.bytes + sizeof(made.bytes));
            for (const bytes &other : all) {
                EXPECT_NE(as_bytes, other);
            }
            all.push_back(as_bytes);
        }
    }
}

}  // namespace
