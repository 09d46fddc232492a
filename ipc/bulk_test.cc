// ipc/bulk_test.cc: shared memory between a sender and a receiver who do not trust each other,
// against a kernel that counts slots and mappings.
#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "ipc/bulk_fill.h"
#include "ipc/bulk_sealed.h"
#include "ipc/bulk_views.h"
#include "ipc/bulk_window.h"
#include "kernel/abi/message.h"
#include "kernel/abi/syscall.h"
#include "runtime/ecall.h"

namespace {

constexpr uint64_t kFactory = 4;
constexpr uint64_t kNoMemory = 5;  // A capability to something else.

struct Memory {
    uint64_t pages;
    bool sealed = false;
    std::vector<uint8_t> bytes;
    int writable_maps = 0;
};

struct Capability {
    std::shared_ptr<Memory> memory;
    uint32_t rights;
};

class Kernel {
  public:
    ecall_result Enter(uint64_t number, const uint64_t *a) {
        calls_++;
        switch (number) {
            case SYSCALL_VMO_CREATE:
                return Create(a[0], a[1]);
            case SYSCALL_VMO_MAP:
                EXPECT_EQ(a[1], 0u) << "windows are mapped from their first page on";
                return Map(a[0], a[2], a[3]);
            case SYSCALL_VMO_UNMAP:
                return Unmap(a[1]);
            case SYSCALL_VMO_SEAL:
                return Seal(a[0]);
            case SYSCALL_CAP_CLONE:
                return Clone(a[0], static_cast<uint32_t>(a[1]));
            case SYSCALL_CAP_QUERY:
                return Query(a[0]);
            case SYSCALL_CAP_CLOSE:
                EXPECT_EQ(held_.erase(a[0]), 1u) << "closed what is not held: " << a[0];
                return {STATUS_OK, 0, 0, 0};
            default:
                ADD_FAILURE() << "system call " << syscall_name(number);
                return {STATUS_BAD_SYSCALL, 0, 0, 0};
        }
    }

    uint64_t Put(const Capability &capability) {
        uint64_t slot = 10;
        while (held_.count(slot) != 0) {
            slot++;
        }
        held_[slot] = capability;
        return slot;
    }

    std::map<uint64_t, Capability> held_;
    std::map<uint64_t, std::pair<std::shared_ptr<Memory>, bool>> maps_;
    uint64_t calls_ = 0;
    int fail_map_ = 0;
    uint64_t access_ = 0;  // Of the last mapping.

  private:
    ecall_result Create(uint64_t factory, uint64_t pages) {
        if (factory != kFactory) {
            return {STATUS_DENIED, 0, 0, 0};
        }
        auto memory = std::make_shared<Memory>();
        memory->pages = pages;
        memory->bytes.resize(pages * PAGE_BYTES);
        return {STATUS_OK, Put({memory, RIGHTS_VMO}), 0, 0};
    }

    ecall_result Map(uint64_t slot, uint64_t pages, uint64_t access) {
        if (fail_map_ > 0) {
            fail_map_--;
            return {STATUS_NO_SPACE, 0, 0, 0};
        }
        Capability &capability = held_.at(slot);
        access_ = access;
        const bool write = (access & RIGHT_VMO_WRITE) != 0;
        if ((access & ~capability.rights) != 0 || (write && capability.memory->sealed)) {
            return {STATUS_DENIED, 0, 0, 0};
        }
        EXPECT_EQ(pages, capability.memory->pages);
        const auto address = reinterpret_cast<uint64_t>(capability.memory->bytes.data());
        maps_[address] = {capability.memory, write};
        capability.memory->writable_maps += write;
        return {STATUS_OK, address, 0, 0};
    }

    ecall_result Unmap(uint64_t address) {
        auto found = maps_.find(address);
        if (found == maps_.end()) {
            return {STATUS_BAD_ARG, 0, 0, 0};
        }
        found->second.first->writable_maps -= found->second.second;
        maps_.erase(found);
        return {STATUS_OK, 0, 0, 0};
    }

    ecall_result Seal(uint64_t slot) {
        Capability &capability = held_.at(slot);
        if (capability.memory->writable_maps != 0) {
            return {STATUS_BUSY, 0, 0, 0};
        }
        capability.memory->sealed = true;
        return {STATUS_OK, 0, 0, 0};
    }

    ecall_result Clone(uint64_t slot, uint32_t rights) {
        const Capability from = held_.at(slot);
        return {STATUS_OK, Put({from.memory, from.rights & rights}), 0, 0};
    }

    ecall_result Query(uint64_t slot) {
        if (slot == kNoMemory) {
            return {STATUS_OK, cap_query_pack(CAP_ENDPOINT, RIGHT_CALL), 1, 0};
        }
        auto found = held_.find(slot);
        if (found == held_.end()) {
            return {STATUS_BAD_CAP, 0, 0, 0};
        }
        const Memory &memory = *found->second.memory;
        return {STATUS_OK, cap_query_pack(CAP_VMO, found->second.rights), memory.pages,
                memory.sealed ? VMO_QUERY_SEALED : 0};
    }
};

Kernel *kernel;

// Sender and receiver are one task here: the kernel's maps do not tell them apart.
class Bulk : public ::testing::Test {
  protected:
    Bulk() {
        kernel = &kernel_;
    }
    ~Bulk() override {
        EXPECT_TRUE(kernel_.held_.empty()) << "capabilities were not closed";
        EXPECT_TRUE(kernel_.maps_.empty()) << "memory stays mapped";
        kernel = nullptr;
    }

    bulk_window Window(uint64_t size) {
        bulk_window window{};
        EXPECT_EQ(bulk_window_create(&window, slot_at(kFactory), size), BULK_OK);
        return window;
    }

    // What arrives at a receiver: another task's mapping has another address.
    slot Share(const bulk_window &window) {
        slot shared{};
        EXPECT_EQ(bulk_window_share(&window, &shared), BULK_OK);
        EXPECT_EQ(kernel_.held_.at(shared.value).rights, 0u + RIGHT_VMO_READ);
        return shared;
    }

    // Memory of nobody's window, as a capability.
    slot Sent(uint64_t pages, uint32_t rights = RIGHT_VMO_READ, bool sealed = false) {
        auto memory = std::make_shared<Memory>();
        memory->pages = pages;
        memory->sealed = sealed;
        memory->bytes.resize(pages * PAGE_BYTES);
        return slot_at(kernel_.Put({memory, rights}));
    }

    Kernel kernel_;
};

TEST_F(Bulk, a_window_is_whole_pages_and_its_share_only_reads) {
    bulk_window window = Window(5000);
    EXPECT_EQ(window.size, 2u * PAGE_BYTES);
    EXPECT_EQ(kernel_.access_, 0u + (RIGHT_VMO_READ | RIGHT_VMO_WRITE));
    std::memset(window.bytes, 7, window.size);
    const slot shared = Share(window);
    kernel_.Enter(SYSCALL_CAP_CLOSE, &shared.value);
    bulk_window_close(&window);
    bulk_window_close(&window);  // Closed once.
    EXPECT_EQ(window.size, 0u);
}

TEST_F(Bulk, test_reject_window_without_a_factory_or_of_no_size) {
    bulk_window window{};
    EXPECT_EQ(bulk_window_create(&window, slot_at(3), 4096), BULK_REJECTED);
    EXPECT_EQ(bulk_window_create(&window, slot_at(kFactory), 0), BULK_REJECTED);
    EXPECT_EQ(bulk_window_create(&window, slot_at(kFactory), UINT64_MAX), BULK_REJECTED);
    const uint64_t over = uint64_t{VMO_PAGES_MAX} * PAGE_BYTES + 1;
    EXPECT_EQ(bulk_window_create(&window, slot_at(kFactory), over), BULK_REJECTED);
    kernel_.fail_map_ = 1;
    EXPECT_EQ(bulk_window_create(&window, slot_at(kFactory), 4096), BULK_NO_ROOM);
}

TEST_F(Bulk, later_transfers_make_no_system_call) {
    bulk_view view{};
    ASSERT_EQ(bulk_view_open(&view, Sent(4), 1 << 20), BULK_OK);
    const uint64_t calls = kernel_.calls_;
    for (uint64_t i = 0; i < 100; i++) {
        EXPECT_EQ(bulk_view_at(&view, {i * 16, 16384 - i * 16}), view.bytes + i * 16);
    }
    EXPECT_EQ(kernel_.calls_, calls);
    bulk_view_close(&view);
    EXPECT_EQ(view.size, 0u);
    EXPECT_EQ(bulk_view_at(&view, {0, 1}), nullptr);
}

TEST_F(Bulk, as_much_as_a_vmo_may_have) {
    const uint64_t most = uint64_t{VMO_PAGES_MAX} * PAGE_BYTES;
    bulk_window window = Window(most);
    EXPECT_EQ(window.size, most);
    bulk_window_close(&window);
    bulk_view view{};
    ASSERT_EQ(bulk_view_open(&view, Sent(VMO_PAGES_MAX), most), BULK_OK);
    bulk_view_close(&view);
}

TEST_F(Bulk, test_reject_ranges_that_are_not_inside) {
    bulk_view view{};
    ASSERT_EQ(bulk_view_open(&view, Sent(2), 1 << 20), BULK_OK);
    const uint64_t size = 2 * PAGE_BYTES;
    for (const bulk_range range :
         {bulk_range{0, size + 1}, bulk_range{size, 1}, bulk_range{size + 1, 0},
          bulk_range{1, size}, bulk_range{UINT64_MAX, 2}, bulk_range{2, UINT64_MAX},
          bulk_range{UINT64_MAX, UINT64_MAX}}) {
        uint8_t untouched = 9;
        EXPECT_EQ(bulk_view_at(&view, range), nullptr) << range.offset << " " << range.bytes;
        EXPECT_FALSE(bulk_view_copy(&view, range, &untouched));
        EXPECT_EQ(untouched, 9);
    }
    EXPECT_NE(bulk_view_at(&view, {0, size}), nullptr);
    EXPECT_NE(bulk_view_at(&view, {size, 0}), nullptr);
    bulk_view_close(&view);
}

TEST_F(Bulk, a_copy_stays_when_the_sender_writes_on) {
    const slot sent = Sent(1);
    std::vector<uint8_t> &bytes = kernel_.held_.at(sent.value).memory->bytes;
    bytes[100] = 1;
    bulk_view view{};
    ASSERT_EQ(bulk_view_open(&view, sent, 4096), BULK_OK);
    uint8_t copied[4] = {};
    ASSERT_TRUE(bulk_view_copy(&view, {100, 4}, copied));
    bytes[100] = 2;
    EXPECT_EQ(copied[0], 1);
    EXPECT_EQ(bulk_view_at(&view, {100, 1})[0], 2) << "a view is not a copy";
    bulk_view_close(&view);
}

TEST_F(Bulk, test_reject_what_is_no_window) {
    bulk_view view{};
    kernel_.held_[kNoMemory] = {std::make_shared<Memory>(), 0};
    EXPECT_EQ(bulk_view_open(&view, slot_at(kNoMemory), 1 << 20), BULK_REJECTED) << "an endpoint";
    EXPECT_EQ(bulk_view_open(&view, Sent(2), 4096), BULK_REJECTED) << "larger than agreed";
    EXPECT_EQ(bulk_view_open(&view, Sent(1, RIGHT_VMO_EXECUTE), 4096), BULK_REJECTED);
    EXPECT_EQ(bulk_view_open(&view, Sent(1, RIGHT_VMO_READ, true), 4096), BULK_REJECTED)
        << "sealed";
    kernel_.fail_map_ = 1;
    EXPECT_EQ(bulk_view_open(&view, Sent(1), 4096), BULK_NO_ROOM);
}

TEST_F(Bulk, sealed_bulk_is_filled_sealed_and_read) {
    bulk_window window = Window(4096);
    window.bytes[5] = 55;
    slot shared{};
    ASSERT_EQ(bulk_seal(&window, &shared), BULK_OK);
    EXPECT_EQ(window.bytes, nullptr) << "the window is gone";
    bulk_sealed bulk{};
    ASSERT_EQ(bulk_sealed_open(&bulk, shared, 4096), BULK_OK);
    EXPECT_EQ(bulk_sealed_at(&bulk, {5, 1})[0], 55);
    EXPECT_EQ(bulk_sealed_at(&bulk, {4096, 1}), nullptr);
    bulk_sealed_close(&bulk);
}

TEST_F(Bulk, test_reject_unsealed_where_sealed_is_required) {
    bulk_sealed bulk{};
    EXPECT_EQ(bulk_sealed_open(&bulk, Sent(1), 4096), BULK_REJECTED);
    EXPECT_EQ(bulk_sealed_open(&bulk, Sent(2, RIGHT_VMO_READ, true), 4096), BULK_REJECTED);
}

TEST_F(Bulk, test_reject_seal_while_somebody_can_write) {
    bulk_window window = Window(4096);
    kernel_.held_.at(window.vmo.value).memory->writable_maps++;
    slot shared{};
    EXPECT_EQ(bulk_seal(&window, &shared), BULK_REJECTED);
    EXPECT_EQ(shared.value, 0u + CAP_SLOT_NONE);
}

TEST_F(Bulk, memory_of_the_reader_is_filled_sealed_and_read) {
    bulk_blank blank{};
    ASSERT_EQ(bulk_blank_create(&blank, slot_at(kFactory), 5000), BULK_OK);
    EXPECT_EQ(kernel_.held_.at(blank.sent.value).rights, 0u + (RIGHT_VMO_READ | RIGHT_VMO_WRITE));
    bulk_fill fill{};
    ASSERT_EQ(bulk_fill_open(&fill, blank.sent, 1 << 20), BULK_OK);
    EXPECT_EQ(fill.size, 2u * PAGE_BYTES);
    fill.bytes[5000] = 77;
    ASSERT_EQ(bulk_fill_seal(&fill), BULK_OK);
    EXPECT_EQ(fill.bytes, nullptr) << "the service has nothing left of it";
    bulk_sealed bulk{};
    ASSERT_EQ(bulk_sealed_open(&bulk, blank.own, 1 << 20), BULK_OK);
    EXPECT_EQ(bulk_sealed_at(&bulk, {5000, 1})[0], 77);
    bulk_sealed_close(&bulk);
}

TEST_F(Bulk, test_reject_blank_memory_without_a_factory_or_of_no_size) {
    bulk_blank blank{};
    EXPECT_EQ(bulk_blank_create(&blank, slot_at(3), 4096), BULK_REJECTED);
    EXPECT_EQ(bulk_blank_create(&blank, slot_at(kFactory), 0), BULK_REJECTED);
    EXPECT_EQ(bulk_blank_create(&blank, slot_at(kFactory), UINT64_MAX), BULK_REJECTED);
    EXPECT_EQ(blank.own.value, 0u + CAP_SLOT_NONE);
    EXPECT_EQ(blank.sent.value, 0u + CAP_SLOT_NONE);
}

TEST_F(Bulk, test_reject_what_cannot_be_filled) {
    constexpr uint32_t kBoth = RIGHT_VMO_READ | RIGHT_VMO_WRITE;
    bulk_fill fill{};
    kernel_.held_[kNoMemory] = {std::make_shared<Memory>(), 0};
    EXPECT_EQ(bulk_fill_open(&fill, slot_at(kNoMemory), 1 << 20), BULK_REJECTED) << "an endpoint";
    EXPECT_EQ(bulk_fill_open(&fill, Sent(2, kBoth), 4096), BULK_REJECTED) << "larger than agreed";
    EXPECT_EQ(bulk_fill_open(&fill, Sent(1, RIGHT_VMO_READ), 4096), BULK_REJECTED);
    EXPECT_EQ(bulk_fill_open(&fill, Sent(1, kBoth, true), 4096), BULK_REJECTED) << "sealed";
    kernel_.fail_map_ = 1;
    EXPECT_EQ(bulk_fill_open(&fill, Sent(1, kBoth), 4096), BULK_NO_ROOM);
}

TEST_F(Bulk, a_window_that_is_lent_is_written_by_both) {
    bulk_window window = Window(4096);
    slot lent{};
    ASSERT_EQ(bulk_window_lend(&window, &lent), BULK_OK);
    bulk_fill fill{};
    ASSERT_EQ(bulk_fill_open(&fill, lent, 4096), BULK_OK);
    fill.bytes[9] = 1;
    EXPECT_EQ(window.bytes[9], 1);
    window.bytes[9] = 2;
    EXPECT_EQ(fill.bytes[9], 2);
    const size_t maps = kernel_.maps_.size();
    bulk_fill_close(&fill);
    EXPECT_EQ(fill.bytes, nullptr);
    EXPECT_EQ(kernel_.maps_.size(), maps - 1);
    bulk_window_close(&window);
}

TEST_F(Bulk, test_reject_filling_while_the_reader_can_write) {
    bulk_blank blank{};
    ASSERT_EQ(bulk_blank_create(&blank, slot_at(kFactory), 4096), BULK_OK);
    kernel_.held_.at(blank.own.value).memory->writable_maps++;
    bulk_fill fill{};
    ASSERT_EQ(bulk_fill_open(&fill, blank.sent, 4096), BULK_OK);
    EXPECT_EQ(bulk_fill_seal(&fill), BULK_REJECTED);
    kernel_.Enter(SYSCALL_CAP_CLOSE, &blank.own.value);
}

class Views : public Bulk {
  protected:
    Views() {
        bulk_views_init(&views_);
    }
    ~Views() override {
        bulk_views_release(&views_);
    }

    uint32_t Open(uint32_t owner) {
        uint32_t number = 0;
        EXPECT_EQ(bulk_views_open(&views_, owner, Sent(1), 4096, &number), BULK_OK);
        return number;
    }
    bool Has(uint32_t owner, uint32_t number) {
        return bulk_views_find(&views_, owner, number) != nullptr;
    }

    bulk_views views_;
};

TEST_F(Views, a_channel_is_its_owners_alone) {
    const uint32_t first = Open(7);
    const uint32_t second = Open(8);
    EXPECT_NE(first, second);
    EXPECT_TRUE(Has(7, first));
    EXPECT_TRUE(Has(8, second));
    EXPECT_FALSE(Has(8, first));
    EXPECT_FALSE(Has(7, second));
    EXPECT_FALSE(Has(7, 0));
    EXPECT_FALSE(Has(0, 0));
    EXPECT_FALSE(Has(7, 99));
}

TEST_F(Views, an_owner_makes_room_for_itself_first) {
    const uint32_t other = Open(9);
    const uint32_t first = Open(7);
    const uint32_t second = Open(7);
    EXPECT_TRUE(Has(7, first));  // Used last, so the second goes.
    const uint32_t third = Open(7);
    EXPECT_TRUE(Has(7, first));
    EXPECT_FALSE(Has(7, second));
    EXPECT_TRUE(Has(7, third));
    EXPECT_TRUE(Has(9, other));
    EXPECT_EQ(views_.evicted, 1u);
}

TEST_F(Views, the_least_recently_used_of_all_goes_when_it_is_full) {
    std::vector<uint32_t> numbers;
    for (uint32_t owner = 1; owner <= BULK_CHANNEL_MAX; owner++) {
        numbers.push_back(Open(owner));
    }
    EXPECT_TRUE(Has(1, numbers[0]));
    Open(100);
    EXPECT_TRUE(Has(1, numbers[0]));
    EXPECT_FALSE(Has(2, numbers[1]));
    EXPECT_EQ(kernel_.maps_.size(), 0u + BULK_CHANNEL_MAX);
}

TEST_F(Views, what_cannot_be_opened_evicts_nobody) {
    for (uint32_t owner = 1; owner <= BULK_CHANNEL_MAX; owner++) {
        Open(owner);
    }
    uint32_t number = 0;
    EXPECT_EQ(bulk_views_open(&views_, 50, Sent(9), 4096, &number), BULK_REJECTED);
    EXPECT_EQ(views_.evicted, 0u);
    EXPECT_EQ(number, 0u);
}

// Against a plain list.
TEST_F(Views, agrees_with_a_list) {
    struct Entry {
        uint32_t owner, number;
    };
    std::mt19937 random(3);
    std::vector<Entry> model;  // The least recently used first.
    for (int step = 0; step < 20000; step++) {
        const auto owner = static_cast<uint32_t>(1 + random() % 6);
        if (random() % 3 != 0) {
            const auto number = static_cast<uint32_t>(views_.last_number - random() % 12);
            auto found = std::find_if(model.begin(), model.end(), [&](const Entry &entry) {
                return entry.owner == owner && entry.number == number;
            });
            ASSERT_EQ(Has(owner, number), found != model.end());
            if (found != model.end()) {
                std::rotate(found, found + 1, model.end());
            }
            continue;
        }
        const auto is_own = [&](const Entry &entry) { return entry.owner == owner; };
        if (std::count_if(model.begin(), model.end(), is_own) == BULK_CHANNELS_EACH) {
            model.erase(std::find_if(model.begin(), model.end(), is_own));
        } else if (model.size() == BULK_CHANNEL_MAX) {
            model.erase(model.begin());
        }
        model.push_back({owner, Open(owner)});
        ASSERT_EQ(kernel_.maps_.size(), model.size());
    }
}

}  // namespace

extern "C" ecall_result sim_ecall(uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2,
                                  uint64_t arg3) {
    const uint64_t arguments[] = {arg0, arg1, arg2, arg3};
    return kernel->Enter(number, arguments);
}
