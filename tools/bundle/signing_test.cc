// tools/bundle/signing_test.cc: what is signed is verified, and each way in which it is not.
#include "tools/bundle/signing.h"

#include <gtest/gtest.h>
#include <sodium/crypto_sign_ed25519.h>

#include <cstring>

#include "testing/sim/bundle_for_test.h"

namespace bundle_tool {
namespace {

const std::string SEED(64, '7');
const std::string OTHER_SEED(64, 'a');

key_pair KeyOf(const std::string &text) {
    std::string error;
    const auto key = key_of_text(text, error);
    EXPECT_TRUE(key) << error;
    return key.value_or(key_pair{});
}

std::string Programs() {
    bundle_test::bundle made;
    made.add("app");
    made.add("other");
    const std::vector<std::uint64_t> words = made.bytes();
    return std::string(reinterpret_cast<const char *>(words.data()), words.size() * 8);
}

std::string System(std::uint64_t version = 3, const std::string &key = SEED) {
    std::string error;
    const std::string secret = key.empty() ? "" : KeyOf(key).secret;
    const std::string made =
        sign(Programs(), {.version = version, .health = "app", .secret = secret}, error);
    EXPECT_EQ(error, "");
    return made;
}

std::string WhyNot(const std::string &system, const std::string &seed = SEED) {
    std::string error;
    EXPECT_FALSE(verify(system, KeyOf(seed).open, error));
    return error;
}

std::string WhyNotSigned(const std::string &programs, const signing &how) {
    std::string error;
    EXPECT_EQ(sign(programs, how, error), "");
    return error;
}

TEST(Signing, what_is_signed_is_verified) {
    std::string error;
    EXPECT_TRUE(verify(System(), KeyOf(SEED).open, error)) << error;
    EXPECT_EQ(System(), System()) << "the same to the byte";
}

TEST(Signing, list_says_what_is_in_it) {
    std::string out;
    std::string error;
    ASSERT_TRUE(list(System(7), out, error)) << error;
    EXPECT_TRUE(out.starts_with("version 7, ")) << out;
    EXPECT_NE(out.find(", signed by "), std::string::npos) << out;
    EXPECT_NE(out.find("\napp "), std::string::npos) << out;
    EXPECT_NE(out.find("says that the system is well\nother "), std::string::npos) << out;
    ASSERT_TRUE(list(System(7, ""), out, error)) << error;
    EXPECT_NE(out.find(", unsigned\n"), std::string::npos) << out;
}

TEST(Signing, a_key_is_kept_as_text) {
    EXPECT_EQ(key_text(KeyOf(SEED)), SEED + "\n");
    EXPECT_EQ(KeyOf(SEED + "\n").open, KeyOf(SEED).open);
    EXPECT_NE(KeyOf(OTHER_SEED).open, KeyOf(SEED).open);
}

TEST(Signing, test_reject_malformed_key) {
    std::string error;
    EXPECT_FALSE(key_of_text("abc", error));
    EXPECT_EQ(error, "a key is 64 hexadecimal digits");
    EXPECT_FALSE(key_of_text(std::string(63, '0') + "G", error));
    EXPECT_EQ(error, "a key is 64 hexadecimal digits, and digit 64 is none of 0-9 a-f");
    EXPECT_FALSE(verify(System(), "short", error));
    EXPECT_EQ(error, "a public key is a file of 32 bytes");
}

TEST(Signing, test_reject_unsigned) {
    EXPECT_EQ(WhyNot(System(3, "")), update_result_text(UPDATE_UNSIGNED));
}

TEST(Signing, test_reject_wrong_key) {
    EXPECT_EQ(WhyNot(System(), OTHER_SEED), update_result_text(UPDATE_WRONG_KEY));
}

TEST(Signing, test_reject_tampered) {
    std::string version = System();
    version[8] ^= 1;
    EXPECT_EQ(WhyNot(version), update_result_text(UPDATE_BAD_SIGNATURE));
    std::string programs = System();
    programs.back() ^= 1;
    EXPECT_EQ(WhyNot(programs), update_result_text(UPDATE_BAD_CONTENTS));
    EXPECT_EQ(WhyNot(System() + "x"), update_result_text(UPDATE_BAD_HEADER));
    EXPECT_EQ(WhyNot("short"), "shorter than a header's page");
}

TEST(Signing, test_reject_what_execd_would_refuse) {
    std::string programs = Programs();
    programs[0] ^= 1;
    EXPECT_EQ(
        WhyNotSigned(programs, {.version = 1, .health = "app", .secret = ""}),
        std::string("execd would refuse the programs: ") + bundle_flaw_text(BUNDLE_FLAW_HEADER));
}

TEST(Signing, test_reject_no_health_program) {
    EXPECT_EQ(WhyNotSigned(Programs(), {.version = 1, .health = "nobody", .secret = ""}),
              "no program `nobody` in it, which would say that the system is well");
}

// What another tool has signed with the same key is refused too.
TEST(Signing, test_reject_too_many_programs) {
    bundle_test::bundle made;
    for (const char *name : {"app", "b", "c", "d", "e"}) {
        made.add(name);
    }
    const std::vector<std::uint64_t> words = made.bytes();
    const std::string programs(reinterpret_cast<const char *>(words.data()), words.size() * 8);
    const std::string text = "5 programs, and 4 can run at one time";
    EXPECT_EQ(WhyNotSigned(programs, {.version = 1, .health = "app", .secret = ""}), text);
    std::string system = System();
    system_header header = {};
    std::memcpy(&header, system.data(), sizeof(header));
    header.payload_bytes = programs.size();
    system_hash(reinterpret_cast<const std::uint8_t *>(programs.data()), programs.size(),
                header.hash);
    std::uint8_t open[SYSTEM_KEY_BYTES];
    std::uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
    const std::string seed = KeyOf(SEED).secret;
    crypto_sign_ed25519_seed_keypair(open, secret,
                                     reinterpret_cast<const std::uint8_t *>(seed.data()));
    crypto_sign_ed25519_detached(header.signature, nullptr,
                                 reinterpret_cast<const std::uint8_t *>(&header),
                                 SYSTEM_SIGNED_BYTES, secret);
    std::memcpy(system.data(), &header, sizeof(header));
    EXPECT_EQ(WhyNot(system.substr(0, SYSTEM_PAGE_BYTES) + programs), text);
}

TEST(Signing, test_reject_version_zero) {
    EXPECT_EQ(WhyNotSigned(Programs(), {.version = 0, .health = "app", .secret = ""}),
              "versions begin with 1");
}

}  // namespace
}  // namespace bundle_tool
