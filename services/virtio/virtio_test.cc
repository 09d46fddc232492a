// services/virtio/virtio_test.cc: transport and queue against a device in C++ that plays by the
// rules or breaks one of them. Reference: Virtual I/O Device (VIRTIO) 1.2.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>
#include <vector>

#include "runtime/mmio.h"
#include "services/virtio/queue.h"
#include "services/virtio/transport.h"

namespace {

constexpr std::uint64_t WINDOW = 0x3e000000;
constexpr std::uint64_t PHYSICAL = 0x87000000;
constexpr std::uint32_t ENTROPY = 4;
constexpr std::uint32_t FEATURES_OK = 8;
constexpr std::uint32_t FAILED = 128;
constexpr std::uint32_t DRIVER_OK = 4;
constexpr std::uint32_t ACK_AND_DRIVER = 3;

// A device as its registers show it. What a test changes makes it a wrong one.
struct fake_device {
    std::uint32_t magic = 0x74726976;
    std::uint32_t version = 2;
    std::uint32_t id = ENTROPY;
    std::uint64_t offers = VIRTIO_F_VERSION_1 | 0x30;
    bool takes_features = true;
    bool resets = true;
    std::uint32_t queue_size_max = 64;
    std::uint32_t queue_ready = 0;
    std::uint32_t config_changes = 0;  // So many times between two looks at the generation.

    std::uint32_t status = 0x55;
    std::uint32_t device_select = 0;
    std::uint32_t driver_select = 0;
    std::uint64_t chosen = 0;
    std::uint32_t reasons = 0;
    std::uint32_t generation = 7;
    std::map<std::uint32_t, std::uint32_t> written;
    std::vector<std::uint32_t> statuses;
    std::vector<std::uint32_t> notified;

    std::uint32_t read(std::uint32_t at);
    void write(std::uint32_t at, std::uint32_t value);
    void write_status(std::uint32_t value);
};

std::uint32_t fake_device::read(std::uint32_t at) {
    switch (at) {
        case 0x000:
            return magic;
        case 0x004:
            return version;
        case 0x008:
            return id;
        case 0x010:
            return static_cast<std::uint32_t>(device_select == 0 ? offers : offers >> 32);
        case 0x034:
            return queue_size_max;
        case 0x044:
            return queue_ready;
        case 0x060:
            return reasons;
        case 0x070:
            return status;
        case 0x0fc:
            generation += config_changes != 0 ? 1 : 0;
            config_changes -= config_changes != 0 ? 1 : 0;
            return generation;
        case 0x100:
            return generation * 0x100;
        case 0x104:
            return generation * 100;
        default:
            ADD_FAILURE() << "reads register " << at;
            return 0;
    }
}

void fake_device::write_status(std::uint32_t value) {
    statuses.push_back(value);
    if (value == 0 && !resets) {
        return;
    }
    status = (value & FEATURES_OK) != 0 && !takes_features ? value & ~FEATURES_OK : value;
}

void fake_device::write(std::uint32_t at, std::uint32_t value) {
    written[at] = value;
    switch (at) {
        case 0x014:
            device_select = value;
            break;
        case 0x020:
            chosen |= static_cast<std::uint64_t>(value) << (driver_select == 0 ? 0 : 32);
            break;
        case 0x024:
            driver_select = value;
            break;
        case 0x044:
            queue_ready = value;
            break;
        case 0x050:
            notified.push_back(value);
            break;
        case 0x064:
            reasons &= ~value;
            break;
        case 0x070:
            write_status(value);
            break;
        default:
            break;
    }
}

fake_device *fake;

virtio_result begin(const std::function<void(fake_device &)> &change, virtio_device *out,
                    virtio_wish wish = {ENTROPY, 0, 0x10}) {
    static fake_device device;
    device = fake_device{};
    change(device);
    fake = &device;
    return virtio_begin(out, WINDOW, &wish);
}

virtio_result result_of(const std::function<void(fake_device &)> &change) {
    virtio_device device{};
    return begin(change, &device);
}

TEST(Transport, begins_with_a_good_device) {
    virtio_device device{};
    ASSERT_EQ(begin([](fake_device &) {}, &device), VIRTIO_OK);
    EXPECT_EQ(device.features, VIRTIO_F_VERSION_1 | 0x10);
    EXPECT_EQ(fake->chosen, device.features);
    // Section 3.1.1: reset, acknowledge, driver, features.
    EXPECT_EQ(fake->statuses, (std::vector<std::uint32_t>{0, 1, 3, 11}));
    virtio_go(&device);
    EXPECT_EQ(fake->status, ACK_AND_DRIVER | FEATURES_OK | DRIVER_OK);
    virtio_notify(&device, 3);
    EXPECT_EQ(fake->notified, std::vector<std::uint32_t>{3});
}

TEST(Transport, test_reject_no_transport) {
    EXPECT_EQ(result_of([](fake_device &d) { d.magic = 0; }), VIRTIO_NO_TRANSPORT);
    EXPECT_TRUE(fake->written.empty());
}

TEST(Transport, test_reject_legacy_virtio_device) {
    EXPECT_EQ(result_of([](fake_device &d) { d.version = 1; }), VIRTIO_LEGACY);
    EXPECT_TRUE(fake->written.empty());
    EXPECT_EQ(result_of([](fake_device &d) { d.version = 3; }), VIRTIO_LEGACY);
}

TEST(Transport, test_reject_other_device) {
    EXPECT_EQ(result_of([](fake_device &d) { d.id = 2; }), VIRTIO_OTHER_DEVICE);
    EXPECT_EQ(result_of([](fake_device &d) { d.id = 0; }), VIRTIO_OTHER_DEVICE);
    virtio_device device{};
    EXPECT_EQ(begin([](fake_device &d) { d.id = 0; }, &device, {0, 0, 0}), VIRTIO_OTHER_DEVICE);
    EXPECT_TRUE(fake->written.empty());
}

TEST(Transport, test_reject_device_that_does_not_reset) {
    EXPECT_EQ(result_of([](fake_device &d) { d.resets = false; }), VIRTIO_STUCK);
}

TEST(Transport, test_reject_missing_features) {
    EXPECT_EQ(result_of([](fake_device &d) { d.offers = 0x30; }), VIRTIO_NO_FEATURE);
    EXPECT_EQ(fake->status & FAILED, FAILED);
    virtio_device device{};
    EXPECT_EQ(begin([](fake_device &) {}, &device, {ENTROPY, 0x40, 0}), VIRTIO_NO_FEATURE);
    EXPECT_EQ(result_of([](fake_device &d) { d.takes_features = false; }), VIRTIO_REFUSED);
    EXPECT_EQ(fake->status & FAILED, FAILED);
}

struct queue_memory {
    alignas(16) std::uint8_t bytes[8192] = {};
    virtqueue queue{};

    explicit queue_memory(std::uint32_t size) {
        EXPECT_LE(virtqueue_bytes(size), sizeof(bytes));
        EXPECT_EQ(virtqueue_init(&queue, bytes, PHYSICAL, size), VIRTQUEUE_OK);
    }
    template <typename T>
    T &at(std::uint64_t physical) {
        return *reinterpret_cast<T *>(bytes + (physical - PHYSICAL));
    }
    std::uint16_t available() {
        return at<std::uint16_t>(virtqueue_driver_physical(&queue) + 2);
    }
    std::uint16_t available_head(std::uint32_t place) {
        return at<std::uint16_t>(virtqueue_driver_physical(&queue) + 4 + 2 * place);
    }
    virtqueue_descriptor &descriptor(std::uint32_t index) {
        return at<virtqueue_descriptor>(virtqueue_descriptors_physical(&queue) + 16 * index);
    }
    // What the device does.
    void use(std::uint32_t id, std::uint32_t written) {
        const std::uint64_t ring = virtqueue_device_physical(&queue);
        std::uint16_t &index = at<std::uint16_t>(ring + 2);
        const std::uint32_t place = index % queue.size;
        at<std::uint32_t>(ring + 4 + 8 * place) = id;
        at<std::uint32_t>(ring + 4 + 8 * place + 4) = written;
        index++;
    }
    virtqueue_result add(const std::vector<virtqueue_buffer> &buffers, std::uint16_t *chain) {
        return virtqueue_add(&queue, buffers.data(), static_cast<std::uint32_t>(buffers.size()),
                             chain);
    }
};

TEST(Transport, queue_addresses_and_interrupts) {
    virtio_device device{};
    ASSERT_EQ(begin([](fake_device &) {}, &device), VIRTIO_OK);
    queue_memory memory(8);
    ASSERT_EQ(virtio_set_queue(&device, 0, &memory.queue), VIRTIO_OK);
    EXPECT_EQ(fake->written[0x030], 0u);
    EXPECT_EQ(fake->written[0x038], 8u);
    EXPECT_EQ(fake->written[0x080], PHYSICAL);
    EXPECT_EQ(fake->written[0x084], 0u);
    EXPECT_EQ(fake->written[0x090], PHYSICAL + 128);
    EXPECT_EQ(fake->written[0x0a0], PHYSICAL + 152);  // 128 + 4 + 16 + 2, to a multiple of 4.
    EXPECT_EQ(fake->queue_ready, 1u);
    fake->reasons = VIRTIO_USED_BUFFER;
    EXPECT_EQ(virtio_reasons_take(&device), static_cast<std::uint32_t>(VIRTIO_USED_BUFFER));
    EXPECT_EQ(virtio_reasons_take(&device), 0u);
}

TEST(Transport, test_reject_queue_missing_short_or_in_use) {
    queue_memory memory(8);
    const std::function<void(fake_device &)> wrong[] = {
        [](fake_device &d) { d.queue_size_max = 0; },
        [](fake_device &d) { d.queue_size_max = 4; },
        [](fake_device &d) { d.queue_ready = 1; },
    };
    for (const auto &change : wrong) {
        virtio_device device{};
        ASSERT_EQ(begin(change, &device), VIRTIO_OK);
        EXPECT_EQ(virtio_set_queue(&device, 0, &memory.queue), VIRTIO_NO_QUEUE);
        EXPECT_EQ(fake->written.count(0x080), 0u);
        EXPECT_EQ(fake->status & FAILED, FAILED);
    }
}

// Section 2.5.1: a configuration that changes between two words is read again.
TEST(Transport, configuration_is_read_until_it_holds_still) {
    virtio_device device{};
    ASSERT_EQ(begin([](fake_device &) {}, &device), VIRTIO_OK);
    EXPECT_EQ(virtio_config_read32(&device, 4), 700u);
    fake->config_changes = 3;
    EXPECT_EQ(virtio_config_read32(&device, 4), 1000u);
    fake->config_changes = 100;  // For ever: it ends all the same.
    EXPECT_GT(virtio_config_read32(&device, 4), 1000u);
}

TEST(Transport, a_wide_word_is_of_one_generation) {
    virtio_device device{};
    ASSERT_EQ(begin([](fake_device &) {}, &device), VIRTIO_OK);
    EXPECT_EQ(virtio_config_read64(&device, 0), 0x2bc'00000700u);
    fake->config_changes = 1;
    EXPECT_EQ(virtio_config_read64(&device, 0), 0x320'00000800u);
}

TEST(Transport, every_result_has_a_text) {
    for (int i = 0; i < VIRTIO_RESULT_COUNT; i++) {
        EXPECT_GT(std::strlen(virtio_result_text(static_cast<virtio_result>(i))), 3u);
    }
}

TEST(Queue, a_chain_goes_out_and_comes_back) {
    queue_memory memory(4);
    std::uint16_t chain = 99;
    std::uint32_t written = 0;
    EXPECT_EQ(virtqueue_take(&memory.queue, &chain, &written), VIRTQUEUE_EMPTY);
    ASSERT_EQ(memory.add({{0x1000, 16, false}, {0x2000, 32, true}, {0x3000, 1, true}}, &chain),
              VIRTQUEUE_OK);
    EXPECT_EQ(memory.available(), 1u);
    EXPECT_EQ(memory.available_head(0), chain);
    const virtqueue_descriptor &first = memory.descriptor(chain);
    EXPECT_EQ(first.physical, 0x1000u);
    EXPECT_EQ(first.bytes, 16u);
    EXPECT_EQ(first.flags, 1u);
    const virtqueue_descriptor &second = memory.descriptor(first.next);
    EXPECT_EQ(second.flags, 3u);
    const virtqueue_descriptor &third = memory.descriptor(second.next);
    EXPECT_EQ(third.flags, 2u);
    EXPECT_EQ(third.bytes, 1u);
    EXPECT_EQ(third.next, 0u);
    memory.use(chain, 33);
    std::uint16_t back = 99;
    EXPECT_EQ(virtqueue_take(&memory.queue, &back, &written), VIRTQUEUE_OK);
    EXPECT_EQ(back, chain);
    EXPECT_EQ(written, 33u);
    EXPECT_EQ(memory.queue.free_count, 4u);
}

// Chains come back in any order, and indices go around 65536.
TEST(Queue, goes_around_with_chains_out_of_order) {
    queue_memory memory(8);
    std::uint32_t seed = 1;
    std::vector<std::uint16_t> out;
    for (std::uint32_t round = 0; round < 150000; round++) {
        seed = seed * 1664525 + 1013904223;
        const std::uint32_t length = 1 + (seed >> 20) % 3;
        std::uint16_t chain = 0;
        if ((seed >> 28) < 9 && memory.queue.free_count >= length) {
            ASSERT_EQ(memory.add(std::vector<virtqueue_buffer>(length, {0x1000, 8, true}), &chain),
                      VIRTQUEUE_OK);
            out.push_back(chain);
        } else if (!out.empty()) {
            const std::size_t which = (seed >> 8) % out.size();
            memory.use(out[which], 8);
            std::uint32_t written = 0;
            ASSERT_EQ(virtqueue_take(&memory.queue, &chain, &written), VIRTQUEUE_OK);
            ASSERT_EQ(chain, out[which]);
            out.erase(out.begin() + static_cast<std::ptrdiff_t>(which));
        }
    }
    EXPECT_GT(memory.queue.added, 100u);
    EXPECT_EQ(memory.available(), memory.queue.added);
}

// Section 2.7.7: the device is told, and tells, only when the other side waits for it.
TEST(Queue, events_say_when_to_tell) {
    queue_memory memory(8);
    std::uint16_t chain = 0;
    std::uint16_t &avail_event =
        memory.at<std::uint16_t>(virtqueue_device_physical(&memory.queue) + 4 + 8 * 8);
    const auto add = [&](int count) {
        for (int i = 0; i < count; i++) {
            ASSERT_EQ(memory.add({{0x1000, 8, true}}, &chain), VIRTQUEUE_OK);
        }
    };
    EXPECT_FALSE(virtqueue_must_tell(&memory.queue)) << "nothing was added";
    add(2);
    EXPECT_TRUE(virtqueue_must_tell(&memory.queue)) << "without events always";
    virtqueue_use_events(&memory.queue);
    avail_event = 2;
    add(1);
    EXPECT_TRUE(virtqueue_must_tell(&memory.queue));
    EXPECT_FALSE(virtqueue_must_tell(&memory.queue)) << "once";
    add(1);
    EXPECT_FALSE(virtqueue_must_tell(&memory.queue)) << "it waits for nothing new";
    avail_event = 5;
    add(1);
    EXPECT_FALSE(virtqueue_must_tell(&memory.queue));
    add(2);
    EXPECT_TRUE(virtqueue_must_tell(&memory.queue)) << "the sixth was among them";
}

TEST(Queue, waits_for_several) {
    queue_memory memory(8);
    std::uint16_t chains[4];
    std::uint16_t &used_event =
        memory.at<std::uint16_t>(virtqueue_driver_physical(&memory.queue) + 4 + 2 * 8);
    for (std::uint16_t &chain : chains) {
        ASSERT_EQ(memory.add({{0x1000, 8, true}}, &chain), VIRTQUEUE_OK);
    }
    EXPECT_TRUE(virtqueue_wait_for(&memory.queue, 4));
    EXPECT_EQ(used_event, 0u) << "not agreed on";
    memory.use(chains[1], 8);
    EXPECT_FALSE(virtqueue_wait_for(&memory.queue, 4)) << "without events each is told";
    virtqueue_use_events(&memory.queue);
    EXPECT_TRUE(virtqueue_wait_for(&memory.queue, 3));
    EXPECT_EQ(used_event, 2u) << "the third";
    memory.use(chains[0], 8);
    memory.use(chains[2], 8);
    EXPECT_FALSE(virtqueue_wait_for(&memory.queue, 3)) << "they came before it could be said";
    std::uint32_t written = 0;
    ASSERT_EQ(virtqueue_take(&memory.queue, &chains[0], &written), VIRTQUEUE_OK);
    EXPECT_TRUE(virtqueue_wait_for(&memory.queue, 3));
    EXPECT_EQ(used_event, 3u);
    memory.use(7, 8);
    while (virtqueue_take(&memory.queue, &chains[0], &written) == VIRTQUEUE_OK) {
    }
    EXPECT_TRUE(memory.queue.broken);
    EXPECT_FALSE(virtqueue_wait_for(&memory.queue, 1));
}

TEST(Queue, test_reject_when_full) {
    queue_memory memory(2);
    std::uint16_t chain = 0;
    ASSERT_EQ(memory.add({{0x1000, 1, true}}, &chain), VIRTQUEUE_OK);
    EXPECT_EQ(memory.add({{0x1000, 1, true}, {0x1000, 1, true}}, &chain), VIRTQUEUE_FULL);
    EXPECT_EQ(memory.available(), 1u);
    ASSERT_EQ(memory.add({{0x1000, 1, true}}, &chain), VIRTQUEUE_OK);
    EXPECT_EQ(memory.add({{0x1000, 1, true}}, &chain), VIRTQUEUE_FULL);
}

TEST(Queue, test_reject_bad_chains) {
    queue_memory memory(32);
    std::uint16_t chain = 0;
    EXPECT_EQ(memory.add({}, &chain), VIRTQUEUE_BAD);
    EXPECT_EQ(memory.add({{0x1000, 0, true}}, &chain), VIRTQUEUE_BAD);
    EXPECT_EQ(memory.add({{0x1000, 1, true}, {0x1000, 1, false}}, &chain), VIRTQUEUE_BAD);
    EXPECT_EQ(
        memory.add(std::vector<virtqueue_buffer>(VIRTQUEUE_CHAIN_MAX + 1, {1, 1, true}), &chain),
        VIRTQUEUE_BAD);
    EXPECT_EQ(memory.available(), 0u);
}

TEST(Queue, test_reject_sizes) {
    alignas(16) std::uint8_t bytes[64];
    virtqueue queue{};
    for (std::uint32_t size : {0u, 3u, 6u, 2u * VIRTQUEUE_SIZE_MAX}) {
        EXPECT_EQ(virtqueue_init(&queue, bytes, PHYSICAL, size), VIRTQUEUE_BAD) << size;
    }
}

// What the device writes is not believed.
TEST(Queue, test_reject_what_a_device_cannot_have_used) {
    const std::function<void(queue_memory &, std::uint16_t)> lies[] = {
        [](queue_memory &m, std::uint16_t) { m.use(4, 0); },           // No such descriptor.
        [](queue_memory &m, std::uint16_t) { m.use(0xffffffff, 0); },  // Nor this.
        [](queue_memory &m, std::uint16_t c) { m.use(c + 1u, 0); },    // Not a chain's first.
        [](queue_memory &m, std::uint16_t c) { m.use(c, 9); },         // More than there is room.
        [](queue_memory &m, std::uint16_t c) { m.use(c, 8), m.use(c, 8); },  // Twice.
    };
    for (const auto &lie : lies) {
        queue_memory memory(4);
        std::uint16_t chain = 0;
        std::uint32_t written = 0;
        ASSERT_EQ(memory.add({{0x1000, 4, false}, {0x2000, 8, true}}, &chain), VIRTQUEUE_OK);
        lie(memory, chain);
        EXPECT_EQ(virtqueue_take(&memory.queue, &chain, &written), VIRTQUEUE_BROKEN);
        EXPECT_EQ(memory.add({{0x1000, 4, false}}, &chain), VIRTQUEUE_BROKEN);
        EXPECT_EQ(virtqueue_take(&memory.queue, &chain, &written), VIRTQUEUE_BROKEN);
    }
}

}  // namespace

std::uint32_t sim_mmio_read32(std::uint64_t address) {
    return fake->read(static_cast<std::uint32_t>(address - WINDOW));
}

void sim_mmio_write32(std::uint64_t address, std::uint32_t value) {
    fake->write(static_cast<std::uint32_t>(address - WINDOW), value);
}
