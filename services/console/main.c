// services/console/main.c: console as a program.
#include "runtime/main.h"
#include "kernel/abi/layout.h"
#include "services/console/service.h"

int service_main(struct runtime *runtime) {
    return console_main(runtime, (const void *)USER_BOOT_IMAGE);
}
