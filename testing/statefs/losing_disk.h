// testing/statefs/losing_disk.h: a memory_disk of which a chosen flush, and those after it, lose
// what they should have made durable, and of which the next reads may fail.
//
// Units:     flushes; reads.
// Ownership: the test owns it; a struct disk made from it points to it.
// Blocking:  never.
// Errors:    those of memory_disk.
#pragma once

#include "testing/statefs/memory_disk.h"

namespace statefs_test {

struct losing_disk {
    memory_disk memory;
    std::uint64_t flushes_left = memory_disk::NEVER;  // Before those that lose,
    std::uint64_t flushes_lost = 1;                   // and how many do.
    std::uint64_t reads_failed = 0;                   // The next ones.

    losing_disk(std::uint64_t sectors, std::uint64_t seed) : memory(sectors, seed) {}

    static losing_disk &self(void *context) {
        return *static_cast<losing_disk *>(context);
    }
    static disk_status read(void *context, std::uint64_t sector, std::uint32_t count,
                            std::uint8_t *bytes) {
        losing_disk &own = self(context);
        if (own.reads_failed > 0) {
            own.reads_failed--;
            return DISK_FAILED;
        }
        const disk inner = own.memory.disk();
        return inner.read(inner.context, sector, count, bytes);
    }
    static disk_status write(void *context, std::uint64_t sector, std::uint32_t count,
                             const std::uint8_t *bytes) {
        const disk inner = self(context).memory.disk();
        return inner.write(inner.context, sector, count, bytes);
    }
    static disk_status flush(void *context) {
        losing_disk &own = self(context);
        if (own.flushes_left-- == 0) {
            own.memory.lose(own.flushes_lost);
        }
        const disk inner = own.memory.disk();
        return inner.flush(inner.context);
    }
    disk outside() {
        return {this, memory.disk().sectors, read, write, flush};
    }
};

}  // namespace statefs_test
