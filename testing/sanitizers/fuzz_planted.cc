// A fuzz target with a mistake that only the input FUZ reaches.
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 3 && data[0] == 'F' && data[1] == 'U' && data[2] == 'Z') {
        volatile size_t past_end = size;
        return data[past_end] == 1 ? 0 : 0;
    }
    return 0;
}
