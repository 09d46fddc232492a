// testing/qemu/memory_dump_test.cc: a monitor that does as QEMU's does, and ones that do not.
#include "testing/qemu/memory_dump.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

namespace {

constexpr const char *PLACE = "trace: 2 harts, 64 bytes at 0x80400000";

class MemoryDump : public testing::Test {
  protected:
    // Serves one client: a prompt, then for each line what `answer` says, and a prompt.
    void serve(const std::function<std::string(const std::string &)> &answer) {
        const std::string word = dump_.arguments().back();  // unix:PATH,server=on,wait=off
        const std::string path = word.substr(5, word.find(',') - 5);
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        std::snprintf(address.sun_path, sizeof(address.sun_path), "%s", path.c_str());
        const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
        ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr *>(&address), sizeof(address)), 0);
        ASSERT_EQ(listen(listener, 1), 0);
        server_ = std::thread([this, listener, answer] {
            const int fd = accept(listener, nullptr, nullptr);
            std::string line;
            put(fd, "QEMU 7.2.0 monitor\r\n(qemu) ");
            for (char byte = 0; read(fd, &byte, 1) == 1;) {
                if (byte != '\n') {
                    line += byte;
                    continue;
                }
                commands_.push_back(line);
                if (line == "quit") {
                    break;
                }
                put(fd, line + "\r\n" + answer(line) + "(qemu) ");
                line.clear();
            }
            close(fd);
            close(listener);
        });
    }

    static void put(int fd, const std::string &text) {
        ASSERT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }

    std::optional<std::string> take() {
        const std::optional<std::string> failure = dump_.take();
        if (server_.joinable()) {
            server_.join();
        }
        return failure;
    }

    const std::string path_ = testing::TempDir() + "memory_dump.events";
    qemu::memory_dump dump_{path_};
    std::thread server_;
    std::vector<std::string> commands_;
};

TEST_F(MemoryDump, asks_for_what_the_kernel_named) {
    EXPECT_FALSE(dump_.see("kernel: boot"));
    EXPECT_TRUE(dump_.see(PLACE));
    EXPECT_FALSE(dump_.see("trace: 2 harts, 128 bytes at 0x1000"));  // The first counts.
    serve([this](const std::string &) {
        std::ofstream(path_) << std::string(64, 'e');
        return "";
    });
    EXPECT_EQ(take(), std::nullopt);
    EXPECT_EQ(commands_,
              (std::vector<std::string>{"pmemsave 2151677952 64 \"" + path_ + "\"", "quit"}));
}

TEST_F(MemoryDump, test_reject_a_file_that_was_not_written_whole) {
    EXPECT_TRUE(dump_.see(PLACE));
    serve([this](const std::string &) {
        std::ofstream(path_) << "short";
        return "Invalid addr\r\n";
    });
    const auto failure = take();
    ASSERT_TRUE(failure);
    EXPECT_NE(failure->find("did not write it"), std::string::npos) << *failure;
    EXPECT_NE(failure->find("Invalid addr"), std::string::npos) << *failure;
}

TEST_F(MemoryDump, test_reject_a_kernel_that_says_no_place) {
    EXPECT_FALSE(dump_.see("trace: 2 harts, some bytes at 0x80400000"));
    serve([](const std::string &) { return ""; });
    EXPECT_EQ(take(), "the kernel did not say where its events are");
    EXPECT_EQ(commands_, std::vector<std::string>{"quit"});
}

TEST_F(MemoryDump, test_reject_no_monitor) {
    EXPECT_TRUE(dump_.see(PLACE));
    EXPECT_TRUE(take());
}

}  // namespace
