// services/execd/main.c: execd as a program.
#include "runtime/main.h"
#include "kernel/abi/layout.h"
#include "services/execd/service.h"

int service_main(struct runtime *runtime) {
    return execd_main(runtime, execd_boot_of((const void *)USER_BOOT_IMAGE));
}
