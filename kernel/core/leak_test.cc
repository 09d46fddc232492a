// kernel/core/leak_test.cc: a system call writes what it says and nothing else: pages are poisoned
// before it, and compared after it.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "kernel/abi/syscall.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t SERVER = 4;
constexpr std::uint32_t RATE_HALF = 32768;
constexpr int POISON = 0xee;
constexpr std::uint64_t BADGE = 0x1122334455667788;
constexpr std::uint32_t lengths[] = {0, 1, 7, 8, 9, 63, 64, 65, 200, 511, 512};

std::string payload(std::uint32_t length) {
    return std::string(length, 'm');
}

// A frame of that length; what stands behind it in the sender's page is nobody else's.
void fill_poisoned(message_area &area, std::uint32_t length) {
    std::memset(area.payload, POISON, sizeof(area.payload));
    fill(area, 1, payload(length));
}

// A page as its owner left it before a call.
struct snapshot {
    message_page page;

    explicit snapshot(user &self) {
        std::memset(&self.page->request_in, POISON, sizeof(self.page->request_in));
        std::memset(&self.page->reply_in, POISON, sizeof(self.page->reply_in));
        std::memset(self.page->console, POISON, sizeof(self.page->console));
        std::memset(self.page->stats, POISON, sizeof(self.page->stats));
        std::memcpy(&page, self.page, sizeof(page));
    }
};

// What the kernel may have written: who sent it, the header, whole words of the payload.
message_area area_of(const message_area &before, const message_area &now, std::uint32_t length,
                     const char *sender) {
    message_area area = before;
    area.meta = {service_id_of(sender, std::strlen(sender)), now.meta.badge, now.meta.instance,
                 CAP_SLOT_NONE, 0};
    area.header = {now.meta.instance, 0, 1, 0, length};
    std::memset(area.payload, 0, (length + 7) / 8 * 8);
    std::memcpy(area.payload, payload(length).data(), length);
    return area;
}

void expect_same(const message_page &expected, const message_page &now, std::uint32_t length) {
    const auto *a = reinterpret_cast<const std::uint8_t *>(&expected);
    const auto *b = reinterpret_cast<const std::uint8_t *>(&now);
    for (std::size_t i = 0; i < sizeof(expected); i++) {
        ASSERT_EQ(a[i], b[i]) << "byte " << i << " of the page, frame of " << length;
    }
}

void expect_request(user &self, snapshot &before, std::uint32_t length) {
    before.page.request_in =
        area_of(before.page.request_in, self.page->request_in, length, "client");
    EXPECT_EQ(self.page->request_in.meta.badge, BADGE);
    expect_same(before.page, *self.page, length);
}

void expect_reply(user &self, snapshot &before, std::uint32_t length) {
    before.page.reply_in = area_of(before.page.reply_in, self.page->reply_in, length, "init");
    EXPECT_EQ(self.page->reply_in.meta.badge, 0u);
    expect_same(before.page, *self.page, length);
}

void call(user &self, std::uint32_t length) {
    fill_poisoned(self.page->call_out, length);
    snapshot before(self);
    EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
    expect_reply(self, before, length);
}

// Stored or handed over at once; or waiting, when two are stored already.
void send(user &self, std::uint32_t length) {
    fill_poisoned(self.page->call_out, length);
    snapshot before(self);
    EXPECT_EQ(sys_ipc_send(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
    expect_same(before.page, *self.page, length);
}

void receive(user &init, slot at, std::uint32_t length) {
    snapshot before(init);
    recv_result got = sys_ipc_recv(at, UINT64_MAX);
    while (got.status == STATUS_OK && got.received == RECEIVED_NOTIFICATION) {
        expect_same(before.page, *init.page, length);
        got = sys_ipc_recv(at, UINT64_MAX);
    }
    EXPECT_EQ(got.status, STATUS_OK);
    length = init.page->request_in.header.len;  // A call may overtake what is stored.
    expect_request(init, before, length);
    if (got.received == RECEIVED_CALL) {
        fill_poisoned(init.page->reply_out, length);
        snapshot replied(init);
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
        expect_same(replied.page, *init.page, length);
    }
}

TEST(Leak, a_frame_changes_only_what_it_fills) {
    sim_machine machine;
    machine.fault(FAULT_POINT_SLOW_PATH, RATE_HALF);
    machine.program("client", [](user &self) {
        for (std::uint32_t length : lengths) {
            call(self, length);
            for (int i = 0; i < 4; i++) {
                send(self, length);
            }
        }
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot task = start("client", {{mint(at, BADGE), SERVER, RIGHT_CALL | RIGHT_SEND}});
        for (std::uint32_t length : lengths) {
            for (int i = 0; i < 5; i++) {
                receive(init, at, length);
            }
        }
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

// The fast reply and receive: the answer goes out and the next request comes in.
TEST(Leak, an_answer_with_the_next_request_changes_only_what_it_fills) {
    sim_machine machine;
    machine.fault(FAULT_POINT_SLOW_PATH, RATE_HALF);
    machine.program("client", [](user &self) {
        for (std::uint32_t length : lengths) {
            call(self, length);
        }
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot task = start("client", {{mint(at, BADGE), SERVER, RIGHT_CALL}});
        recv_result got = sys_ipc_recv(at, UINT64_MAX);
        for (std::uint32_t length : lengths) {
            while (got.received == RECEIVED_NOTIFICATION) {
                got = sys_ipc_recv(at, UINT64_MAX);
            }
            ASSERT_EQ(got.received, RECEIVED_CALL);
            fill_poisoned(init.page->reply_out, length);
            snapshot before(init);
            got = sys_ipc_reply_recv(got.reply, at, in_us(1000));
            if (got.status == STATUS_OK && got.received == RECEIVED_CALL) {
                expect_request(init, before, init.page->request_in.header.len);
            } else {
                expect_same(before.page, *init.page, length);
            }
        }
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

// Whatever a caller without capabilities asks for, it reads a status, and of some calls how far its
// frame came; its page is as it was.
TEST(Leak, test_reject_tells_nothing_but_a_status) {
    sim_machine machine;
    machine.program("stranger", [](user &self) {
        constexpr std::uint64_t known = 0x51ce0000;
        for (std::uint64_t number = 0; number < SYSCALL_COUNT + 2; number++) {
            if (number == SYSCALL_TASK_EXIT || number == SYSCALL_YIELD ||
                number == SYSCALL_CLOCK_GET) {
                continue;
            }
            for (std::uint64_t slot : {UINT64_C(0), UINT64_C(1), known, UINT64_MAX,
                                       UINT64_C(1) << 63, UINT64_C(1) << 32}) {
                snapshot before(self);
                ecall_result got = sim_ecall(number, slot, known + 1, known + 2, known + 3);
                EXPECT_NE(got.a0, static_cast<std::uint64_t>(STATUS_OK)) << number;
                EXPECT_LT(got.a0, static_cast<std::uint64_t>(STATUS_COUNT)) << number;
                EXPECT_EQ(got.a1, 0u) << "call " << number;
                EXPECT_EQ(got.a2, 0u) << "call " << number;
                EXPECT_EQ(got.a3, 0u) << "call " << number;
                expect_same(before.page, *self.page, 0);
            }
        }
    });
    machine.run([](user &init) {
        (void)init;
        EXPECT_EQ(wait_dead(start("stranger")).reason, EXIT_CODE);
    });
}

// A call that nobody answers in time has changed nothing but its registers.
TEST(Leak, test_reject_late_answer_leaves_the_page) {
    sim_machine machine;
    machine.program("client", [](user &self) {
        fill_poisoned(self.page->call_out, 64);
        snapshot before(self);
        call_result got = sys_ipc_call(slot_at(SERVER), in_us(20));
        EXPECT_EQ(got.status, STATUS_TIMED_OUT);
        sim_user_work(400000);
        expect_same(before.page, *self.page, 64);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot task = start("client", {{mint(at, BADGE), SERVER, RIGHT_CALL}});
        recv_result got = sys_ipc_recv(at, in_us(300));
        if (got.status == STATUS_OK && got.received == RECEIVED_CALL) {
            wait_until([&] { return sys_reply_query(got.reply).value == 0; }, "its time-out");
            fill_poisoned(init.page->reply_out, 8);
            EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_PEER_CLOSED);
        }
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

}  // namespace
