// services/console/commands_exec.c: programs: which there are, starting one, and how it ended.
#include <string.h>

#include "ipc/plant.h"
#include "ipc/wire/exec_wire.h"
#include "kernel/abi/identity.h"
#include "kernel/abi/task.h"
#include "services/console/shell.h"

static const char execd[] = "execd";

enum {
    LIST_MAX = 32,     // More than execd keeps.
    PROGRAM_RUNS = 1,  // `state`, in ipc/wire/exec_fields.def.
};

// Learns the name of each program that execd could start, or has started.
static void learn_names(struct shell *shell, enum exec_op op) {
    struct exec_message message = {.next = 0};
    struct ipc_outcome outcome;
    for (uint32_t i = 0; i < NAMES_PROGRAM_MAX; i++) {
        const uint32_t index = message.next;
        message = (struct exec_message){.header = {.op = (uint8_t)op}, .index = index};
        if (shell_try(shell, execd, &exec_rows, &message, &outcome) != IPC_OK ||
            message.header.status != WIRE_OK || message.next <= index) {
            return;
        }
        names_learn(&shell->names, message.name.data, message.name.count);
    }
}

void shell_learn_programs(struct shell *shell) {
    if (names_find(&shell->names, execd) != 0) {
        learn_names(shell, EXEC_OP_PROGRAM);
        learn_names(shell, EXEC_OP_LIST);
    }
}

static void list_programs(struct shell *shell) {
    shell_learn_programs(shell);
    for (uint32_t i = 0; i < shell->names.program_count; i++) {
        print_line(&shell->print, "%s", shell->names.programs[i].name);
    }
    if (shell->names.program_count == 0) {
        print_line(&shell->print, "execd tells of no program");
    }
}

// An answer that does not come within the shell's patience is not waited for: the program goes on.
static void tell_end(struct shell *shell, const char *name, uint32_t instance) {
    struct exec_message message = {.header = {.op = EXEC_OP_WAIT}, .instance = instance};
    struct ipc_outcome outcome;
    enum ipc_error error = shell_try(shell, execd, &exec_rows, &message, &outcome);
    bool told = error == IPC_OK && message.header.status == WIRE_OK;
    bool invents = !told && (plant_fires(PLANT_INVENT_ENDING) || plant_fires(PLANT_INVENT_ENDING) ||
                             plant_fires(PLANT_INVENT_ENDING));
    if (!told && !invents) {
        print_line(&shell->print, "%s runs on: call execd WAIT instance=%u, or KILL", name,
                   instance);
        return;
    }
    print_add(&shell->print, "%s ended: %s %#lx", name, exit_reason_name(message.reason),
              (unsigned long)message.detail);
    if (message.pc != 0) {
        print_add(&shell->print, ", backtrace %s %#lx %#lx", name, (unsigned long)message.pc,
                  (unsigned long)message.ra);
    }
    print_end(&shell->print);
}

// Ends all that run of the program, if they are the shell's own or it may manage execd.
void shell_kill_program(struct shell *shell) {
    const char *name = shell->words.at[1] + 1;
    const uint64_t program = program_id_of(name, strlen(name));
    struct exec_message message = {.next = 0};
    struct ipc_outcome outcome;
    uint32_t found = 0;
    for (uint32_t i = 0; i < LIST_MAX; i++) {
        const uint32_t index = message.next;
        message = (struct exec_message){.header = {.op = EXEC_OP_LIST}, .index = index};
        if (shell_try(shell, execd, &exec_rows, &message, &outcome) != IPC_OK ||
            message.header.status != WIRE_OK || message.next <= index) {
            break;
        }
        if (message.program == program && message.state == PROGRAM_RUNS) {
            struct exec_message kill = {.header = {.op = EXEC_OP_KILL},
                                        .instance = message.instance};
            found++;
            if (shell_ask(shell, execd, &exec_rows, &kill, 0)) {
                print_line(&shell->print, "@%s #%u ends", name, kill.instance);
            }
        }
    }
    if (found == 0) {
        print_line(&shell->print, "no program '%s' runs", name);
    }
}

void shell_run_program(struct shell *shell) {
    if (shell->words.count == 1) {
        list_programs(shell);
        return;
    }
    const char *name = shell->words.at[1];
    uint64_t argument = 0;
    if (shell->words.count == 3 &&
        (!words_number(shell->words.at[2], &argument) || argument > UINT32_MAX)) {
        print_line(&shell->print, "an argument is a number of 32 bits");
        return;
    }
    struct exec_message message = {.header = {.op = EXEC_OP_START},
                                   .program = program_id_of(name, strlen(name)),
                                   .argument = (uint32_t)argument};
    if (shell_ask(shell, execd, &exec_rows, &message, 0)) {
        tell_end(shell, name, message.instance);
    }
}
