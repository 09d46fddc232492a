// services/example/main.c: example as a program.
#include "runtime/main.h"
#include "services/example/service.h"

int service_main(struct runtime *runtime) {
    return example_main(runtime);
}
