// testing/protocols/vectors.cc: see vectors.h.
#include "testing/protocols/vectors.h"

#include <iomanip>
#include <sstream>

#include "ipc/wire/protocols.h"

namespace {

constexpr std::uint64_t NONCE = 0x0807060504030201;

void put(std::vector<std::uint8_t> *bytes, std::uint64_t number, std::uint32_t width) {
    for (std::uint32_t i = 0; i < width; i++) {
        bytes->push_back(static_cast<std::uint8_t>(number >> 8 * i));
    }
}

// Byte k of field i is 16 * i + k, so that a field out of its place shows.
void put_field(std::vector<std::uint8_t> *bytes, wire_type type, std::uint32_t index) {
    const std::uint32_t widths[] = {1, 2, 4, 8, index % 4};
    if (type == WIRE_BYTES) {
        put(bytes, index % 4, 2);
    }
    for (std::uint32_t k = 0; k < widths[type]; k++) {
        bytes->push_back(static_cast<std::uint8_t>(16 * index + k));
    }
}

Vector vector_of(const wire_protocol_rows &rows, const wire_op &op, wire_direction direction) {
    const bool reply = direction == WIRE_REPLY;
    Vector made{&rows, &op, direction, {}};
    put(&made.bytes, rows.magic.letters[0], 1);
    put(&made.bytes, rows.magic.letters[1], 1);
    put(&made.bytes, WIRE_VERSION, 1);
    put(&made.bytes, op.number + (reply ? 0x80u : 0u), 1);
    if (reply) {
        put(&made.bytes, WIRE_OK, 1);
    }
    put(&made.bytes, NONCE, 8);
    for (std::uint32_t i = 0; i < rows.field_count; i++) {
        if ((op.fields[direction] >> i & 1) != 0) {
            put_field(&made.bytes, static_cast<wire_type>(rows.fields[i].type), i);
        }
    }
    return made;
}

}  // namespace

std::vector<Vector> all_vectors() {
    std::vector<Vector> all;
    for (const wire_protocol_rows *rows : wire_protocols) {
        for (std::uint32_t i = 0; i < rows->op_count; i++) {
            all.push_back(vector_of(*rows, rows->ops[i], WIRE_REQUEST));
            all.push_back(vector_of(*rows, rows->ops[i], WIRE_REPLY));
        }
    }
    return all;
}

std::string vector_lines() {
    std::ostringstream lines;
    lines
        << "# ipc/wire/vectors.txt: a message of each operation in each direction, as it travels. "
           "Made by `./bazelw run //testing/protocols:update`; a line that changes or goes is a "
           "change of the protocol.\n";
    for (const Vector &vector : all_vectors()) {
        lines << vector.rows->name << " " << vector.op->name
              << (vector.direction == WIRE_REQUEST ? " request" : " reply") << std::hex
              << std::setfill('0');
        for (const std::uint8_t byte : vector.bytes) {
            lines << " " << std::setw(2) << static_cast<int>(byte);
        }
        lines << std::dec << "\n";
    }
    return lines.str();
}
