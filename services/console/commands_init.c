// services/console/commands_init.c: what init tells of the services that it supervises.
#include "ipc/wire/init_wire.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/task.h"
#include "services/console/shell.h"

// Where the columns begin, or end where numbers stand in them.
enum {
    STATE_WORD = 18,
    STATE_STARTS = 34,
    STATE_LEFT = 40,
    STATE_END = 43,
};

static void show_state(struct print *print, const char *name, const struct init_message *state) {
    static const char *const words[] = {"not started", "pending", "starting", "up", "stays down"};
    print_add(print, "%s", name);
    print_column(print, STATE_WORD);
    print_add(print, "%s", state->state < ARRAY_LEN(words) ? words[state->state] : "?");
    print_number(print, STATE_STARTS, state->starts);
    print_number(print, STATE_LEFT, state->left);
    if (state->reason != EXIT_NONE) {
        print_column(print, STATE_END);
        print_add(print, "%s %#lx", exit_reason_name(state->reason), (unsigned long)state->detail);
    }
    print_end(print);
}

void shell_states(struct shell *shell) {
    print_line(&shell->print, "SERVICE         STATE      STARTS  LEFT  LAST END");
    for (uint32_t i = 0; i < shell->names.count; i++) {
        const struct manifest_service *service = &shell->names.services[i];
        struct init_message message = {.header = {.op = INIT_OP_STATE},
                                       .service = service->service_id};
        struct ipc_outcome outcome;
        if (shell_try(shell, BOOT_IMAGE_INIT_NAME, &init_rows, &message, &outcome) == IPC_OK &&
            message.header.status == WIRE_OK) {
            show_state(&shell->print, service->name, &message);
        }
    }
}
