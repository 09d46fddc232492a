// services/metricsd/main.c: metricsd as a program.
#include "runtime/main.h"
#include "services/metricsd/service.h"

int service_main(struct runtime *runtime) {
    return metricsd_main(runtime);
}
