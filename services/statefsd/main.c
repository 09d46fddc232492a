// services/statefsd/main.c: statefsd as a program.
#include "runtime/main.h"
#include "services/statefsd/service.h"

int service_main(struct runtime *runtime) {
    return statefsd_main(runtime);
}
