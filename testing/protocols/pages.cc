// testing/protocols/pages.cc: see pages.h.
#include "testing/protocols/pages.h"

#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "ipc/route_cache.h"
#include "ipc/wire/protocols.h"

namespace {

const char *const kTypeNames[] = {"u8", "u16", "u32", "u64", "bytes"};

// The fields of a mask as "`name` u64, ...", or a dash.
std::string field_list(const wire_protocol_rows &rows, uint64_t mask) {
    std::string text;
    for (uint32_t i = 0; i < rows.field_count; i++) {
        if (((mask >> i) & 1) != 0) {
            text += (text.empty() ? "`" : ", `") + std::string(rows.fields[i].name) + "` " +
                    kTypeNames[rows.fields[i].type];
        }
    }
    return text.empty() ? "-" : text;
}

void protocol_section(std::ostringstream *page, const wire_protocol_rows &rows) {
    *page << "\n## " << rows.name << "\n\nFrame type " << rows.type << ", letters `"
          << static_cast<char>(rows.magic.letters[0]) << static_cast<char>(rows.magic.letters[1])
          << "`.\n\n| op | name | request | reply | repeatable | what it does |\n"
          << "| --- | --- | --- | --- | --- | --- |\n";
    for (uint32_t i = 0; i < rows.op_count; i++) {
        const wire_op &op = rows.ops[i];
        *page << "| " << static_cast<int>(op.number) << " | `" << op.name << "` | "
              << field_list(rows, op.fields[WIRE_REQUEST]) << " | "
              << field_list(rows, op.fields[WIRE_REPLY]) << " | " << (op.repeatable ? "yes" : "no")
              << " | " << op.meaning << " |\n";
    }
    if (rows.field_count == 0) {
        return;
    }
    *page << "\n| field | type | what it means |\n| --- | --- | --- |\n";
    for (uint32_t i = 0; i < rows.field_count; i++) {
        *page << "| `" << rows.fields[i].name << "` | " << kTypeNames[rows.fields[i].type] << " | "
              << rows.fields[i].meaning << " |\n";
    }
}

struct Row {
    int from;
    int event;
    int to;
};

const std::vector<Row> &route_rows() {
    static const std::vector<Row> rows = {
#define ROUTE_STEP(FROM, EVENT, TO) {ROUTE_##FROM, ROUTE_EVENT_##EVENT, ROUTE_##TO},
#include "ipc/route_step.def"
#undef ROUTE_STEP
    };
    return rows;
}

}  // namespace

std::string wire_page() {
    std::ostringstream page;
    page
        << "# Protocols\n\nMade from `ipc/wire/*.def` by `./bazelw run //testing/protocols:update` "
           "and compared by `//testing/protocols:pages_test`.\n\n"
           "A request is two letters, a version ("
        << WIRE_VERSION
        << "), the operation, the nonce (u64), then the fields in the order of the table. A reply "
           "sets the operation's top bit and has a status (u8) before the nonce; one that "
           "refuses ends behind the nonce. Little-endian, no padding; `bytes` is a u16 count and "
           "the bytes. A message with a byte too few or too many is `MALFORMED`.\n\n"
           "A frame's type is its protocol in the lowest byte. Of a request five bits more say the "
           "operation and three how the client's route served it (1 hit, 2 miss, 3 rebound, 4 "
           "degraded, 0 none was kept): the sender's word, which only the kernel's events "
           "show.\n\n"
           "An operation that is not repeatable is never sent again once the kernel says that it "
           "was handed over.\n\n"
           "| status | name | what it means |\n| --- | --- | --- |\n";
    int status = 0;
#define WIRE_STATUS(NAME, meaning) \
    page << "| " << status++ << " | `" #NAME "` | " << (meaning) << " |\n";
#include "ipc/wire/wire_status.def"
#undef WIRE_STATUS
    for (const wire_protocol_rows *rows : wire_protocols) {
        protocol_section(&page, *rows);
    }
    return page.str();
}

std::string route_page() {
    static const std::vector<std::pair<const char *, const char *>> events = {
#define ROUTE_EVENT(NAME, meaning) {#NAME, meaning},
#include "ipc/route_event.def"
#undef ROUTE_EVENT
    };
    std::ostringstream page;
    page << "# The life of a cached route\n\nMade from `ipc/route_step.def` by `./bazelw run "
            "//testing/protocols:update` and compared by `//testing/protocols:pages_test`: the "
            "table that draws this picture is the one that the client library runs by.\n\n"
            "```mermaid\nstateDiagram-v2\n    [*] --> UNBOUND\n";
    std::map<std::pair<int, int>, std::string> arrows;
    for (const Row &row : route_rows()) {
        std::string &label = arrows[{row.from, row.to}];
        label += (label.empty() ? "" : ", ") + std::string(events[row.event].first);
    }
    for (const auto &[ends, label] : arrows) {
        page << "    " << route_state_name(static_cast<route_state>(ends.first)) << " --> "
             << route_state_name(static_cast<route_state>(ends.second)) << " : " << label << "\n";
    }
    page << "```\n\n| state | what it means |\n| --- | --- |\n";
#define ROUTE_STATE(NAME, meaning) page << "| `" #NAME "` | " << (meaning) << " |\n";
#include "ipc/route_state.def"
#undef ROUTE_STATE
    page << "\n| event | what happened |\n| --- | --- |\n";
    for (const auto &[name, meaning] : events) {
        page << "| `" << name << "` | " << meaning << " |\n";
    }
    page << "\nAn event that a state has no arrow for changes nothing and is counted. Bounds: "
         << ROUTE_CAPACITY << " routes a client, " << ROUTE_LOSSES_MAX
         << " losses in a row until a route is worn out.\n";
    return page.str();
}

std::string example_page(const std::function<std::string(const std::string &)> &read) {
    const auto shown = [&](const char *path, const char *language) {
        return "`" + std::string(path) + "`\n\n```" + language + "\n" + read(path) + "```\n\n";
    };
    return "# A whole service\n\nPut together from the tree by `./bazelw run "
           "//testing/protocols:update` and compared by `//testing/protocols:pages_test`. `echo` "
           "is built into the smoke images, called by name in their ladders, and run in simulation "
           "by `//services:routes_sim_test`, where it dies again and again.\n\n"
           "## What it says: fields and operations\n\n"
           "From these rows come its C struct, encoder, decoder and its section of "
           "[wire.md](wire.md).\n\n" +
           shown("ipc/wire/echo_fields.def", "c") + shown("ipc/wire/echo_ops.def", "c") +
           "## What it does\n\n"
           "The loop is `ipc/server.h`: one wait, one system call a request. Who calls is in "
           "`exchange->request->meta`, from the kernel, and never in the payload.\n\n" +
           shown("services/echo/service.c", "c") + shown("services/echo/main.c", "c") +
           "## How it is started and called\n\n"
           "A paragraph of the image's manifest starts it, with exactly these capabilities; a line "
           "of the policy lets somebody call it ([policy.md](policy.md)). A client calls it by "
           "name with `ipc_ask` (`ipc/ask.h`): the first call resolves the route, later ones "
           "cost as much as the bare system call and a little more, and when `echo` is started "
           "anew the next call finds it.\n\n"
           "```\nservice echo\n    restarts 8\n    slot 1 console write marker\n    slot 2 route "
           "init "
           "call\n    slot 3 endpoint recv\n```\n\n```\nallow selftest call echo\n```\n";
}
