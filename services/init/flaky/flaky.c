// services/init/flaky/flaky.c: a service that fails the way its argument says, for the image that
// shows what init does about it.
#include <assert.h>

#include "ipc/ready.h"
#include "runtime/main.h"

enum flaky_argument {
    FLAKY_CRASHES_ONCE = 1,  // Its first start ends in a failed assertion before it is ready.
    FLAKY_HANGS_ONCE = 2,    // Its first start never says that it is ready.
    FLAKY_CRASHES_ALWAYS = 3,
    FLAKY_WORKS = 4,  // Says that it is ready, and exits with 0.
    FLAKY_DEAF = 5,   // Says that it is ready, and answers nobody.
};

// An endpoint of its own is all it waits at. Unless it is deaf, a call is its end.
static void wait_for_ever(bool deaf) {
    for (;;) {  // Until init ends it.
        struct recv_result event =
            sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + READY_DEADLINE_NS);
        assert(event.status == STATUS_TIMED_OUT || deaf);
    }
}

int service_main(struct runtime *runtime) {
    bool first = runtime_start_number(runtime) == 1;
    uint32_t argument = runtime_argument(runtime);
    assert(argument != FLAKY_CRASHES_ALWAYS);
    assert(argument != FLAKY_CRASHES_ONCE || !first);
    if (argument == FLAKY_HANGS_ONCE && first) {
        wait_for_ever(false);
    }
    if (ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    if (argument != FLAKY_WORKS) {
        wait_for_ever(argument == FLAKY_DEAF);
    }
    return 0;
}
