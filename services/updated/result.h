// services/updated/result.h: what may come of a request about updates, for updated, its clients and
// tools/bundle. Units, ownership, blocking: none.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

enum update_result {
#define UPDATE_RESULT(NAME, meaning) UPDATE_##NAME,
#include "services/updated/result.def"
#undef UPDATE_RESULT
    UPDATE_RESULT_COUNT
};

// For people.
const char *update_result_text(enum update_result result);

#ifdef __cplusplus
}
#endif
