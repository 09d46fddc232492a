// testing/protocols/golden_bytes.h: how tests write the bytes of a message.
#pragma once

#include <cstdint>
#include <vector>

using Bytes = std::vector<uint8_t>;

inline constexpr uint64_t kNonce = UINT64_C(0x1122334455667788);
inline const Bytes kNonceBytes = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};

inline Bytes operator+(Bytes left, const Bytes &right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

inline Bytes Little(uint64_t value, int count) {
    Bytes bytes;
    for (int i = 0; i < count; i++) {
        bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
    }
    return bytes;
}
