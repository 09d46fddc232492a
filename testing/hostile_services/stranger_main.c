// testing/hostile_services/stranger_main.c: the stranger as a program: it ends as its seed says.
#include "runtime/main.h"
#include "testing/hostile_services/stranger.h"

int service_main(struct runtime *runtime) {
    if (stranger_live(runtime) == STRANGER_CRASHES) {
        __builtin_trap();
    }
    return 0;
}
