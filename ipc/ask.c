// ipc/ask.c: see ask.h.
#include "ipc/ask.h"

#include "ipc/wire/policy_action.h"

static struct ipc_request request_of(const struct ipc_question *question, const struct wire_op *op,
                                     struct nonce nonce, uint32_t bytes) {
    bool carries = question->carried.value != CAP_SLOT_NONE;
    return (struct ipc_request){.target = question->target,
                                .nonce = nonce,
                                .deadline = question->deadline,
                                .op = op,
                                .bytes = bytes,
                                .frame_type = op->frame_type,
                                .flags = (uint16_t)((carries ? FRAME_CAP_MOVE : 0) |
                                                    (question->taken ? FRAME_TAKE_CAP : 0)),
                                .carried = question->carried};
}

bool ipc_request_put(struct ipc_client *client, const struct ipc_question *question, void *message,
                     struct ipc_request *request) {
    struct message_area *out = &client->runtime->page->call_out;
    struct wire_header *header = message;  // Each message begins with one.
    const struct wire_op *op = wire_op_find(question->protocol, header->op);
    header->nonce = ipc_nonce(client);
    uint32_t bytes = wire_encode_op(question->protocol, op, WIRE_REQUEST, message, out);
    if (bytes == 0) {
        slot_release(question->carried);
        return false;
    }
    *request = request_of(question, op, header->nonce, bytes);
    return true;
}

enum ipc_error ipc_request_flaw(const struct ipc_question *question, const void *message) {
    const struct wire_header *header = message;
    // What has a row lacks only room.
    return wire_op_find(question->protocol, header->op) ? IPC_TOO_LARGE : IPC_BAD_REQUEST;
}

// Nothing was sent.
static struct ipc_outcome unsent(struct ipc_client *client, const struct ipc_question *question,
                                 enum policy_action action, enum ipc_error error) {
    const struct ipc_outcome outcome = {.error = error, .served = IPC_MISS};
    return ipc_client_outcome(client, question->target, action, outcome);
}

// It was counted as answered.
static struct ipc_outcome no_answer(struct ipc_client *client, const struct ipc_question *question,
                                    enum policy_action action, struct ipc_outcome outcome) {
    client->stats.outcomes[outcome.error][outcome.served]--;
    outcome.error = IPC_UNKNOWN_OUTCOME;
    return ipc_client_outcome(client, question->target, action, outcome);
}

struct ipc_outcome ipc_tell(struct ipc_client *client, const struct ipc_question *question,
                            void *message) {
    struct ipc_request request;
    if (question->taken) {
        slot_release(question->carried);
        return unsent(client, question, POLICY_SEND, IPC_BAD_REQUEST);
    }
    return ipc_request_put(client, question, message, &request)
               ? ipc_client_tell(client, &request)
               : unsent(client, question, POLICY_SEND, ipc_request_flaw(question, message));
}

static struct ipc_outcome ask(struct ipc_client *client, const struct ipc_question *question,
                              enum policy_action action, void *message) {
    struct message_page *page = client->runtime->page;
    const struct wire_header *header = message;
    const uint8_t asked = header->op;
    struct ipc_request request;
    if (question->taken) {
        *question->taken = slot_at(CAP_SLOT_NONE);
    }
    if (!ipc_request_put(client, question, message, &request)) {
        return unsent(client, question, action, ipc_request_flaw(question, message));
    }
    struct ipc_outcome outcome =
        action == POLICY_MANAGE ? ipc_client_manage(client, &request) : ipc_call(client, &request);
    if (outcome.error != IPC_OK) {
        return outcome;
    }
    struct slot came = question->taken ? slot_at(page->reply_in.meta.slot) : slot_at(CAP_SLOT_NONE);
    if (wire_decode_area(question->protocol, WIRE_REPLY, &page->reply_in, message) != WIRE_OK ||
        header->op != asked) {
        slot_release(came);
        return no_answer(client, question, action, outcome);
    }
    if (question->taken) {
        *question->taken = came;
    }
    return outcome;
}

struct ipc_outcome ipc_ask(struct ipc_client *client, const struct ipc_question *question,
                           void *message) {
    return ask(client, question, POLICY_CALL, message);
}

struct ipc_outcome ipc_manage(struct ipc_client *client, const struct ipc_question *question,
                              void *message) {
    return ask(client, question, POLICY_MANAGE, message);
}
