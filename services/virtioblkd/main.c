// services/virtioblkd/main.c: virtioblkd as a program.
#include "runtime/main.h"
#include "kernel/abi/layout.h"
#include "services/virtioblkd/service.h"

int service_main(struct runtime *runtime) {
    return virtioblkd_main(runtime, virtioblkd_image((const void *)USER_BOOT_IMAGE));
}
