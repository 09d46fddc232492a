// testing/sim/statefsd_on_memory.h: the real statefsd in simulation, on a disk in memory that loses
// what was not flushed; sometimes the power of the disk goes before it starts.
//
//     machine.program("statefsd", simtest::run_statefsd_on_memory);
//
// Ownership: one disk a run, which the test makes as it begins; a flush may be made another by
//            `before_memory_flushes`, which is the test's.
// Errors:    EXPECTs that fail.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "services/statefsd/service.h"
#include "services/statefsd/statefs.h"
#include "testing/sim/callers.h"
#include "testing/statefs/memory_disk.h"

namespace simtest {

inline std::unique_ptr<statefs_test::memory_disk> memory_of_run;
inline std::function<void()> before_memory_flushes;

inline void make_memory_of_run() {
    memory_of_run = std::make_unique<statefs_test::memory_disk>(
        statefs_disk_sectors_min(STATE_ENTRIES_MAX), sim_user_random(1000000));
}

// statefsd may be ended at each of these.
inline disk_status memory_reads(void *, std::uint64_t sector, std::uint32_t count,
                                std::uint8_t *into) {
    const disk device = memory_of_run->disk();
    return device.read(device.context, sector, count, into);
}

inline disk_status memory_writes(void *, std::uint64_t sector, std::uint32_t count,
                                 const std::uint8_t *from) {
    const disk device = memory_of_run->disk();
    sim_user_work(1000);
    return device.write(device.context, sector, count, from);
}

inline disk_status memory_flushes(void *) {
    const disk device = memory_of_run->disk();
    sim_user_work(20000);
    if (before_memory_flushes) {
        before_memory_flushes();
    }
    const disk_status status = device.flush(device.context);
    sim_user_work(1000);
    return status;
}

inline void run_statefsd_on_memory(user &self) {
    if (sim_user_random(3) == 0) {
        memory_of_run->cut_now();
        memory_of_run->power_on();
    }
    caller own(self);
    const disk device = {nullptr, memory_of_run->disk().sectors, memory_reads, memory_writes,
                         memory_flushes};
    sys_task_exit(static_cast<std::uint64_t>(statefsd_serve(&own.made, &device, &own.client)));
}

// What is there when the power has gone. Good until the next call.
inline const statefs &statefs_after_power_cut(state_report *report) {
    static const auto fs = std::make_unique<statefs>();
    memory_of_run->cut_now();
    memory_of_run->power_on();
    statefs_config config{};
    config.disk = memory_of_run->disk();
    config.entries = STATE_ENTRIES_MAX;
    EXPECT_EQ(statefs_mount(fs.get(), &config, report), MOUNT_OK);
    return *fs;
}

}  // namespace simtest
