// testing/hostile_services/bystander_main.c: the one that watches, as a program.
#include "runtime/main.h"
#include "testing/hostile_services/stranger.h"

int service_main(struct runtime *runtime) {
    return bystander_main(runtime);
}
