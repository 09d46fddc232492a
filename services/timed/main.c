// services/timed/main.c: timed as a program.
#include "runtime/main.h"
#include "services/timed/service.h"

int service_main(struct runtime *runtime) {
    return timed_main(runtime);
}
