// testing/hostile/attempt.c: see attempt.h.
#include "testing/hostile/attempt.h"

#include "base/compiler.h"
#include "kernel/abi/status.h"

enum register_number {
    X_SP = 2,
    X_GP = 3,
    X_TP = 4,
    X_A0 = 10,
    X_COUNT = 32,
};

#define KNOWN UINT64_C(0x51ce0000)

static bool is_saved(uint32_t number) {
    return number == 8 || number == 9 || (number >= 18 && number <= 27);
}

static bool is_result(uint32_t number) {
    return number >= X_A0 && number < X_A0 + SYSCALL_RESULT_COUNT;
}

// Whether a register that is no result holds what it may.
static bool register_is_own(const struct attempt *attempt, uint32_t number) {
    uint64_t value = attempt->after[number];
    uint64_t own = number == X_SP ? attempt->stack_pointer : KNOWN + number;
    if (number == X_SP || number == X_GP || number == X_TP) {
        return value == own;
    }
    return value == 0 || (is_saved(number) && value == own);
}

// How many results the table promises besides the status: one more than the commas of its text.
static uint32_t result_count(uint64_t number) {
    static const char *const texts[] = {
#define SYSCALL(NAME, name, arguments, results, purpose) results,
#include "kernel/abi/syscall.def"
#undef SYSCALL
    };
    const char *text = number < ARRAY_LEN(texts) ? texts[number] : "";
    uint32_t count = *text != 0 ? 1 : 0;
    for (; *text != 0; text++) {
        count += *text == ',';
    }
    return count;
}

// A failed call says how far the frame came, or why a program was refused; nothing else.
static bool results_are_defined(const struct attempt *attempt) {
    enum { SMALL = 256 };
    uint32_t count = result_count(attempt->number);
    if (attempt_status(attempt) != STATUS_OK) {
        count = count != 0 && attempt_result(attempt, 1) < SMALL ? 1 : 0;
    }
    for (uint32_t i = count + 1; i < SYSCALL_RESULT_COUNT; i++) {
        if (attempt_result(attempt, i) != 0) {
            return false;
        }
    }
    return true;
}

static struct attempt_verdict verdict(enum hostile_finding finding, uint32_t where,
                                      uint64_t value) {
    struct attempt_verdict out = {.finding = finding, .where = where, .value = (uint32_t)value};
    return out;
}

struct attempt_verdict attempt_check(const struct attempt *attempt) {
    for (uint32_t i = 1; i < X_COUNT; i++) {
        if (attempt->after[i] >= HOSTILE_KERNEL_MIN) {
            return verdict(HOSTILE_FOUND_KERNEL_WORD, i, attempt->after[i]);
        }
        if (!is_result(i) && !register_is_own(attempt, i)) {
            return verdict(HOSTILE_FOUND_REGISTER, i, attempt->after[i]);
        }
    }
    if (attempt_result(attempt, 0) >= STATUS_COUNT) {
        return verdict(HOSTILE_FOUND_STATUS, X_A0, attempt_result(attempt, 0));
    }
    if (!results_are_defined(attempt)) {
        return verdict(HOSTILE_FOUND_RESULT, X_A0 + 1, attempt_result(attempt, 0));
    }
    return verdict((enum hostile_finding)0, 0, 0);
}
