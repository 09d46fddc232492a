// testing/bench/stored_exec.c: what execd's operations cost: a program that could be started, one
// that is started, runs and ends, and what is known of it.
#include "ipc/wire/exec_wire.h"
#include "kernel/abi/identity.h"
#include "testing/bench/stored.h"

static void asks(struct stored *stored, struct exec_message *message) {
    stored_asks(stored, "execd", &exec_rows, &message->header);
}

static void round_program(void *of) {
    struct exec_message message = {.header = {.op = EXEC_OP_PROGRAM}};
    asks(of, &message);
}

// Policy is asked, the program is loaded, prints a line and ends, and its starter is told.
static void round_start(void *of) {
    static const char name[] = "greet";
    struct stored *stored = of;
    struct exec_message start = {.header = {.op = EXEC_OP_START},
                                 .program = program_id_of(name, sizeof(name) - 1)};
    asks(stored, &start);
    struct exec_message wait = {.header = {.op = EXEC_OP_WAIT}, .instance = start.instance};
    asks(stored, &wait);
    stored->instance = start.instance;
}

static void round_status(void *of) {
    struct stored *stored = of;
    struct exec_message message = {.header = {.op = EXEC_OP_STATUS}, .instance = stored->instance};
    asks(stored, &message);
}

static void round_list(void *of) {
    struct exec_message message = {.header = {.op = EXEC_OP_LIST}};
    asks(of, &message);
}

void stored_exec(struct stored *stored) {
    stored_figure(stored, "exec_program", prepare_nothing, round_program);
    stored_figure(stored, "exec_start", prepare_nothing, round_start);
    stored_figure(stored, "exec_status", prepare_nothing, round_status);
    stored_figure(stored, "exec_list", prepare_nothing, round_list);
}
