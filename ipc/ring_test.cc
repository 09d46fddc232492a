// ipc/ring_test.cc: a stream against a plain queue, across two threads, and against a writer and a
// reader who lie.
#include "ipc/ring.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "kernel/abi/message.h"

namespace {

// Exactly as many bytes, so that ASan sees one too far.
struct Pages {
    explicit Pages(uint64_t size_)
        : bytes(static_cast<uint8_t *>(std::aligned_alloc(PAGE_BYTES, size_)), std::free),
          size(size_) {
        std::memset(bytes.get(), 0, size);
    }
    std::unique_ptr<uint8_t, decltype(&std::free)> bytes;
    uint64_t size;
};

struct Stream {
    explicit Stream(uint64_t data_pages = 1)
        : written((1 + data_pages) * PAGE_BYTES), read(PAGE_BYTES) {
        const bulk_window writers{slot_at(1), written.bytes.get(), written.size};
        const bulk_window readers{slot_at(2), read.bytes.get(), read.size};
        const bulk_view of_writer{slot_at(3), written.bytes.get(), written.size};
        const bulk_view of_reader{slot_at(4), read.bytes.get(), read.size};
        EXPECT_TRUE(ring_writer_init(&writer, &writers, &of_reader));
        EXPECT_TRUE(ring_reader_init(&reader, &readers, &of_writer));
    }
    void Lie(uint64_t head) {
        std::memcpy(written.bytes.get(), &head, sizeof(head));
    }
    void LieAboutTail(uint64_t tail) {
        std::memcpy(read.bytes.get(), &tail, sizeof(tail));
    }

    Pages written;
    Pages read;
    ring_writer writer;
    ring_reader reader;
};

std::vector<uint8_t> Record(uint64_t seed, uint32_t bytes) {
    std::vector<uint8_t> record(bytes);
    for (uint32_t i = 0; i < bytes; i++) {
        record[i] = static_cast<uint8_t>(seed * 31 + i);
    }
    return record;
}

ring_result Put(ring_writer *writer, const std::vector<uint8_t> &record) {
    return ring_put(writer, record.data(), static_cast<uint32_t>(record.size()));
}

ring_result Take(ring_reader *reader, std::vector<uint8_t> *record) {
    uint8_t buffer[RING_RECORD_MAX];
    uint32_t bytes = 0;
    const ring_result result = ring_take(reader, buffer, sizeof(buffer), &bytes);
    if (result == RING_OK) {
        record->assign(buffer, buffer + bytes);
    }
    return result;
}

TEST(Ring, agrees_with_a_queue) {
    Stream stream;
    std::mt19937_64 random(11);
    std::deque<std::vector<uint8_t>> model;
    uint64_t used = 0;
    uint64_t refused = 0;
    for (uint64_t step = 0; step < 50000; step++) {
        if (random() % 2 == 0) {
            const auto record = Record(step, static_cast<uint32_t>(random() % 700));
            const uint64_t space = 8 + (record.size() + 7) / 8 * 8;
            const bool fits = used + space <= PAGE_BYTES;
            ASSERT_EQ(Put(&stream.writer, record), fits ? RING_OK : RING_FULL);
            refused += !fits;
            if (fits) {
                used += space;
                model.push_back(record);
            }
            continue;
        }
        std::vector<uint8_t> got;
        ASSERT_EQ(Take(&stream.reader, &got), model.empty() ? RING_EMPTY : RING_OK);
        if (!model.empty()) {
            ASSERT_EQ(got, model.front());
            used -= 8 + (got.size() + 7) / 8 * 8;
            model.pop_front();
        }
    }
    EXPECT_GT(refused, 100u);
    EXPECT_EQ(stream.writer.full, refused);
}

TEST(Ring, rings_only_for_a_reader_that_sleeps) {
    Stream stream;
    std::vector<uint8_t> got;
    EXPECT_FALSE(ring_wants_bell(&stream.writer));
    EXPECT_TRUE(ring_sleep(&stream.reader));
    EXPECT_EQ(atomic_load_u32(&stream.reader.tail->asleep), 1u);
    EXPECT_EQ(Put(&stream.writer, Record(1, 5)), RING_OK);
    EXPECT_TRUE(ring_wants_bell(&stream.writer));
    ring_wake(&stream.reader);
    EXPECT_FALSE(ring_wants_bell(&stream.writer));
    EXPECT_FALSE(ring_sleep(&stream.reader)) << "there is something to take";
    EXPECT_FALSE(ring_wants_bell(&stream.writer));
    EXPECT_EQ(Take(&stream.reader, &got), RING_OK);
    EXPECT_TRUE(ring_sleep(&stream.reader));
}

// A lost bell would hang the reader: the count of records tells.
TEST(Ring, two_threads_lose_nothing) {
    constexpr uint64_t kRecords = 20000;
    Stream stream;
    std::atomic<uint32_t> bell{0};
    std::thread writer([&] {
        for (uint64_t i = 0; i < kRecords;) {
            const ring_result result =
                Put(&stream.writer, Record(i, static_cast<uint32_t>(i % 100)));
            i += result == RING_OK;
            if (ring_wants_bell(&stream.writer)) {
                bell.store(1);
            }
            if (result != RING_OK) {
                std::this_thread::yield();
            }
        }
    });
    uint64_t slept = 0;
    for (uint64_t i = 0; i < kRecords;) {
        std::vector<uint8_t> got;
        const ring_result result = Take(&stream.reader, &got);
        if (result == RING_OK) {
            ASSERT_EQ(got, Record(i, static_cast<uint32_t>(i % 100)));
            i++;
            continue;
        }
        ASSERT_EQ(result, RING_EMPTY);
        if (ring_sleep(&stream.reader)) {
            slept++;
            while (bell.exchange(0) == 0) {
                std::this_thread::yield();
            }
            ring_wake(&stream.reader);
        }
    }
    writer.join();
    EXPECT_GT(slept, 0u);
}

TEST(Ring, test_reject_record_that_is_too_large) {
    Stream stream(2);
    EXPECT_EQ(Put(&stream.writer, Record(1, RING_RECORD_MAX + 1)), RING_TOO_LARGE);
    EXPECT_EQ(Put(&stream.writer, Record(1, RING_RECORD_MAX)), RING_OK);
    std::vector<uint8_t> got;
    EXPECT_EQ(Take(&stream.reader, &got), RING_OK) << "into as many bytes as there are";
    EXPECT_EQ(got, Record(1, RING_RECORD_MAX));
    Stream small;
    EXPECT_EQ(Put(&small.writer, Record(1, PAGE_BYTES)), RING_TOO_LARGE) << "its length needs room";
    EXPECT_EQ(Put(&small.writer, Record(1, PAGE_BYTES - 8)), RING_OK);
}

// The reader's task sees the window as it is: nothing but the records may be in it.
TEST(Ring, what_is_behind_a_record_is_zero) {
    Stream stream;
    std::memset(stream.written.bytes.get() + PAGE_BYTES, 0xee, PAGE_BYTES);
    EXPECT_EQ(Put(&stream.writer, Record(1, 5)), RING_OK);
    const uint8_t *behind = stream.written.bytes.get() + PAGE_BYTES + 8 + 5;
    EXPECT_EQ(std::vector<uint8_t>(behind, behind + 3), std::vector<uint8_t>(3, 0));
}

TEST(Ring, test_reject_windows_of_another_form) {
    Pages odd(4 * PAGE_BYTES);
    Pages page(PAGE_BYTES);
    ring_writer writer;
    ring_reader reader;
    const bulk_window odd_window{slot_at(1), odd.bytes.get(), odd.size};
    const bulk_window page_window{slot_at(2), page.bytes.get(), page.size};
    const bulk_view odd_view{slot_at(3), odd.bytes.get(), odd.size};
    const bulk_view page_view{slot_at(4), page.bytes.get(), page.size};
    EXPECT_FALSE(ring_writer_init(&writer, &odd_window, &page_view)) << "three pages of bytes";
    EXPECT_FALSE(ring_writer_init(&writer, &page_window, &page_view)) << "none";
    EXPECT_FALSE(ring_reader_init(&reader, &page_window, &odd_view));
    EXPECT_FALSE(ring_reader_init(&reader, &page_window, &page_view));
}

TEST(Ring, test_reject_position_that_cannot_be) {
    for (uint64_t head : {uint64_t{PAGE_BYTES} + 8, UINT64_MAX, uint64_t{7}, UINT64_MAX - 7}) {
        Stream stream;
        std::vector<uint8_t> got;
        stream.Lie(head);
        EXPECT_EQ(Take(&stream.reader, &got), RING_BROKEN) << head;
        stream.Lie(0);
        EXPECT_EQ(Take(&stream.reader, &got), RING_BROKEN) << "for good";
        EXPECT_FALSE(ring_sleep(&stream.reader));
    }
    Stream stream;
    stream.LieAboutTail(8);  // More than was written.
    EXPECT_EQ(Put(&stream.writer, Record(1, 1)), RING_BROKEN);
    stream.LieAboutTail(0);
    EXPECT_EQ(Put(&stream.writer, Record(1, 1)), RING_BROKEN) << "for good";
}

TEST(Ring, test_reject_length_that_cannot_be) {
    for (uint64_t length : {uint64_t{9}, uint64_t{PAGE_BYTES}, UINT64_MAX, UINT64_MAX - 7}) {
        Stream stream;
        std::vector<uint8_t> got;
        std::memcpy(stream.written.bytes.get() + PAGE_BYTES, &length, sizeof(length));
        stream.Lie(16);
        EXPECT_EQ(Take(&stream.reader, &got), RING_BROKEN) << length;
    }
    Stream stream;
    ASSERT_EQ(Put(&stream.writer, Record(1, 100)), RING_OK);
    uint8_t small[99];
    uint32_t bytes = 7;
    EXPECT_EQ(ring_take(&stream.reader, small, sizeof(small), &bytes), RING_BROKEN);
    EXPECT_EQ(bytes, 7u);
}

// Whatever the other side writes, and however it changes it: no byte outside is touched (ASan).
TEST(Ring, survives_a_writer_and_a_reader_who_lie) {
    std::mt19937_64 random(5);
    for (int round = 0; round < 2000; round++) {
        Stream stream;
        for (int step = 0; step < 50; step++) {
            std::vector<uint8_t> got;
            uint8_t *place = stream.written.bytes.get() +
                             (random() % 2 == 0 ? 0 : PAGE_BYTES + random() % 64 * 8);
            uint64_t lie = random() % 3 == 0 ? random() : random() % 600 / 8 * 8;
            std::memcpy(place, &lie, sizeof(lie));
            (void)Take(&stream.reader, &got);
            lie = random() % 5 == 0 ? random() : stream.writer.written - random() % 64;
            stream.LieAboutTail(lie);
            (void)Put(&stream.writer, Record(lie, static_cast<uint32_t>(random() % 300)));
            if (ring_sleep(&stream.reader)) {
                ring_wake(&stream.reader);
            }
        }
    }
}

}  // namespace
