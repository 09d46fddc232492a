// services/updated/result.c: see result.h.
#include "services/updated/result.h"

#include <stdint.h>

const char *update_result_text(enum update_result result) {
    static const char *const texts[] = {
#define UPDATE_RESULT(NAME, meaning) [UPDATE_##NAME] = meaning,
#include "services/updated/result.def"
#undef UPDATE_RESULT
    };
    return (uint32_t)result < UPDATE_RESULT_COUNT ? texts[result] : "?";
}
