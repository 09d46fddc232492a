// services/logd/main.c: logd as a program.
#include "runtime/main.h"
#include "services/logd/service.h"

int service_main(struct runtime *runtime) {
    return logd_main(runtime);
}
