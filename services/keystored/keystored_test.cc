// services/keystored/keystored_test.cc: what keystored's logic does with keys and secrets, and each
// thing that it refuses.
#include "services/keystored/keystored.h"

#include <gtest/gtest.h>
#include <sodium/crypto_sign_ed25519.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t ALICE = 0x1234, BOB = 0x5678;

wire_bytes view(const bytes &of) {
    static const std::uint8_t none = 0;
    return {of.empty() ? &none : of.data(), static_cast<std::uint32_t>(of.size())};
}

bytes text(std::string_view of) {
    return {of.begin(), of.end()};
}

// Each time others, always the same.
struct source {
    std::uint64_t next = 1;
    bytes take(std::size_t count) {
        bytes out(count);
        for (std::uint8_t &byte : out) {
            next = next * 6364136223846793005u + 1442695040888963407u;
            byte = static_cast<std::uint8_t>(next >> 56);
        }
        return out;
    }
};

bytes as_bytes(const keystored &of) {
    bytes out(sizeof(of));
    std::memcpy(out.data(), &of, sizeof(of));
    return out;
}

bool contains(const bytes &where, const bytes &what) {
    return std::search(where.begin(), where.end(), what.begin(), what.end()) != where.end();
}

// keystored with the disk that it would be read from.
struct world {
    explicit world(const char *secret = "the secret of this device") : device(text(secret)) {
        keystored_init(keys.get());
    }

    void make_root() {
        root.resize(KEYSTORED_ROOT_BYTES);
        root_random = random.take(KEYSTORED_ROOT_RANDOM);
        keystored_root_make(view(device), root_random.data(), root.data());
        ASSERT_TRUE(keystored_root_open(keys.get(), view(device), view(root)));
    }

    wire_status store(wire_status status, const keystored_change &change) {
        if (status != WIRE_OK || change.none) {
            return status;
        }
        bytes place(KEYSTORED_PLACE_BYTES_MAX);
        place.resize(keystored_place(&change.entry, place.data()));
        if (change.erase) {
            disk.erase(place);
        } else {
            disk[place] =
                bytes(change.entry.sealed, change.entry.sealed + change.entry.sealed_count);
        }
        keystored_done(keys.get(), &change);
        return status;
    }

    wire_status make(std::uint64_t owner, const char *name, bytes *key = nullptr) {
        keystored_change change{};
        bytes made(KEYS_PUBLIC_BYTES);
        last_random = random.take(KEYSTORED_MAKE_RANDOM);
        const wire_status status =
            keystored_make(keys.get(), keystored_name{owner, view(text(name))}, last_random.data(),
                           &change, made.data());
        if (key != nullptr) {
            *key = made;
        }
        return store(status, change);
    }

    wire_status keep(std::uint64_t owner, const char *name, const bytes &secret) {
        keystored_change change{};
        const wire_status status =
            keystored_keep(keys.get(), keystored_name{owner, view(text(name))}, view(secret),
                           random.take(SEAL_SALT_BYTES).data(), &change);
        return store(status, change);
    }

    wire_status erase(std::uint64_t owner, const char *name) {
        keystored_change change{};
        const wire_status status =
            keystored_erase(keys.get(), keystored_name{owner, view(text(name))}, &change);
        return store(status, change);
    }

    wire_status give(std::uint64_t owner, const char *name, bytes *secret = nullptr) {
        bytes out(KEYS_PLAIN_BYTES_MAX);
        wire_bytes found{};
        const wire_status status =
            keystored_give(keys.get(), keystored_name{owner, view(text(name))}, out.data(), &found);
        if (secret != nullptr) {
            *secret = bytes(found.data, found.data + found.count);
        }
        return status;
    }

    wire_status sign(std::uint64_t owner, const char *name, const bytes &message,
                     bytes *signature = nullptr) {
        bytes made(KEYS_SIGNATURE_BYTES);
        const wire_status status = keystored_sign(
            keys.get(), keystored_name{owner, view(text(name))}, view(message), made.data());
        if (signature != nullptr) {
            *signature = made;
        }
        return status;
    }

    wire_status seal(std::uint64_t owner, const char *context, const bytes &plain, bytes *sealed) {
        bytes out(STATE_VALUE_BYTES_MAX);
        const wire_status status =
            keystored_seal(keys.get(), owner, keystored_content{view(text(context)), view(plain)},
                           random.take(SEAL_SALT_BYTES).data(), out.data());
        out.resize(status == WIRE_OK ? plain.size() + KEYS_SEAL_BYTES : 0);
        *sealed = out;
        return status;
    }

    wire_status open(std::uint64_t owner, const char *context, const bytes &sealed,
                     bytes *plain = nullptr) {
        bytes out(STATE_VALUE_BYTES_MAX);
        std::uint32_t count = 0;
        const wire_status status =
            keystored_open(keys.get(), owner, keystored_content{view(text(context)), view(sealed)},
                           out.data(), &count);
        out.resize(count);
        if (plain != nullptr) {
            *plain = out;
        }
        return status;
    }

    // From the disk, as after a start.
    void restart() {
        keystored_init(keys.get());
        opened = keystored_root_open(keys.get(), view(device), view(root));
        for (const auto &[place, sealed] : disk) {
            keystored_take(keys.get(), view(place), view(sealed));
        }
    }

    bytes identity() {
        wire_bytes key{};
        EXPECT_EQ(keystored_identity(keys.get(), &key), WIRE_OK);
        return {key.data, key.data + key.count};
    }

    source random;
    bytes device, root, root_random, last_random;
    bool opened = false;
    std::map<bytes, bytes> disk;
    std::unique_ptr<keystored> keys = std::make_unique<keystored>();
};

struct Keystored : ::testing::Test, world {
    Keystored() {
        make_root();
    }
};

TEST_F(Keystored, the_identity_stays_the_same) {
    const bytes key = identity();
    restart();
    EXPECT_TRUE(opened);
    EXPECT_EQ(identity(), key);
    world other;
    other.random.next = 99;
    other.make_root();
    EXPECT_NE(other.identity(), key);
}

TEST_F(Keystored, a_statement_is_the_senders) {
    const bytes message = text("it is seven");
    bytes signature(KEYS_SIGNATURE_BYTES);
    ASSERT_EQ(keystored_attest(keys.get(), ALICE, view(message), signature.data()), WIRE_OK);
    bytes statement(KEYS_SIGNED_BYTES_MAX);
    statement.resize(keys_statement_put(ALICE, view(message), statement.data()));
    EXPECT_EQ(statement.size(), message.size() + KEYS_STATEMENT_HEAD_BYTES);
    EXPECT_EQ(keystored_verify(view(identity()), view(statement), view(signature)), WIRE_OK);
    // Nobody can say that it was somebody else's, or that it is of the bare message.
    EXPECT_EQ(keystored_verify(view(identity()), view(message), view(signature)), WIRE_DENIED);
    bytes other(KEYS_SIGNED_BYTES_MAX);
    other.resize(keys_statement_put(BOB, view(message), other.data()));
    EXPECT_EQ(keystored_verify(view(identity()), view(other), view(signature)), WIRE_DENIED);
    EXPECT_EQ(keys->attested, 1u);
}

TEST_F(Keystored, a_pair_is_made_once_and_signs) {
    bytes key, again, signature;
    ASSERT_EQ(make(ALICE, "boot-1", &key), WIRE_OK);
    ASSERT_EQ(make(ALICE, "boot-1", &again), WIRE_OK);
    EXPECT_EQ(again, key);
    EXPECT_EQ(disk.size(), 1u);
    restart();
    ASSERT_EQ(make(ALICE, "boot-1", &again), WIRE_OK);
    EXPECT_EQ(again, key);
    ASSERT_EQ(sign(ALICE, "boot-1", text("hello"), &signature), WIRE_OK);
    EXPECT_EQ(keystored_verify(view(key), view(text("hello")), view(signature)), WIRE_OK);
    EXPECT_EQ(keystored_find(keys.get(), keystored_name{ALICE, view(text("boot-1"))})->uses, 1u);
    // libsodium says the same of the key that the random bytes make.
    bytes expected(KEYS_PUBLIC_BYTES), secret(crypto_sign_ed25519_SECRETKEYBYTES);
    world same;
    same.make_root();
    ASSERT_EQ(same.make(ALICE, "x", &key), WIRE_OK);
    crypto_sign_ed25519_seed_keypair(expected.data(), secret.data(), same.last_random.data());
    EXPECT_EQ(key, expected);
}

TEST_F(Keystored, the_same_name_of_two_services_is_two_things) {
    bytes one, other, secret;
    ASSERT_EQ(make(ALICE, "name", &one), WIRE_OK);
    ASSERT_EQ(make(BOB, "name", &other), WIRE_OK);
    EXPECT_NE(one, other);
    ASSERT_EQ(keep(ALICE, "word", text("sesame")), WIRE_OK);
    ASSERT_EQ(keep(BOB, "word", text("rosebud")), WIRE_OK);
    ASSERT_EQ(give(ALICE, "word", &secret), WIRE_OK);
    EXPECT_EQ(secret, text("sesame"));
    ASSERT_EQ(give(BOB, "word", &secret), WIRE_OK);
    EXPECT_EQ(secret, text("rosebud"));
}

TEST_F(Keystored, a_secret_is_kept_replaced_and_erased) {
    bytes secret;
    const bytes longest(KEYS_SECRET_BYTES_MAX, 0x5a);
    ASSERT_EQ(keep(ALICE, "word", text("sesame")), WIRE_OK);
    ASSERT_EQ(keep(ALICE, "word", longest), WIRE_OK);
    restart();
    ASSERT_EQ(give(ALICE, "word", &secret), WIRE_OK);
    EXPECT_EQ(secret, longest);
    ASSERT_EQ(erase(ALICE, "word"), WIRE_OK);
    EXPECT_EQ(disk.size(), 0u);
    EXPECT_EQ(give(ALICE, "word"), WIRE_ABSENT);
    EXPECT_FALSE(contains(as_bytes(*keys), bytes(16, 0x5a)));
}

TEST_F(Keystored, names_come_in_order) {
    for (const char *name : {"b", "ab", "a"}) {
        ASSERT_EQ(keep(ALICE, name, text("x")), WIRE_OK);
    }
    ASSERT_EQ(make(BOB, "aa"), WIRE_OK);
    std::vector<std::string> found;
    bytes after;
    while (const keystored_entry *entry =
               keystored_next(keys.get(), keystored_name{ALICE, view(after)})) {
        after.assign(entry->name, entry->name + entry->name_count);
        found.emplace_back(after.begin(), after.end());
    }
    EXPECT_EQ(found, (std::vector<std::string>{"a", "ab", "b"}));
}

TEST_F(Keystored, what_is_stored_shows_nothing) {
    const bytes secret = text("open sesame, and nobody may know of it");
    ASSERT_EQ(keep(ALICE, "word", secret), WIRE_OK);
    ASSERT_EQ(make(ALICE, "pair"), WIRE_OK);
    const bytes seed(last_random.begin(), last_random.begin() + KEYSTORED_SEED_BYTES);
    for (const auto &[place, sealed] : disk) {
        EXPECT_FALSE(contains(sealed, bytes(secret.begin(), secret.begin() + 8)));
        EXPECT_FALSE(contains(sealed, bytes(seed.begin(), seed.begin() + 8)));
    }
    const bytes root_plain(root_random.begin() + SEAL_SALT_BYTES, root_random.end());
    for (std::size_t at = 0; at + 8 <= root_plain.size(); at += 8) {
        EXPECT_FALSE(
            contains(root, bytes(root_plain.begin() + static_cast<std::ptrdiff_t>(at),
                                 root_plain.begin() + static_cast<std::ptrdiff_t>(at) + 8)));
    }
    // Nor is a secret or a seed in memory between requests.
    EXPECT_FALSE(contains(as_bytes(*keys), secret));
    EXPECT_FALSE(contains(as_bytes(*keys), seed));
    EXPECT_FALSE(contains(as_bytes(*keys), device));
}

TEST_F(Keystored, what_is_sealed_for_a_service_opens_for_it) {
    bytes sealed, plain;
    const bytes longest(KEYS_PLAIN_BYTES_MAX, 3);
    ASSERT_EQ(seal(ALICE, "record 1", longest, &sealed), WIRE_OK);
    EXPECT_EQ(sealed.size(), std::size_t{STATE_VALUE_BYTES_MAX});
    restart();
    ASSERT_EQ(open(ALICE, "record 1", sealed, &plain), WIRE_OK);
    EXPECT_EQ(plain, longest);
    EXPECT_EQ(keys->sealed, 1u);
}

TEST_F(Keystored, test_reject_wrong_device_secret) {
    device = text("the secret of that device");
    ASSERT_EQ(keep(ALICE, "word", text("sesame")), WIRE_OK);
    restart();
    EXPECT_FALSE(opened);
    EXPECT_EQ(keys->state, KEYS_LOCKED);
    EXPECT_EQ(keys->flawed, 1u);
}

TEST_F(Keystored, test_reject_everything_while_locked) {
    bytes key, sealed, signature(KEYS_SIGNATURE_BYTES);
    ASSERT_EQ(make(ALICE, "pair", &key), WIRE_OK);
    ASSERT_EQ(keep(ALICE, "word", text("sesame")), WIRE_OK);
    ASSERT_EQ(seal(ALICE, "c", text("p"), &sealed), WIRE_OK);
    root[20] ^= 1;
    restart();
    const std::map<bytes, bytes> before = disk;
    wire_bytes public_key{};
    EXPECT_EQ(keystored_identity(keys.get(), &public_key), WIRE_UNAVAILABLE);
    EXPECT_EQ(public_key.count, 0u);
    EXPECT_EQ(keystored_attest(keys.get(), ALICE, view(text("m")), signature.data()),
              WIRE_UNAVAILABLE);
    EXPECT_EQ(signature, bytes(KEYS_SIGNATURE_BYTES));
    EXPECT_EQ(make(ALICE, "pair"), WIRE_UNAVAILABLE);
    EXPECT_EQ(make(ALICE, "more"), WIRE_UNAVAILABLE);
    EXPECT_EQ(sign(ALICE, "pair", text("m")), WIRE_UNAVAILABLE);
    EXPECT_EQ(keep(ALICE, "word", text("rosebud")), WIRE_UNAVAILABLE);
    EXPECT_EQ(give(ALICE, "word"), WIRE_UNAVAILABLE);
    EXPECT_EQ(erase(ALICE, "word"), WIRE_UNAVAILABLE);
    EXPECT_EQ(open(ALICE, "c", sealed), WIRE_UNAVAILABLE);
    EXPECT_EQ(seal(ALICE, "c", text("p"), &sealed), WIRE_UNAVAILABLE);
    EXPECT_EQ(disk, before);
}

TEST_F(Keystored, test_reject_tampered_root) {
    for (std::size_t bit = 0; bit < root.size() * 8; bit += 7) {
        root[bit / 8] = static_cast<std::uint8_t>(root[bit / 8] ^ 1u << bit % 8);
        restart();
        EXPECT_FALSE(opened) << bit;
        root[bit / 8] = static_cast<std::uint8_t>(root[bit / 8] ^ 1u << bit % 8);
    }
    root.pop_back();
    restart();
    EXPECT_FALSE(opened);
}

// A record that opens as a root, but is another.
TEST_F(Keystored, test_reject_record_as_root) {
    ASSERT_EQ(keep(ALICE, "word", bytes(2 * KEYSTORED_SEED_BYTES - 1, 1)), WIRE_OK);
    root = disk.begin()->second;
    restart();
    EXPECT_FALSE(opened);
}

TEST_F(Keystored, test_reject_tampered_record) {
    ASSERT_EQ(make(ALICE, "pair"), WIRE_OK);
    ASSERT_EQ(keep(ALICE, "word", text("sesame")), WIRE_OK);
    for (auto &[place, sealed] : disk) {
        sealed[SEAL_SALT_BYTES + 4] ^= 0x10;
    }
    restart();
    EXPECT_TRUE(opened);
    EXPECT_EQ(keys->flawed, 2u);
    EXPECT_EQ(sign(ALICE, "pair", text("m")), WIRE_UNAVAILABLE);
    EXPECT_EQ(give(ALICE, "word"), WIRE_UNAVAILABLE);
    // It is not written over unseen; its owner may let go of it.
    EXPECT_EQ(make(ALICE, "pair"), WIRE_UNAVAILABLE);
    EXPECT_EQ(keep(ALICE, "word", text("rosebud")), WIRE_UNAVAILABLE);
    EXPECT_EQ(erase(ALICE, "word"), WIRE_OK);
    EXPECT_EQ(keep(ALICE, "word", text("rosebud")), WIRE_OK);
    EXPECT_EQ(keys->flawed, 1u);
}

// Longer than any that keystored writes: as any other that was changed.
TEST_F(Keystored, test_reject_record_too_long) {
    ASSERT_EQ(keep(ALICE, "word", bytes(KEYS_SECRET_BYTES_MAX, 1)), WIRE_OK);
    disk.begin()->second.push_back(1);
    restart();
    EXPECT_EQ(keys->flawed, 1u);
    EXPECT_EQ(give(ALICE, "word"), WIRE_UNAVAILABLE);
    EXPECT_EQ(keep(ALICE, "word", text("rosebud")), WIRE_UNAVAILABLE);
    disk.begin()->second.resize(STATE_VALUE_BYTES_MAX);
    restart();
    EXPECT_EQ(make(ALICE, "word"), WIRE_UNAVAILABLE);
    EXPECT_EQ(erase(ALICE, "word"), WIRE_OK);
    EXPECT_TRUE(disk.empty());
    EXPECT_EQ(keys->flawed, 0u);
}

TEST_F(Keystored, test_reject_moved_record) {
    ASSERT_EQ(keep(ALICE, "word", text("sesame")), WIRE_OK);
    keystored_entry moved{};
    moved.owner = BOB;
    moved.name_count = 4;
    std::memcpy(moved.name, "word", 4);
    bytes place(KEYSTORED_PLACE_BYTES_MAX);
    place.resize(keystored_place(&moved, place.data()));
    disk[place] = disk.begin()->second;  // To another service,
    moved.owner = ALICE;
    std::memcpy(moved.name, "wore", 4);
    place.resize(keystored_place(&moved, place.data()));
    disk[place] = disk.begin()->second;  // and to another name.
    restart();
    EXPECT_EQ(keys->flawed, 2u);
    EXPECT_EQ(give(BOB, "word"), WIRE_UNAVAILABLE);
    EXPECT_EQ(give(ALICE, "wore"), WIRE_UNAVAILABLE);
    EXPECT_EQ(give(ALICE, "word"), WIRE_OK);
}

TEST_F(Keystored, test_reject_strange_place) {
    const bytes sealed(60, 1);
    for (const bytes &place : {text("n"), text("x12345678word"), text("n12345678"),
                               text("n12345678Word"), text("n12345678abcdefghijklmnopqrstuvwxy")}) {
        EXPECT_FALSE(keystored_take(keys.get(), view(place), view(sealed)));
    }
    EXPECT_EQ(keys->flawed, 5u);
    for (const keystored_entry &entry : keys->entries) {
        EXPECT_EQ(entry.name_count, 0);
    }
}

TEST_F(Keystored, test_reject_unknown_name) {
    EXPECT_EQ(sign(ALICE, "pair", text("m")), WIRE_ABSENT);
    EXPECT_EQ(give(ALICE, "word"), WIRE_ABSENT);
    EXPECT_EQ(erase(ALICE, "word"), WIRE_ABSENT);
    EXPECT_EQ(keystored_next(keys.get(), keystored_name{ALICE, view({})}), nullptr);
}

TEST_F(Keystored, test_reject_uses_of_what_is_not_there) {
    const auto uses = [this](std::uint64_t owner, const bytes &name) {
        return keystored_uses(keys.get(), keystored_name{owner, view(name)});
    };
    ASSERT_EQ(make(ALICE, "pair"), WIRE_OK);
    ASSERT_EQ(sign(ALICE, "pair", text("m")), WIRE_OK);
    EXPECT_EQ(uses(ALICE, text("pair")), 1u);
    EXPECT_EQ(uses(BOB, text("pair")), 0u);
    EXPECT_EQ(uses(ALICE, text("pai")), 0u);
    EXPECT_EQ(uses(ALICE, {}), 0u);
    EXPECT_EQ(uses(ALICE, bytes(KEYS_NAME_BYTES_MAX + 1, 'p')), 0u);
    ASSERT_EQ(erase(ALICE, "pair"), WIRE_OK);
    EXPECT_EQ(uses(ALICE, text("pair")), 0u);
}

TEST_F(Keystored, test_reject_secret_of_another) {
    ASSERT_EQ(keep(ALICE, "word", text("sesame")), WIRE_OK);
    ASSERT_EQ(make(ALICE, "pair"), WIRE_OK);
    EXPECT_EQ(give(BOB, "word"), WIRE_ABSENT);
    EXPECT_EQ(sign(BOB, "pair", text("m")), WIRE_ABSENT);
    EXPECT_EQ(erase(BOB, "word"), WIRE_ABSENT);
    EXPECT_EQ(keystored_next(keys.get(), keystored_name{BOB, view({})}), nullptr);
    EXPECT_EQ(give(ALICE, "word"), WIRE_OK);
}

TEST_F(Keystored, test_reject_export_of_a_private_key) {
    bytes out;
    ASSERT_EQ(make(ALICE, "pair"), WIRE_OK);
    EXPECT_EQ(give(ALICE, "pair", &out), WIRE_DENIED);
    EXPECT_TRUE(out.empty());
    EXPECT_EQ(keep(ALICE, "pair", text("mine now")), WIRE_DENIED);
    EXPECT_EQ(sign(ALICE, "pair", text("m")), WIRE_OK);
}

TEST_F(Keystored, test_reject_signing_with_a_secret) {
    ASSERT_EQ(keep(ALICE, "word", bytes(KEYSTORED_SEED_BYTES, 1)), WIRE_OK);
    EXPECT_EQ(sign(ALICE, "word", text("m")), WIRE_DENIED);
    EXPECT_EQ(make(ALICE, "word"), WIRE_DENIED);
    EXPECT_EQ(give(ALICE, "word"), WIRE_OK);
}

TEST_F(Keystored, test_reject_over_quota) {
    for (const char *name : {"a", "b", "c"}) {
        ASSERT_EQ(keep(ALICE, name, text("x")), WIRE_OK);
    }
    EXPECT_EQ(make(ALICE, "d"), WIRE_OVERLOAD);
    EXPECT_EQ(keep(ALICE, "d", text("x")), WIRE_OVERLOAD);
    EXPECT_EQ(keep(ALICE, "b", text("y")), WIRE_OK);  // Instead of an earlier one.
    EXPECT_EQ(make(BOB, "d"), WIRE_OK);
    ASSERT_EQ(erase(ALICE, "a"), WIRE_OK);
    EXPECT_EQ(make(ALICE, "d"), WIRE_OK);
}

TEST_F(Keystored, test_reject_more_than_the_pool) {
    const char *const names[] = {"a", "b", "c"};
    for (std::uint64_t i = 0; i < KEYSTORED_ENTRIES_MAX; i++) {
        ASSERT_EQ(keep(100 + i / KEYSTORED_OWNER_MAX, names[i % 3], text("x")), WIRE_OK);
    }
    EXPECT_EQ(keep(ALICE, "a", text("x")), WIRE_OVERLOAD);
    EXPECT_EQ(disk.size(), std::size_t{KEYSTORED_ENTRIES_MAX});
    // One more on the disk than there is room for.
    bytes place = disk.begin()->first;
    place.back() = 'z';
    EXPECT_FALSE(keystored_take(keys.get(), view(place), view(disk.begin()->second)));
    EXPECT_EQ(keys->flawed, 1u);
}

TEST_F(Keystored, test_reject_bad_name) {
    for (const char *name : {"", "Word", "a b", "a/b", "\x01", "1234567890123456789012345"}) {
        EXPECT_EQ(make(ALICE, name), WIRE_MALFORMED) << name;
        EXPECT_EQ(keep(ALICE, name, text("x")), WIRE_MALFORMED) << name;
        EXPECT_EQ(sign(ALICE, name, text("x")), WIRE_MALFORMED) << name;
        EXPECT_EQ(give(ALICE, name), WIRE_MALFORMED) << name;
        EXPECT_EQ(erase(ALICE, name), WIRE_MALFORMED) << name;
    }
    EXPECT_EQ(make(ALICE, "123456789-123456789_12.z"), WIRE_OK);
    EXPECT_EQ(disk.size(), 1u);
}

TEST_F(Keystored, test_reject_too_large) {
    const bytes message(KEYS_MESSAGE_BYTES_MAX + 1, 'm');
    bytes signature(KEYS_SIGNATURE_BYTES), sealed;
    ASSERT_EQ(make(ALICE, "pair"), WIRE_OK);
    EXPECT_EQ(sign(ALICE, "pair", message), WIRE_TOO_LARGE);
    EXPECT_EQ(keystored_attest(keys.get(), ALICE, view(message), signature.data()), WIRE_TOO_LARGE);
    EXPECT_EQ(
        keystored_verify(view(identity()), view(bytes(KEYS_SIGNED_BYTES_MAX + 1)), view(signature)),
        WIRE_TOO_LARGE);
    EXPECT_EQ(keep(ALICE, "word", bytes(KEYS_SECRET_BYTES_MAX + 1)), WIRE_TOO_LARGE);
    EXPECT_EQ(keep(ALICE, "word", {}), WIRE_MALFORMED);
    EXPECT_EQ(seal(ALICE, "c", bytes(KEYS_PLAIN_BYTES_MAX + 1), &sealed), WIRE_TOO_LARGE);
    const std::string context(KEYS_CONTEXT_BYTES_MAX + 1, 'c');
    EXPECT_EQ(seal(ALICE, context.c_str(), text("p"), &sealed), WIRE_TOO_LARGE);
    EXPECT_EQ(open(ALICE, context.c_str(), bytes(60)), WIRE_TOO_LARGE);
    EXPECT_EQ(open(ALICE, "c", bytes(STATE_VALUE_BYTES_MAX + 1)), WIRE_TOO_LARGE);
    EXPECT_EQ(sign(ALICE, "pair", bytes(KEYS_MESSAGE_BYTES_MAX, 'm')), WIRE_OK);
    EXPECT_EQ(keys->attested, 0u);
}

TEST_F(Keystored, test_reject_forged_signature) {
    bytes key, other, signature;
    ASSERT_EQ(make(ALICE, "pair", &key), WIRE_OK);
    ASSERT_EQ(make(BOB, "pair", &other), WIRE_OK);
    ASSERT_EQ(sign(ALICE, "pair", text("hello"), &signature), WIRE_OK);
    EXPECT_EQ(keystored_verify(view(key), view(text("hallo")), view(signature)), WIRE_DENIED);
    EXPECT_EQ(keystored_verify(view(other), view(text("hello")), view(signature)), WIRE_DENIED);
    signature[3] ^= 1;
    EXPECT_EQ(keystored_verify(view(key), view(text("hello")), view(signature)), WIRE_DENIED);
    signature.pop_back();
    EXPECT_EQ(keystored_verify(view(key), view(text("hello")), view(signature)), WIRE_MALFORMED);
    key.push_back(1);
    EXPECT_EQ(keystored_verify(view(key), view(text("hello")), view(bytes(KEYS_SIGNATURE_BYTES))),
              WIRE_MALFORMED);
}

TEST_F(Keystored, test_reject_opening_what_another_sealed) {
    bytes sealed;
    ASSERT_EQ(seal(ALICE, "record 1", text("p"), &sealed), WIRE_OK);
    EXPECT_EQ(open(BOB, "record 1", sealed), WIRE_DENIED);
    EXPECT_EQ(open(ALICE, "record 2", sealed), WIRE_DENIED);
    sealed[25] ^= 1;
    EXPECT_EQ(open(ALICE, "record 1", sealed), WIRE_DENIED);
    EXPECT_EQ(open(ALICE, "record 1", {}), WIRE_DENIED);
}

// Neither of a client's seals and keystored's own records passes for the other.
TEST_F(Keystored, test_reject_record_as_a_clients_seal) {
    ASSERT_EQ(keep(ALICE, "word", text("sesame")), WIRE_OK);
    const auto [place, sealed] = *disk.begin();
    EXPECT_EQ(open(ALICE, std::string(place.begin(), place.end()).c_str(), sealed), WIRE_DENIED);
    EXPECT_EQ(open(ALICE, "", sealed), WIRE_DENIED);
}

TEST(KeystoredUses, powers_of_two_are_told) {
    std::vector<std::uint64_t> told;
    for (std::uint64_t n = 0; n <= 20; n++) {
        if (keystored_is_told(n)) {
            told.push_back(n);
        }
    }
    EXPECT_EQ(told, (std::vector<std::uint64_t>{1, 2, 4, 8, 16}));
}

}  // namespace
