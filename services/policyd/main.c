// services/policyd/main.c: policyd as a program.
#include "runtime/main.h"
#include "kernel/abi/layout.h"
#include "services/policyd/service.h"

int service_main(struct runtime *runtime) {
    return policyd_main(runtime, (const void *)USER_BOOT_IMAGE);
}
