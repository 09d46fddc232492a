// services/selftest/probe/probe.c: see probe.h.
#include "services/selftest/probe/probe.h"

#include <string.h>

#include "ipc/frame.h"
#include "ipc/timed_client.h"
#include "services/selftest/probe/instruction.h"
#include "services/selftest/probe/protocol.h"

// Longer than any selftest: a probe whose supervisor is gone has gone with it.
#define RECEIVE_DEADLINE_NS UINT64_C(60000000000)
#define SLEEP_SLACK_NS UINT64_C(10000000000)

struct probe {
    struct runtime *runtime;
    struct reply_handle held;
};

static uint64_t request_word(const struct probe *probe, uint32_t index) {
    uint64_t word = 0;
    memcpy(&word, probe->runtime->page->request_in.payload + index * sizeof(word), sizeof(word));
    return word;
}

static void answer_words(struct probe *probe, struct reply_handle reply, const uint64_t *words,
                         uint32_t count) {
    struct message_area *out = &probe->runtime->page->reply_out;
    uint32_t bytes = count * (uint32_t)sizeof(*words);
    memcpy(out->payload, words, bytes);
    frame_finish(out, probe->runtime->page->request_in.header.type, bytes);
    status_ignore(sys_ipc_reply(reply), "a caller that left needs no answer");
}

static void answer_word(struct probe *probe, struct reply_handle reply, uint64_t word) {
    answer_words(probe, reply, &word, 1);
}

static void do_echo(struct probe *probe, struct reply_handle reply) {
    const struct message_area *in = &probe->runtime->page->request_in;
    struct message_area *out = &probe->runtime->page->reply_out;
    for (uint32_t i = 0; i < in->header.len; i++) {
        out->payload[i] = in->payload[i] ^ PROBE_ECHO_KEY;
    }
    frame_finish(out, PROBE_ECHO, in->header.len);
    status_ignore(sys_ipc_reply(reply), "a caller that left needs no answer");
}

static void do_who(struct probe *probe, struct reply_handle reply) {
    const struct message_area *in = &probe->runtime->page->request_in;
    const uint64_t words[PROBE_WHO_WORDS] = {
        [PROBE_WHO_SERVICE_ID] = in->meta.service_id,
        [PROBE_WHO_BADGE] = in->meta.badge,
        [PROBE_WHO_INSTANCE] = in->meta.instance,
        [PROBE_WHO_SRC] = in->header.src,
        [PROBE_WHO_DST] = in->header.dst,
        [PROBE_WHO_LEN] = in->header.len,
    };
    answer_words(probe, reply, words, PROBE_WHO_WORDS);
}

static void do_drop(struct probe *probe, struct reply_handle reply) {
    (void)probe;
    status_ignore(sys_reply_close(reply), "the caller sees what became of it");
}

static void do_hold(struct probe *probe, struct reply_handle reply) {
    probe->held = reply;
}

static void do_answer_held(struct probe *probe, struct reply_handle reply) {
    const uint64_t word = PROBE_HELD_ANSWER;
    struct message_area *out = &probe->runtime->page->reply_out;
    memcpy(out->payload, &word, sizeof(word));
    frame_finish(out, PROBE_HOLD, sizeof(word));
    answer_word(probe, reply, (uint64_t)sys_ipc_reply(probe->held));
}

static void do_exit(struct probe *probe, struct reply_handle reply) {
    (void)reply;
    sys_task_exit(request_word(probe, 0));
}

static void do_read(struct probe *probe, struct reply_handle reply) {
    answer_word(probe, reply, *(const uint64_t *)request_word(probe, 0));
}

static void do_write(struct probe *probe, struct reply_handle reply) {
    *(uint64_t *)request_word(probe, 0) = 0;
    answer_word(probe, reply, 0);
}

static void do_execute(struct probe *probe, struct reply_handle reply) {
    ((void (*)(void))request_word(probe, 0))();
    answer_word(probe, reply, 0);
}

static void do_illegal(struct probe *probe, struct reply_handle reply) {
    probe_illegal_instruction();
    answer_word(probe, reply, 0);
}

static void do_float(struct probe *probe, struct reply_handle reply) {
    probe_float_instruction();
    answer_word(probe, reply, 0);
}

static void do_text_address(struct probe *probe, struct reply_handle reply) {
    answer_word(probe, reply, (uint64_t)&probe_main & ~UINT64_C(7));
}

static void do_spin(struct probe *probe, struct reply_handle reply) {
    answer_word(probe, reply, 0);
    for (;;) {  // Until it is killed: that is what is tested.
    }
}

static void do_say(struct probe *probe, struct reply_handle reply) {
    struct message_page *page = probe->runtime->page;
    uint32_t bytes = page->request_in.header.len < CONSOLE_LINE_MAX ? page->request_in.header.len
                                                                    : CONSOLE_LINE_MAX;
    memcpy(page->console, page->request_in.payload, bytes);
    answer_word(probe, reply, (uint64_t)sys_console_write(slot_at(SLOT_CONSOLE), bytes));
}

static void do_sleep(struct probe *probe, struct reply_handle reply) {
    struct runtime *runtime = probe->runtime;
    struct timed_message request = {
        .header = {.op = TIMED_OP_SLEEP, .nonce = {.value = runtime->instance}},
        .deadline_ns = request_word(probe, 0)};
    answer_word(probe, reply, 0);
    struct timed_message woken = {0};
    enum status status = timed_call(runtime, slot_at(PROBE_SLOT_TIMED), &request,
                                    request.deadline_ns + SLEEP_SLACK_NS, &woken);
    const uint64_t words[PROBE_REPORT_WORDS] = {
        [PROBE_REPORT_ARGUMENT] = runtime->argument,
        [PROBE_REPORT_STATUS] =
            status == STATUS_OK ? woken.header.status : 0x100u + (uint64_t)status,
        [PROBE_REPORT_NOW_NS] = woken.now_ns,
        [PROBE_REPORT_WAKE_ORDER] = woken.wake_order,
    };
    struct message_area *out = &runtime->page->call_out;
    memcpy(out->payload, words, sizeof(words));
    frame_finish(out, PROBE_SLEEP, sizeof(words));
    struct call_result sent = sys_ipc_send(slot_at(PROBE_SLOT_REPORT), 0);
    status_ignore(sent.status, "selftest notices a report that is missing");
}

static void do_map_device(struct probe *probe, struct reply_handle reply) {
    struct map_result map = sys_mmio_map(slot_at(PROBE_SLOT_DEVICE));
    const uint64_t words[] = {(uint64_t)map.status, map.window};
    answer_words(probe, reply, words, ARRAY_LEN(words));
}

static void do_map_vmo(struct probe *probe, struct reply_handle reply) {
    struct slot vmo = slot_at(PROBE_SLOT_VMO);
    uint64_t page_count = sys_cap_query(vmo).value;
    struct vmo_map_result got = sys_vmo_map(vmo, 0, page_count, request_word(probe, 0));
    const uint64_t words[] = {(uint64_t)got.status, got.address};
    answer_words(probe, reply, words, ARRAY_LEN(words));
}

typedef void probe_handler(struct probe *probe, struct reply_handle reply);

static probe_handler *handler_of(uint16_t op) {
    static probe_handler *const handlers[] = {
        [PROBE_ECHO] = do_echo,       [PROBE_WHO] = do_who,
        [PROBE_DROP] = do_drop,       [PROBE_HOLD] = do_hold,
        [PROBE_EXIT] = do_exit,       [PROBE_ANSWER_HELD] = do_answer_held,
        [PROBE_READ] = do_read,       [PROBE_WRITE] = do_write,
        [PROBE_SPIN] = do_spin,       [PROBE_EXECUTE] = do_execute,
        [PROBE_FLOAT] = do_float,     [PROBE_ILLEGAL] = do_illegal,
        [PROBE_SAY] = do_say,         [PROBE_TEXT_ADDRESS] = do_text_address,
        [PROBE_SLEEP] = do_sleep,     [PROBE_MAP_DEVICE] = do_map_device,
        [PROBE_MAP_VMO] = do_map_vmo,
    };
    return op < ARRAY_LEN(handlers) ? handlers[op] : 0;
}

int probe_main(struct runtime *runtime) {
    struct probe probe = {.runtime = runtime, .held = REPLY_HANDLE_NONE};
    for (;;) {  // Until its endpoint closes.
        struct recv_result event =
            sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + RECEIVE_DEADLINE_NS);
        if (event.status != STATUS_OK) {
            return 1;
        }
        if (event.received != RECEIVED_CALL) {
            continue;
        }
        probe_handler *handler = handler_of(runtime->page->request_in.header.type);
        if (handler) {
            handler(&probe, event.reply);
        } else {
            do_drop(&probe, event.reply);
        }
    }
}
