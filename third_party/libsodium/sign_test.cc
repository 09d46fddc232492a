// third_party/libsodium/sign_test.cc: Ed25519 and SHA-512 as built here give the answers that are
// known (RFC 8032, sections 7.1; FIPS 180-4's "abc"), and refuse what is not signed.
#include <gtest/gtest.h>
#include <sodium/crypto_hash_sha512.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using bytes = std::vector<std::uint8_t>;

bytes of_hex(std::string_view text) {
    bytes out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        out.push_back(
            static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    }
    return out;
}

struct vector {
    const char *seed;
    const char *public_key;
    const char *message;
    const char *signature;
};

constexpr vector VECTORS[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

struct pair {
    bytes public_key, secret_key;
};

pair pair_of(const bytes &seed) {
    pair made{bytes(crypto_sign_ed25519_PUBLICKEYBYTES), bytes(crypto_sign_ed25519_SECRETKEYBYTES)};
    EXPECT_EQ(crypto_sign_ed25519_seed_keypair(made.public_key.data(), made.secret_key.data(),
                                               seed.data()),
              0);
    return made;
}

bool is_signed(const bytes &signature, const bytes &message, const bytes &public_key) {
    return crypto_sign_ed25519_verify_detached(signature.data(), message.data(), message.size(),
                                               public_key.data()) == 0;
}

TEST(Sign, known_answers) {
    for (const vector &row : VECTORS) {
        const pair made = pair_of(of_hex(row.seed));
        EXPECT_EQ(made.public_key, of_hex(row.public_key));
        const bytes message = of_hex(row.message);
        bytes signature(crypto_sign_ed25519_BYTES);
        ASSERT_EQ(crypto_sign_ed25519_detached(signature.data(), nullptr, message.data(),
                                               message.size(), made.secret_key.data()),
                  0);
        EXPECT_EQ(signature, of_hex(row.signature));
        EXPECT_TRUE(is_signed(signature, message, made.public_key));
    }
}

// RFC 8032, 7.1, TEST SHA(abc): the message is the hash of "abc".
TEST(Sign, known_answer_of_a_hash) {
    const bytes abc = {'a', 'b', 'c'};
    bytes hash(crypto_hash_sha512_BYTES);
    ASSERT_EQ(crypto_hash_sha512(hash.data(), abc.data(), abc.size()), 0);
    EXPECT_EQ(hash, of_hex("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                           "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"));
    const pair made =
        pair_of(of_hex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"));
    bytes signature(crypto_sign_ed25519_BYTES);
    ASSERT_EQ(crypto_sign_ed25519_detached(signature.data(), nullptr, hash.data(), hash.size(),
                                           made.secret_key.data()),
              0);
    EXPECT_EQ(signature,
              of_hex("dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
                     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"));
}

TEST(Sign, test_reject_flipped_bit) {
    const bytes message = {1, 2, 3, 4};
    const pair made = pair_of(of_hex(VECTORS[1].seed));
    bytes signature(crypto_sign_ed25519_BYTES);
    ASSERT_EQ(crypto_sign_ed25519_detached(signature.data(), nullptr, message.data(),
                                           message.size(), made.secret_key.data()),
              0);
    ASSERT_TRUE(is_signed(signature, message, made.public_key));
    for (std::size_t i = 0; i < signature.size() * 8; i++) {
        bytes forged = signature;
        forged[i / 8] = static_cast<std::uint8_t>(forged[i / 8] ^ 1u << i % 8);
        EXPECT_FALSE(is_signed(forged, message, made.public_key)) << i;
    }
    for (std::size_t i = 0; i < message.size() * 8; i++) {
        bytes other = message;
        other[i / 8] = static_cast<std::uint8_t>(other[i / 8] ^ 1u << i % 8);
        EXPECT_FALSE(is_signed(signature, other, made.public_key)) << i;
    }
    EXPECT_FALSE(is_signed(signature, message, pair_of(of_hex(VECTORS[0].seed)).public_key));
}

// A key of small order, for which a signature of anything can be made up.
TEST(Sign, test_reject_weak_key) {
    bytes signature(crypto_sign_ed25519_BYTES);
    bytes key(crypto_sign_ed25519_PUBLICKEYBYTES);
    key[0] = 1;
    signature[0] = 1;
    EXPECT_FALSE(is_signed(signature, {1, 2, 3}, key));
    EXPECT_FALSE(is_signed(signature, {1, 2, 3}, bytes(crypto_sign_ed25519_PUBLICKEYBYTES)));
}

// port.c's own.
TEST(Sign, comparisons_see_every_bit) {
    for (std::size_t i = 0; i < 64; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes zeros(64);
            bytes one(64);
            one[i] = static_cast<std::uint8_t>(1u << bit);
            EXPECT_EQ(sodium_memcmp(zeros.data(), one.data(), zeros.size()), -1);
            EXPECT_EQ(sodium_memcmp(one.data(), one.data(), one.size()), 0);
            EXPECT_EQ(sodium_memcmp(zeros.data(), one.data(), i), 0);
            EXPECT_EQ(sodium_is_zero(one.data(), one.size()), 0);
            EXPECT_EQ(sodium_is_zero(one.data(), i), 1);
        }
    }
}

}  // namespace
