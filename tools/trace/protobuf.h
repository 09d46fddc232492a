// tools/trace/protobuf.h: writes messages in the encoding of protocol buffers: fields one behind
// the other, each with its number and how long it is.
// Ownership: plain values.
#pragma once

#include <cstdint>
#include <string>

namespace trace {

class message {
  public:
    void put(std::uint32_t field, std::uint64_t value) {
        put_varint(std::uint64_t{field} << 3 | 0);
        put_varint(value);
    }

    void put(std::uint32_t field, const std::string &bytes) {
        put_varint(std::uint64_t{field} << 3 | 2);
        put_varint(bytes.size());
        bytes_ += bytes;
    }

    void put(std::uint32_t field, const message &inner) {
        put(field, inner.bytes_);
    }

    void put_fixed64(std::uint32_t field, std::uint64_t value) {
        put_varint(std::uint64_t{field} << 3 | 1);
        for (int shift = 0; shift < 64; shift += 8) {
            bytes_ += static_cast<char>(value >> shift);
        }
    }

    const std::string &bytes() const {
        return bytes_;
    }

  private:
    void put_varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) {
            bytes_ += static_cast<char>(value | 0x80);
        }
        bytes_ += static_cast<char>(value);
    }

    std::string bytes_;
};

}  // namespace trace
