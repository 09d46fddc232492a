// tools/trace/perfetto.h: a run in Perfetto's format, for Perfetto's viewer and its
// trace_processor.
//
// Tracks: one for each hart, with who runs; one for each task, with the calls that it waits for;
// one for the calls that it serves, and more when it serves several at once. An arrow (a flow)
// leads from a call to where it is served. How a client's route served a call is an instant before
// it; what else happened is an instant on its task's track too. What a hart runs has the colour of
// the class that it runs in, donation included (a correlation id).
// Spec:      Perfetto's trace_packet.proto, track_descriptor.proto, track_event.proto; the encoding
//            is that of protocol buffers, version 3.
// Ownership: plain values.
#pragma once

#include <string>

#include "tools/trace/model.h"

namespace trace {

std::string perfetto(const model &model);

// What an event of kind `kind` is called.
const char *kind_name(std::uint8_t kind);

// What a request's type is called: its protocol (ipc/wire) and operation. All that is asked by a
// protocol's table says its operation; a type without one is the sender's own, whatever its number:
// "(raw type 28)".
std::string type_name(std::uint16_t type);

// How a route served a request: "hit" and so on; empty: it went through none that is kept.
std::string via_name(std::uint8_t via);

}  // namespace trace
