// testing/protocols/vectors.h: one message of each operation of each protocol in each direction,
// byte by byte, written from the rows without the codec: what the codec must write and accept. They
// stand in ipc/wire/vectors.txt, so that no change of what travels goes unseen.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ipc/wire/codec.h"

struct Vector {
    const wire_protocol_rows *rows;
    const wire_op *op;
    wire_direction direction;
    std::vector<std::uint8_t> bytes;
};

// In the order of the protocols' numbers, then of their rows. The nonce and every number are made
// of bytes that differ; a WIRE_BYTES field has as many bytes as its number among the fields, modulo
// 4. A reply is one of WIRE_OK.
std::vector<Vector> all_vectors();

// `name OP request 54 4d ..`, one line each.
std::string vector_lines();
