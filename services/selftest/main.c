// services/selftest/main.c: selftest as a program.
#include "runtime/main.h"
#include "kernel/abi/layout.h"
#include "services/selftest/selftest.h"

int service_main(struct runtime *runtime) {
    return selftest_main(runtime, (const void *)USER_BOOT_IMAGE);
}
