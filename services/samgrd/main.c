// services/samgrd/main.c: samgrd as a program.
#include "runtime/main.h"
#include "services/samgrd/service.h"

int service_main(struct runtime *runtime) {
    return samgrd_main(runtime);
}
