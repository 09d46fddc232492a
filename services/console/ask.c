// services/console/ask.c: how the shell's commands ask others.
#include <string.h>

#include "ipc/frame.h"
#include "ipc/wire/init_wire.h"
#include "services/console/message.h"
#include "services/console/shell.h"

#define SAMGRD_PAUSE_NS UINT64_C(5000000)

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

// An answer that came for another request than this is none.
static enum ipc_error ask_directly(struct shell *shell, struct slot slot,
                                   const struct wire_protocol_rows *protocol, void *message) {
    struct message_page *page = shell->runtime->page;
    struct wire_header *header = message;
    const uint8_t op = header->op;
    const struct nonce nonce = ipc_nonce(&shell->client);
    header->nonce = nonce;
    frame_finish(&page->call_out, protocol->type,
                 wire_encode(protocol, WIRE_REQUEST, message, page->call_out.payload,
                             sizeof(page->call_out.payload)));
    struct call_result called = sys_ipc_call(slot, sys_clock_get() + SHELL_PATIENCE_NS);
    if (called.status != STATUS_OK) {
        return called.status == STATUS_TIMED_OUT         ? IPC_TIMED_OUT
               : called.delivery == DELIVERY_HANDED_OVER ? IPC_UNKNOWN_OUTCOME
                                                         : IPC_REJECTED;
    }
    bool good = wire_decode(protocol, WIRE_REPLY, page->reply_in.payload, page->reply_in.header.len,
                            message) == WIRE_OK &&
                header->op == op && header->nonce.value == nonce.value;
    return good ? IPC_OK : IPC_UNKNOWN_OUTCOME;
}

// The way to samgrd is the manifest's: nobody could say by name where it is. When samgrd has ended,
// nothing was handed over, and its next instance is asked once it serves.
static struct ipc_outcome ask_samgrd(struct shell *shell, const struct wire_protocol_rows *protocol,
                                     void *message) {
    const struct deadline until = {.ns = sys_clock_get() + SHELL_PATIENCE_NS};
    struct ipc_outcome outcome = {.served = IPC_HIT};
    outcome.error = ask_directly(shell, shell->resolver.samgrd, protocol, message);
    while (outcome.error == IPC_REJECTED && sys_clock_get() < until.ns) {  // Until then.
        if (ipc_resolver_reroute(&shell->resolver, until)) {
            outcome.served = IPC_REBOUND;
            outcome.error = ask_directly(shell, shell->resolver.samgrd, protocol, message);
        } else {
            struct recv_result waited =
                sys_ipc_recv(shell->client.pause, sys_clock_get() + SAMGRD_PAUSE_NS);
            (void)waited.received;  // Nothing arrives there; what matters is that time has passed.
        }
    }
    return outcome;
}

enum ipc_error shell_try(struct shell *shell, const char *name,
                         const struct wire_protocol_rows *protocol, void *message,
                         struct ipc_outcome *outcome) {
    *outcome = (struct ipc_outcome){.error = IPC_OK, .served = IPC_HIT};
    if (strcmp(name, "samgrd") == 0) {
        *outcome = ask_samgrd(shell, protocol, message);
        return outcome->error;
    }
    const struct ipc_question question = question_to(name, protocol);
    *outcome = ipc_ask(&shell->client, &question, message);
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
    if (strcmp(name, "init") == 0 || strcmp(name, shell->server.service->name) == 0) {
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

bool shell_ask_init(struct shell *shell, void *message) {
    enum ipc_error error = ask_directly(shell, slot_at(SHELL_SLOT_OPERATOR), &init_rows, message);
    return is_answered(shell, "init", error, message);
}
