// services/init/main.c: init as a program.
#include "runtime/main.h"
#include "kernel/abi/layout.h"
#include "services/init/service.h"

int service_main(struct runtime *runtime) {
    return init_main(runtime, (const void *)USER_BOOT_IMAGE);
}
