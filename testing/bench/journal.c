// testing/bench/journal.c: see journal.h.
#include "testing/bench/journal.h"

#include "images/markers.h"
#include "ipc/ask.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/wire/init_wire.h"
#include "testing/bench/bench.h"

bool journal_open(struct journal *journal, struct runtime *runtime) {
    journal->runtime = runtime;
    journal->deadline = (struct deadline){.ns = sys_clock_get() + BENCH_PATIENCE_NS};
    ipc_resolver_init(&journal->resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&journal->ipc, runtime, ipc_resolver_ask, &journal->resolver,
                    slot_at(CAP_SLOT_NONE));
    return ipc_ready(runtime) == STATUS_OK;
}

void journal_ask(struct journal *journal, enum state_op op, struct state_message *message) {
    const struct ipc_question question = {.target = service_id_named("statefsd"),
                                          .protocol = &state_rows,
                                          .deadline = journal->deadline,
                                          .carried = slot_at(CAP_SLOT_NONE)};
    message->header.op = (uint8_t)op;
    journal->failures += ipc_ask(&journal->ipc, &question, message).error != IPC_OK ||
                         message->header.status != WIRE_OK;
}

uint64_t journal_begin(struct journal *journal) {
    struct state_message begun = {.transaction = 0};
    journal_ask(journal, STATE_OP_BEGIN, &begun);
    return begun.transaction;
}

void journal_commit(struct journal *journal, uint64_t transaction) {
    struct state_message done = {.transaction = transaction};
    journal_ask(journal, STATE_OP_COMMIT, &done);
}

void journal_restart(struct journal *journal) {
    struct message_page *page = journal->runtime->page;
    struct init_message message = {.header = {.op = INIT_OP_END},
                                   .service = service_id_named("statefsd").value};
    frame_finish(&page->call_out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REQUEST, &message, page->call_out.payload,
                             sizeof(page->call_out.payload)));
    journal->failures +=
        sys_ipc_call(slot_at(SLOT_OPERATOR), journal->deadline.ns).status != STATUS_OK;
}

int journal_end(const struct journal *journal, const char *also) {
    if (journal->failures != 0) {
        log_line(journal->runtime, "bench: %u failed%s", journal->failures, also);
        return 1;
    }
    marker_text(journal->runtime, MARKER_BENCH_END);
    return 0;
}
