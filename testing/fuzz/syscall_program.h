// testing/fuzz/syscall_program.h: a fuzzer's bytes as a program of system calls for a few tasks.
//
// The first three bytes choose the machine (harts, faults, seed of the schedule). Each operation
// after them is a byte (task in its high 2 bits, what it does in the low 6) and its arguments, a
// byte each. An argument is a small number, something that an earlier call returned, a deadline
// soon to come, or one of the values at which checks end. Bytes that are missing are 0; every
// sequence of bytes is a program, and adding system calls to the kernel does not change what one
// means.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fuzz {

inline constexpr std::uint32_t TASK_COUNT = 4;
inline constexpr std::uint32_t OPERATION_MAX = 192;
inline constexpr std::uint32_t ARGUMENT_COUNT = 4;

// What is not a system call; those follow with their numbers, unknown ones included.
enum action : std::uint8_t {
    ACTION_FRAME,  // Writes an area of the message page.
    ACTION_LOAD,
    ACTION_STORE,
    ACTION_FETCH,
    ACTION_WORK,
    ACTION_BREAK,
    ACTION_INSTRUCTION,
    ACTION_CONSOLE,  // Writes the line to print.
    ACTION_SYSCALL,
};

struct operation {
    std::uint8_t task;
    std::uint8_t action;
    std::uint8_t arguments[ARGUMENT_COUNT];
};

struct program {
    std::uint32_t hart_count;
    std::uint32_t faults;  // 0: none; 1: pools are empty now and then; 2: tasks end anywhere.
    std::uint32_t slow;    // How many eighths of calls and replies leave the fast path.
    std::uint64_t seed;
    std::uint32_t count;
    operation operations[OPERATION_MAX];
};

program program_read(const std::uint8_t *bytes, std::size_t count);

// What an argument's value depends on besides its byte.
struct surroundings {
    std::uint64_t now_ns;
    std::uint64_t results[8];  // The last ones of this task, newest first.
};

std::uint64_t argument_value(std::uint8_t byte, const surroundings &around);

// The one program of the boot image.
inline constexpr const char *PROGRAM_NAME = "actor";

}  // namespace fuzz
