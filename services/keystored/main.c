// services/keystored/main.c: keystored as a program.
#include "runtime/main.h"
#include "kernel/abi/layout.h"
#include "services/keystored/service.h"

int service_main(struct runtime *runtime) {
    if (!runtime_expect(runtime, slot_at(KEYSTORED_SLOT_IMAGE), CAP_IMAGE, RIGHTS_IMAGE,
                        "the boot image with its secret")) {
        return 1;
    }
    return keystored_main(runtime, keystored_secret_of((const void *)USER_BOOT_IMAGE));
}
