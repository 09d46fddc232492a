// services/virtioblkd/main.c: virtioblkd as a program.
#include "runtime/main.h"
#include "services/virtioblkd/service.h"

int service_main(struct runtime *runtime) {
    return virtioblkd_main(runtime);
}
