// testing/bench/member.c: one of the crowd: ends at once, or sleeps in a call,
// and in the next one once that is answered.
#include "ipc/frame.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"

int service_main(struct runtime *runtime) {
    uint64_t deadline_ns = runtime->argument;
    if (deadline_ns == MEMBER_ENDS) {
        return 0;
    }
    frame_finish(&runtime->page->call_out, 0, 0);
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {  // Until the deadline at the latest.
        status = sys_ipc_call(slot_at(SLOT_HOLE), deadline_ns).status;
    }
    return 1;
}
