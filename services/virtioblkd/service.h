// services/virtioblkd/service.h: virtioblkd as a program.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// Runs until its endpoint closes, or the device cannot be used. Returns the exit code, never 0.
// `image`: the boot image that says how the disk is divided (parts.h); null: it is not.
int virtioblkd_main(struct runtime *runtime, const void *image);

// `at`, where the boot image is seen, if the manifest gives it to the service; else null.
const void *virtioblkd_image(const void *at);

#ifdef __cplusplus
}
#endif
