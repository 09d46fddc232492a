// testing/bench/member.c: one of the crowd: ends at once, or sleeps in a call that nobody takes.
#include "ipc/frame.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"

int service_main(struct runtime *runtime) {
    uint64_t deadline_ns = runtime->argument;
    if (deadline_ns == MEMBER_ENDS) {
        return 0;
    }
    frame_finish(&runtime->page->call_out, 0, 0);
    return sys_ipc_call(slot_at(SLOT_HOLE), deadline_ns).status == STATUS_OK ? 0 : 1;
}
