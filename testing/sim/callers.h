// testing/sim/callers.h: what clients in a test's system (system.h) have in common: they call by
// name, look into the journal, and have init end services.
//
// Ownership: a caller owns its routes; ipc_client_release gives them back, and so does its task's
//            end.
// Blocking:  until a patience, in microseconds, is over.
// Errors:    EXPECTs that fail.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/ask.h"
#include "ipc/frame.h"
#include "ipc/log_record.h"
#include "ipc/resolver.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/log_wire.h"
#include "testing/sim/machine.h"
#include "testing/sim/system.h"

namespace simtest {

inline constexpr std::uint64_t CALLER_PATIENCE_US = 2000000;

inline wire_bytes view(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t *>(text.data()),
            static_cast<std::uint32_t>(text.size())};
}

inline wire_bytes view(const std::vector<std::uint8_t> &of) {
    static const std::uint8_t none = 0;
    return {of.empty() ? &none : of.data(), static_cast<std::uint32_t>(of.size())};
}

inline std::vector<std::uint8_t> copy_of(wire_bytes of) {
    return {of.data, of.data + of.count};
}

// Stays where it is: its parts point to each other. With an endpoint it pauses there.
struct caller {
    explicit caller(user &self, slot pause = slot_at(CAP_SLOT_NONE)) : made(runtime_of(self)) {
        ipc_resolver_init(&resolver, &made, SLOT_SAMGRD);
        ipc_client_init(&client, &made, ipc_resolver_ask, &resolver, pause);
    }
    caller(const caller &) = delete;
    caller &operator=(const caller &) = delete;

    // The answer is in the message.
    ipc_outcome ask(const char *service, const wire_protocol_rows &protocol, void *message,
                    std::uint64_t patience_us = CALLER_PATIENCE_US) {
        ipc_question asked{};
        asked.target = service_id_named(service);
        asked.protocol = &protocol;
        asked.deadline.ns = in_us(patience_us);
        asked.carried = slot_at(CAP_SLOT_NONE);
        return ipc_ask(&client, &asked, message);
    }

    // The first page of what the journal has of who may do what, a line each.
    std::string audits() {
        std::string texts;
        log_message message{};
        message.header.op = LOG_OP_QUERY;
        message.level = LOG_AUDIT;
        EXPECT_EQ(ask("logd", log_rows, &message).error, IPC_OK);
        wire_reader page = wire_reader_of(message.records.data, message.records.count);
        log_record record{};
        while (log_record_get(&page, &record)) {
            texts.append(reinterpret_cast<const char *>(record.text.data), record.text.count);
            texts += '\n';
        }
        return texts;
    }

    runtime made;
    ipc_resolver resolver;
    ipc_client client;
};

// By the route to init that has the operator's badge.
inline void end_service(const user &self, std::uint32_t operates, const char *service) {
    init_message message{};
    message.header.op = INIT_OP_END;
    message.service = id_of(service);
    message_area &out = self.page->call_out;
    frame_finish(&out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REQUEST, &message, out.payload, sizeof(out.payload)));
    EXPECT_EQ(sys_ipc_call(slot_at(operates), in_us(CALLER_PATIENCE_US)).status, STATUS_OK);
}

inline manifest_grant operates_by(std::uint32_t slot) {
    return {MANIFEST_GRANT_ROUTE, slot, RIGHT_CALL, MANIFEST_TARGET_INIT, INIT_BADGE_OPERATOR};
}

}  // namespace simtest
