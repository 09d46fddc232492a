// tools/bundle/bundle.cc: keys, and system bundles for updated: makes, signs, verifies, lists.
// Exit: 0 done; 1 a mistake in what was given, said on the error output; nothing is written then.
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <string>

#include "tools/bundle/signing.h"
#include "tools/text/files.h"

namespace {

struct arguments {
    std::string in;
    std::string out;
    std::string open;  // Files of keys.
    std::string secret;
    std::string seed;
    bundle_tool::signing how;
};

// A file that was not there, for its owner alone.
bool write_secret(const std::string &path, const std::string &contents) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        std::cerr << path << ": is there already, or can't be written\n";
        return false;
    }
    const ssize_t count = ::write(file, contents.data(), contents.size());
    const bool good = ::close(file) == 0 && count == static_cast<ssize_t>(contents.size());
    if (!good) {
        std::cerr << path << ": can't be written\n";
        std::remove(path.c_str());
    }
    return good;
}

bool fail(const std::string &path, const std::string &error) {
    std::cerr << path << ": " << error << "\n";
    return false;
}

bool read_secret(const std::string &path, bundle_tool::key_pair &key) {
    std::string error;
    const auto contents = text::file_contents(path);
    if (!contents) {
        return false;
    }
    const auto found = bundle_tool::key_of_text(*contents, error);
    if (found) {
        key = *found;
    }
    return found ? true : fail(path, error);
}

// From a seed that is given, the same each time; else from the machine's randomness.
bool make_key(const arguments &given) {
    bundle_tool::key_pair key;
    if (!given.seed.empty()) {
        if (!read_secret(given.seed, key)) {
            return false;
        }
    } else {
        std::array<std::uint8_t, 32> seed;
        if (::getentropy(seed.data(), seed.size()) != 0) {
            return fail(given.open, "the machine gives no randomness for a key");
        }
        key = bundle_tool::key_of_seed(seed);
    }
    if (!given.secret.empty() && !write_secret(given.secret, bundle_tool::key_text(key))) {
        return false;
    }
    const bool good = text::write_file(given.open, key.open);
    if (!good && !given.secret.empty()) {
        std::remove(given.secret.c_str());
    }
    return good;
}

bool make_system(const arguments &given) {
    std::string error;
    bundle_tool::signing how = given.how;
    bundle_tool::key_pair key;
    const auto programs = text::file_contents(given.in);
    if (!programs || (!given.secret.empty() && !read_secret(given.secret, key))) {
        return false;
    }
    how.secret = key.secret;
    const std::string system = bundle_tool::sign(*programs, how, error);
    return system.empty() ? fail(given.in, error) : text::write_file(given.out, system);
}

bool verify(const arguments &given) {
    std::string error;
    const auto system = text::file_contents(given.in);
    const auto open = text::file_contents(given.open);
    if (!system || !open) {
        return false;
    }
    return bundle_tool::verify(*system, *open, error) || fail(given.in, error);
}

bool list(const arguments &given) {
    std::string out;
    std::string error;
    const auto system = text::file_contents(given.in);
    if (!system) {
        return false;
    }
    if (!bundle_tool::list(*system, out, error)) {
        return fail(given.in, error);
    }
    std::cout << out;
    return true;
}

}  // namespace

int main(int argc, char **argv) {
    CLI::App app{"System bundles, which updated stages and starts."};
    arguments given;
    bool (*command)(const arguments &) = nullptr;
    app.require_subcommand(1);

    CLI::App *key = app.add_subcommand("key", "makes a key");
    key->add_option("--public", given.open, "where to write the public one")->required();
    key->add_option("--secret", given.secret, "where to write the secret one");
    key->add_option("--seed", given.seed, "a secret one to make it from, not a random one");
    key->callback([&] { command = make_key; });

    CLI::App *build = app.add_subcommand("build", "makes a system of a bundle of tools/mkbundle");
    build->add_option("--programs", given.in, "the bundle")->required();
    build->add_option("--version", given.how.version, "from 1 on, rising")->required();
    build->add_option("--health", given.how.health, "its program that says it is well")->required();
    build->add_option("--key", given.secret, "the secret key; without it nobody signs it");
    build->add_option("--out", given.out, "the file to write")->required();
    build->callback([&] { command = make_system; });

    CLI::App *check = app.add_subcommand("verify", "checks what updated and execd would check");
    check->add_option("system", given.in, "the file")->required();
    check->add_option("--key", given.open, "the public key")->required();
    check->callback([&] { command = verify; });

    CLI::App *show = app.add_subcommand("list", "says what is in it");
    show->add_option("system", given.in, "the file")->required();
    show->callback([&] { command = list; });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? 0 : 1;
    }
    return command(given) ? 0 : 1;
}
