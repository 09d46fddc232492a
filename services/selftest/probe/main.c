// services/selftest/probe/main.c: the probe as a program.
#include "runtime/main.h"
#include "services/selftest/probe/probe.h"

int service_main(struct runtime *runtime) {
    return probe_main(runtime);
}
