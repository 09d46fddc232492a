// services/rngd/main.c: rngd as a program.
#include "runtime/main.h"
#include "services/rngd/service.h"

int service_main(struct runtime *runtime) {
    return rngd_main(runtime);
}
