// services/echo/main.c: echo as a program.
#include "runtime/main.h"
#include "services/echo/service.h"

int service_main(struct runtime *runtime) {
    return echo_main(runtime);
}
