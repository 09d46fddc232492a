// ipc/wire/protocols.h: all protocols, for what works on any of them: the page docs/wire.md, the
// printer, fuzzers.
#pragma once

#include "ipc/wire/codec.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { WIRE_PROTOCOL_COUNT = WIRE_PROTOCOL_END - WIRE_PROTOCOL_INIT };

extern const struct wire_protocol_rows *const wire_protocols[WIRE_PROTOCOL_COUNT];

#ifdef __cplusplus
}
#endif
