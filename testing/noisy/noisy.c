// testing/noisy/noisy.c: writes lines for ever, so that a test sees until when its hart ran.
#include "ipc/ready.h"
#include "runtime/main.h"

int service_main(struct runtime *runtime) {
    if (ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    for (;;) {  // Until the machine goes off.
        log_line(runtime, "noisy: here");
    }
}
