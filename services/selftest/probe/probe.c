// services/selftest/probe/probe.c: see probe.h.
#include "services/selftest/probe/probe.h"

#include <assert.h>
#include <string.h>

#include "ipc/bulk_sealed.h"
#include "ipc/bulk_views.h"
#include "ipc/frame.h"
#include "ipc/timed_client.h"
#include "services/selftest/probe/instruction.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/probe/stream.h"

enum { WIRE_STATUS_AT = 4 };  // In the payload of an answer: ipc/wire/wire.h.

// Longer than any selftest: a probe whose supervisor is gone has gone with it.
#define RECEIVE_DEADLINE_NS UINT64_C(60000000000)
#define SLEEP_SLACK_NS UINT64_C(10000000000)

#define BULK_BYTES_MAX (UINT64_C(1) << 20)

enum { PROBE_STRETCH_ROUNDS = 1000000, COMPUTE_STEPS = 500 };

struct probe {
    struct runtime *runtime;
    struct reply_handle held;
    uint64_t result[PROBE_RESULT_WORDS_MAX];
    uint32_t result_words;
    struct bulk_views views;
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
        .deadline_ns = request_word(probe, 0),
        .laxity = (uint8_t)request_word(probe, 1)};
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

static void do_break(struct probe *probe, struct reply_handle reply) {
    assert(!probe);
    answer_word(probe, reply, 0);
}

static void do_atomic(struct probe *probe, struct reply_handle reply) {
    probe_atomic_instruction(request_word(probe, 0));
    answer_word(probe, reply, 0);
}

static void do_constant_address(struct probe *probe, struct reply_handle reply) {
    static const uint64_t constant = UINT64_C(0x8082808280828082);  // Two `ret`, twice.
    answer_word(probe, reply, (uint64_t)&constant);
}

// Work that goes on after the answer leaves its result for PROBE_RESULT.
static void keep_result(struct probe *probe, const uint64_t *words, uint32_t count) {
    memcpy(probe->result, words, count * sizeof(*words));
    probe->result_words = count;
}

static void do_result(struct probe *probe, struct reply_handle reply) {
    answer_words(probe, reply, probe->result, probe->result_words);
}

// Computes for `length_ns`, or until it did not have the hart for `gap_ns` in one piece.
static void compute(struct probe *probe, uint64_t length_ns, uint64_t gap_ns) {
    uint64_t words[PROBE_COMPUTE_WORDS] = {0};
    uint64_t now_ns = sys_clock_get();
    words[PROBE_COMPUTE_BEGIN_NS] = now_ns;
    while (now_ns < words[PROBE_COMPUTE_BEGIN_NS] + length_ns &&
           words[PROBE_COMPUTE_GAP_NS] < gap_ns) {  // Time passes.
        uint64_t last_ns = now_ns;
        // Each look at the clock is a system call, and long for QEMU.
        uint64_t wrong = probe_registers_hold(COMPUTE_STEPS);
        assert(wrong == 0);
        now_ns = sys_clock_get();
        uint64_t without_ns = now_ns - last_ns;
        words[PROBE_COMPUTE_GAPS] += without_ns > PROBE_GAP_NS;
        if (without_ns > words[PROBE_COMPUTE_GAP_NS]) {
            words[PROBE_COMPUTE_GAP_NS] = without_ns;
        }
    }
    words[PROBE_COMPUTE_END_NS] = now_ns;
    keep_result(probe, words, PROBE_COMPUTE_WORDS);
}

static void do_compute(struct probe *probe, struct reply_handle reply) {
    uint64_t length_ns = request_word(probe, 0);
    answer_word(probe, reply, 0);
    compute(probe, length_ns, UINT64_MAX);
}

static void do_compute_to_gap(struct probe *probe, struct reply_handle reply) {
    uint64_t gap_ns = request_word(probe, 0);
    answer_word(probe, reply, 0);
    compute(probe, PROBE_COMPUTE_MAX_NS, gap_ns);
}

// One call through PROBE_SLOT_FORWARD. Whether it was answered with the word, as echo answers.
static bool forward_once(struct probe *probe, uint16_t op, uint64_t word,
                         struct call_result *result) {
    const uint64_t key = UINT64_C(0x0101010101010101) * PROBE_ECHO_KEY;
    struct message_page *page = probe->runtime->page;
    uint64_t answer = 0;
    memcpy(page->call_out.payload, &word, sizeof(word));
    frame_finish(&page->call_out, op, sizeof(word));
    *result = sys_ipc_call(slot_at(PROBE_SLOT_FORWARD), sys_clock_get() + RECEIVE_DEADLINE_NS);
    memcpy(&answer, page->reply_in.payload, sizeof(answer));
    return result->status == STATUS_OK && answer == (word ^ key);
}

static void forward(struct probe *probe, struct reply_handle reply, uint16_t op, uint64_t count) {
    uint64_t words[PROBE_FORWARD_WORDS] = {0};
    struct call_result result = {.status = STATUS_OK};
    answer_word(probe, reply, 0);
    for (uint64_t i = 0; i < count && result.status == STATUS_OK; i++) {
        uint64_t word = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        words[PROBE_FORWARD_RIGHT] += forward_once(probe, op, word, &result);
    }
    words[PROBE_FORWARD_STATUS] = (uint64_t)result.status;
    words[PROBE_FORWARD_DELIVERY] = (uint64_t)result.delivery;
    keep_result(probe, words, PROBE_FORWARD_WORDS);
}

static void do_forward(struct probe *probe, struct reply_handle reply) {
    forward(probe, reply, PROBE_ECHO, request_word(probe, 0));
}

static void do_request(struct probe *probe, struct reply_handle reply) {
    uint64_t count = request_word(probe, 0);
    uint64_t words[PROBE_FORWARD_WORDS] = {0};
    struct request_result result = {.status = STATUS_OK};
    answer_word(probe, reply, 0);
    for (uint64_t i = 0; i < count && result.status == STATUS_OK; i++) {
        struct message_area *out = &probe->runtime->page->call_out;
        frame_finish(out, PROBE_REQUEST, 0);
        out->header.flags = FRAME_WANT_REPLY;
        result = sys_ipc_request(slot_at(PROBE_SLOT_REPORT), slot_at(SLOT_ENDPOINT));
        words[PROBE_FORWARD_RIGHT] += result.status == STATUS_OK;
    }
    words[PROBE_FORWARD_STATUS] = (uint64_t)result.status;
    words[PROBE_FORWARD_DELIVERY] = (uint64_t)result.delivery;
    keep_result(probe, words, PROBE_FORWARD_WORDS);
}

static void do_call_on(struct probe *probe, struct reply_handle reply) {
    forward(probe, reply, (uint16_t)request_word(probe, 0), 1);
}

// A request that somebody else has written, under its own name.
static void do_ask_on(struct probe *probe, struct reply_handle reply) {
    const struct message_area *in = &probe->runtime->page->request_in;
    struct message_area *out = &probe->runtime->page->call_out;
    const uint32_t type_bytes = sizeof(uint64_t);
    const uint32_t bytes = in->header.len > type_bytes ? in->header.len - type_bytes : 0;
    memcpy(out->payload, in->payload + type_bytes, bytes);
    frame_finish(out, (uint16_t)request_word(probe, 0), bytes);
    struct call_result result =
        sys_ipc_call(slot_at(PROBE_SLOT_FORWARD), sys_clock_get() + RECEIVE_DEADLINE_NS);
    const uint64_t words[] = {(uint64_t)result.status,
                              probe->runtime->page->reply_in.payload[WIRE_STATUS_AT]};
    answer_words(probe, reply, words, ARRAY_LEN(words));
}

static void do_registers(struct probe *probe, struct reply_handle reply) {
    uint64_t deadline_ns = sys_clock_get() + request_word(probe, 0);
    answer_word(probe, reply, 0);
    uint64_t words[PROBE_REGISTERS_WORDS] = {0};
    // A stretch takes a small part of a time slice, so that slices end within one.
    while (sys_clock_get() < deadline_ns) {  // Time passes.
        words[PROBE_REGISTERS_WRONG] |= probe_registers_hold(PROBE_STRETCH_ROUNDS);
        words[PROBE_REGISTERS_ROUNDS]++;
    }
    keep_result(probe, words, PROBE_REGISTERS_WORDS);
}

static uint64_t sum_of(const uint8_t *bytes, uint64_t count) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        sum += bytes[i];
    }
    return sum;
}

static void answer_bulk(struct probe *probe, struct reply_handle reply, enum bulk_error error,
                        uint64_t value) {
    const uint64_t words[] = {(uint64_t)error, value};
    answer_words(probe, reply, words, ARRAY_LEN(words));
}

static struct bulk_range request_range(const struct probe *probe) {
    return (struct bulk_range){.offset = request_word(probe, PROBE_BULK_OFFSET),
                               .bytes = request_word(probe, PROBE_BULK_BYTES)};
}

static void do_bulk_open(struct probe *probe, struct reply_handle reply) {
    const struct message_meta *from = &probe->runtime->page->request_in.meta;
    uint32_t number = 0;
    enum bulk_error error = bulk_views_open(&probe->views, from->instance, slot_at(from->slot),
                                            BULK_BYTES_MAX, &number);
    answer_bulk(probe, reply, error, number);
}

static void do_bulk_sum(struct probe *probe, struct reply_handle reply) {
    const struct bulk_range range = request_range(probe);
    const struct bulk_view *view =
        bulk_views_find(&probe->views, probe->runtime->page->request_in.meta.instance,
                        (uint32_t)request_word(probe, PROBE_BULK_CHANNEL));
    const uint8_t *bytes = view ? bulk_view_at(view, range) : 0;
    answer_bulk(probe, reply, bytes ? BULK_OK : BULK_REJECTED,
                bytes ? sum_of(bytes, range.bytes) : 0);
}

static void do_bulk_sealed(struct probe *probe, struct reply_handle reply) {
    const struct bulk_range range = request_range(probe);
    struct bulk_sealed bulk;
    enum bulk_error error = bulk_sealed_open(
        &bulk, slot_at(probe->runtime->page->request_in.meta.slot), BULK_BYTES_MAX);
    if (error != BULK_OK) {
        answer_bulk(probe, reply, error, 0);
        return;
    }
    const uint8_t *bytes = bulk_sealed_at(&bulk, range);
    answer_bulk(probe, reply, bytes ? BULK_OK : BULK_REJECTED,
                bytes ? sum_of(bytes, range.bytes) : 0);
    bulk_sealed_close(&bulk);
}

static void do_bulk_opened(struct probe *probe, struct reply_handle reply) {
    answer_bulk(probe, reply, BULK_OK, probe->views.last_number);
}

static void do_ring(struct probe *probe, struct reply_handle reply) {
    struct probe_stream stream;
    uint64_t words[PROBE_RING_WORDS];
    bool open = probe_stream_open(&stream, slot_at(probe->runtime->page->request_in.meta.slot));
    answer_word(probe, reply, open ? 1 : 0);
    if (!open) {
        return;
    }
    struct reply_handle early =
        probe_stream_read(&stream, sys_clock_get() + RECEIVE_DEADLINE_NS, words);
    keep_result(probe, words, PROBE_RING_WORDS);
    if (early.value != REPLY_HANDLE_NONE.value) {
        do_result(probe, early);
    }
}

typedef void probe_handler(struct probe *probe, struct reply_handle reply);

static probe_handler *handler_of(uint16_t op) {
    static probe_handler *const handlers[] = {
        [PROBE_ECHO] = do_echo,
        [PROBE_WHO] = do_who,
        [PROBE_DROP] = do_drop,
        [PROBE_HOLD] = do_hold,
        [PROBE_EXIT] = do_exit,
        [PROBE_ANSWER_HELD] = do_answer_held,
        [PROBE_READ] = do_read,
        [PROBE_WRITE] = do_write,
        [PROBE_SPIN] = do_spin,
        [PROBE_EXECUTE] = do_execute,
        [PROBE_FLOAT] = do_float,
        [PROBE_ILLEGAL] = do_illegal,
        [PROBE_SAY] = do_say,
        [PROBE_TEXT_ADDRESS] = do_text_address,
        [PROBE_SLEEP] = do_sleep,
        [PROBE_MAP_DEVICE] = do_map_device,
        [PROBE_MAP_VMO] = do_map_vmo,
        [PROBE_BREAK] = do_break,
        [PROBE_ATOMIC] = do_atomic,
        [PROBE_CONSTANT_ADDRESS] = do_constant_address,
        [PROBE_COMPUTE] = do_compute,
        [PROBE_COMPUTE_TO_GAP] = do_compute_to_gap,
        [PROBE_FORWARD] = do_forward,
        [PROBE_CALL_ON] = do_call_on,
        [PROBE_REQUEST] = do_request,
        [PROBE_REGISTERS] = do_registers,
        [PROBE_RESULT] = do_result,
        [PROBE_BULK_OPEN] = do_bulk_open,
        [PROBE_BULK_SUM] = do_bulk_sum,
        [PROBE_BULK_SEALED] = do_bulk_sealed,
        [PROBE_BULK_OPENED] = do_bulk_opened,
        [PROBE_RING] = do_ring,
        [PROBE_ASK_ON] = do_ask_on,
    };
    return op < ARRAY_LEN(handlers) ? handlers[op] : 0;
}

// One of a crowd: it has no endpoint, calls once until the deadline that its argument says, and
// tells how that ended.
static int join_crowd(struct runtime *runtime) {
    frame_finish(&runtime->page->call_out, PROBE_HOLD, 0);
    uint64_t word = sys_ipc_call(slot_at(PROBE_SLOT_FORWARD), runtime->argument).status;
    memcpy(runtime->page->call_out.payload, &word, sizeof(word));
    frame_finish(&runtime->page->call_out, 0, sizeof(word));
    uint64_t patience_ns = sys_clock_get() + RECEIVE_DEADLINE_NS;
    return sys_ipc_call(slot_at(PROBE_SLOT_REPORT), patience_ns).status == STATUS_OK ? 0 : 1;
}

int probe_main(struct runtime *runtime) {
    if (sys_cap_query(slot_at(SLOT_ENDPOINT)).status == STATUS_BAD_CAP) {
        return join_crowd(runtime);
    }
    struct probe probe = {.runtime = runtime, .held = REPLY_HANDLE_NONE};
    bulk_views_init(&probe.views);
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
