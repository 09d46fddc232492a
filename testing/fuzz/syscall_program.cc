// testing/fuzz/syscall_program.cc: see syscall_program.h.
#include "testing/fuzz/syscall_program.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "kernel/abi/cap.h"
#include "kernel/abi/device.h"
#include "kernel/abi/identity.h"
#include "kernel/abi/layout.h"
#include "kernel/abi/message.h"
#include "kernel/abi/syscall.h"
#include "kernel/abi/task.h"
#include "kernel/abi/vmo.h"
#include "kernel/arch/sim/device.h"
#include "kernel/arch/sim/user.h"

namespace fuzz {

namespace {

// Taken from the front; 0 when there are no more.
class reader {
  public:
    reader(const std::uint8_t *bytes, std::size_t count) : at_(bytes), end_(bytes + count) {}
    bool more() const {
        return at_ != end_;
    }
    std::uint8_t next() {
        return more() ? *at_++ : std::uint8_t{0};
    }

  private:
    const std::uint8_t *at_;
    const std::uint8_t *end_;
};

std::uint32_t argument_count_of(const char *names) {
    if (names[0] == 0) {
        return 0;
    }
    return 1 + static_cast<std::uint32_t>(std::count(names, names + std::strlen(names), ','));
}

std::uint32_t argument_count(std::uint8_t action) {
    static const char *const of_syscalls[] = {
#define SYSCALL(NAME, name, arguments, results, purpose) arguments,
#include "kernel/abi/syscall.def"
#undef SYSCALL
    };
    static const std::uint32_t of_others[ACTION_SYSCALL] = {4, 1, 2, 1, 1, 0, 0, 2};
    if (action < ACTION_SYSCALL) {
        return of_others[action];
    }
    const std::size_t number = action - ACTION_SYSCALL;
    return number < std::size(of_syscalls)
               ? std::min(argument_count_of(of_syscalls[number]), ARGUMENT_COUNT)
               : 0;
}

struct place {
    std::uint64_t offset;
    std::uint64_t bytes;
};

place program_place() {
    place found{};
    (void)sim_program_find(PROGRAM_NAME, &found.offset, &found.bytes);
    return found;
}

// Where checks end, and what none of the small numbers is.
std::uint64_t special(std::uint32_t index) {
    const std::uint64_t values[] = {
        UINT64_MAX,
        INT64_MAX,
        REPLY_HANDLE_BIT,
        UINT32_MAX,
        UINT64_C(1) << 32,
        service_id_of(PROGRAM_NAME, std::strlen(PROGRAM_NAME)),
        program_place().offset,
        program_place().bytes,
        program_place().bytes - 8,
        task_limits_pack({30, 0, 0, 0, 20}),
        task_limits_pack({64, 1, 2, 2, 63}),
        task_limits_pack({1, 0, 0, 0, 1}),
        USER_MAP_MIN,
        USER_MAP_MIN | 1,
        USER_MAP_MIN | 3,
        USER_MAP_MIN | 5,
        USER_MAP_MIN + 4UL * PAGE_BYTES + 1,
        USER_MAP_MAX - PAGE_BYTES + 1,
        USER_MAP_MAX + 1,
        USER_MESSAGE_PAGE,
        USER_MESSAGE_PAGE + PAGE_BYTES,
        USER_IMAGE_MIN,
        USER_IMAGE_MIN + PAGE_BYTES,
        USER_STACK_TOP - 8,
        USER_BOOT_IMAGE,
        device_window_address(0) + SIM_DEVICE_PERIOD,
        device_window_address(0) + SIM_DEVICE_STATUS,
        device_window_address(1),
        device_arena_address(1),
        VMO_PAGES_MAX,
        VMO_PAGES_MAX + 1,
        PAGE_BYTES,
        PAGE_BYTES - 1,
        UINT64_C(1) << 38,
        512,
        513,
        200,
        201,
        UINT64_MAX - PAGE_BYTES + 1,
        UINT64_MAX / PAGE_BYTES,
    };
    return values[index % std::size(values)];
}

}  // namespace

std::uint64_t argument_value(std::uint8_t byte, const surroundings &around) {
    const std::uint32_t low = byte & 63;
    switch (byte >> 6) {
        case 0:
            return low;
        case 1:
            return around.results[low % std::size(around.results)] + low / 32;
        case 2:
            return special(low);
        default:
            return around.now_ns + (UINT64_C(1) << (low % 18));
    }
}

program program_read(const std::uint8_t *bytes, std::size_t count) {
    reader from(bytes, count);
    program out{};
    const std::uint8_t machine = from.next();
    out.hart_count = 1 + (machine & 1);
    out.faults = (machine >> 1) % 3;
    out.slow = machine >> 5;
    out.seed = from.next();
    out.seed |= static_cast<std::uint64_t>(from.next()) << 8;
    while (from.more() && out.count < OPERATION_MAX) {
        operation &one = out.operations[out.count++];
        const std::uint8_t first = from.next();
        one.task = first >> 6;
        one.action = first & 63;
        for (std::uint32_t i = 0; i < argument_count(one.action); i++) {
            one.arguments[i] = from.next();
        }
    }
    return out;
}

}  // namespace fuzz
