// kernel/core/stateful_for_test.c: what kernel/core must not have, for symbols_test.cc to find.
#include <stdint.h>

uint32_t stateful_next(void);

extern uint32_t stateful_common;
uint32_t stateful_common;
extern uint32_t stateful_initialised;
uint32_t stateful_initialised = 7;

uint32_t stateful_next(void) {
    static uint32_t stateful_local;
    return stateful_local++ + stateful_common + stateful_initialised;
}
