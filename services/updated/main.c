// services/updated/main.c: updated as a program.
#include "runtime/main.h"
#include "kernel/abi/layout.h"
#include "services/updated/service.h"

int service_main(struct runtime *runtime) {
    return updated_main(runtime, (const void *)USER_BOOT_IMAGE);
}
