// services/console/ask.c: how the shell's commands ask others.
#include <string.h>

#include "kernel/abi/boot_image.h"
#include "services/console/message.h"
#include "services/console/shell.h"

static const char *error_text(enum ipc_error error) {
    switch (error) {
        case IPC_OK:
            return "ok";
        case IPC_TIMED_OUT:
            return "no answer in time";
        case IPC_REJECTED:
            return "nobody serves that name now";
        case IPC_DENIED:
            return "denied: policy does not allow it";
        case IPC_UNKNOWN_OUTCOME:
            return "handed over and not answered: done, or not";
        case IPC_TOO_LARGE:
            return "more than a frame holds";
        case IPC_BAD_REQUEST:
            return "no request";
        case IPC_ERROR_COUNT:
            break;
    }
    return "?";
}

static struct ipc_question question_to(const char *name,
                                       const struct wire_protocol_rows *protocol) {
    return (struct ipc_question){.target = service_id_named(name),
                                 .protocol = protocol,
                                 .deadline = {.ns = sys_clock_get() + SHELL_PATIENCE_NS},
                                 .carried = slot_at(CAP_SLOT_NONE)};
}

// init is asked as its operator, whom its manifest's badge makes one.
enum ipc_error shell_try(struct shell *shell, const char *name,
                         const struct wire_protocol_rows *protocol, void *message,
                         struct ipc_outcome *outcome) {
    const struct ipc_question question = question_to(name, protocol);
    *outcome = strcmp(name, BOOT_IMAGE_INIT_NAME) == 0
                   ? ipc_manage(&shell->client, &question, message)
                   : ipc_ask(&shell->client, &question, message);
    return outcome->error;
}

static bool is_answered(struct shell *shell, const char *name, enum ipc_error error,
                        const struct wire_header *header) {
    if (error != IPC_OK) {
        print_line(&shell->print, "%s: %s", name, error_text(error));
        return false;
    }
    if (header->status != WIRE_OK) {
        print_line(&shell->print, "%s answers %s", name, message_status_text(header->status));
        return false;
    }
    return true;
}

// False: why not was said.
static bool is_callable(struct shell *shell, const char *name) {
    if (names_find(&shell->names, name) == 0) {
        print_line(&shell->print, "no service '%s' in this image", name);
        return false;
    }
    if (strcmp(name, shell->server.service->name) == 0) {
        print_line(&shell->print, "%s is not called by name", name);
        return false;
    }
    return true;
}

bool shell_manage(struct shell *shell, const char *name, const struct wire_protocol_rows *protocol,
                  void *message) {
    if (!is_callable(shell, name)) {
        return false;
    }
    const struct ipc_question question = question_to(name, protocol);
    enum ipc_error error = ipc_manage(&shell->client, &question, message).error;
    return is_answered(shell, name, error, message);
}

bool shell_ask(struct shell *shell, const char *name, const struct wire_protocol_rows *protocol,
               void *message, struct ipc_outcome *outcome) {
    struct ipc_outcome own;
    if (!is_callable(shell, name)) {
        return false;
    }
    enum ipc_error error = shell_try(shell, name, protocol, message, outcome ? outcome : &own);
    return is_answered(shell, name, error, message);
}
