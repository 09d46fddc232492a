// testing/fuzz/codec.cc: any bytes as a message of any protocol, either direction. What is accepted
// is exactly what the encoder writes: nothing is read twice, passed over, or made up.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "ipc/wire/protocols.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The first byte says which protocol, and which direction.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > 600) {
        return 0;
    }
    const wire_protocol_rows *rows = wire_protocols[data[0] / 2 % WIRE_PROTOCOL_COUNT];
    const wire_direction direction = data[0] % 2 == 0 ? WIRE_REQUEST : WIRE_REPLY;
    const std::vector<uint8_t> bytes(data + 1, data + size);
    alignas(8) uint8_t message[WIRE_MESSAGE_BYTES_MAX] = {};
    if (wire_decode(rows, direction, bytes.data(), static_cast<uint32_t>(bytes.size()), message) !=
        WIRE_OK) {
        return 0;
    }
    uint8_t again[600];
    const uint32_t count = wire_encode(rows, direction, message, again, sizeof(again));
    if (count != bytes.size() || std::memcmp(again, bytes.data(), count) != 0) {
        std::abort();
    }
    return 0;
}
