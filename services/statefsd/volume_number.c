// services/statefsd/volume_number.c: see volume_number.h.
#include "services/statefsd/volume_number.h"

#include "ipc/ask.h"
#include "ipc/wire/entropy_wire.h"

uint64_t volume_number(const struct runtime *runtime, struct ipc_client *client) {
    struct entropy_message message = {.header = {.op = ENTROPY_OP_BYTES},
                                      .count = sizeof(uint64_t)};
    const struct ipc_question question = {.target = service_id_named("rngd"),
                                          .protocol = &entropy_rows,
                                          .deadline = {.ns = sys_clock_get() + VOLUME_NUMBER_NS},
                                          .carried = slot_at(CAP_SLOT_NONE)};
    if (client && ipc_ask(client, &question, &message).error == IPC_OK &&
        message.header.status == WIRE_OK && message.bytes.count == sizeof(uint64_t)) {
        struct wire_reader reader = wire_reader_of(message.bytes.data, message.bytes.count);
        return wire_get_u64(&reader);
    }
    log_line(runtime, "statefsd: no random number for the volume: the time instead");
    return sys_clock_get();
}
