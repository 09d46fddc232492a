// services/console/commands_ipc.c: what services tell: counts, journal, any call; and ending one.
#include <string.h>

#include "ipc/log_record.h"
#include "ipc/server_counts.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/protocols.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/task.h"
#include "services/console/message.h"
#include "services/console/shell.h"

enum {
    LOG_PAGES_MAX = 64,
    PROTOCOL_NAME_MAX = 32,
};

static const char *const level_names[LOG_LEVEL_COUNT] = {[LOG_DEBUG] = "debug",
                                                         [LOG_INFO] = "info",
                                                         [LOG_WARNING] = "warning",
                                                         [LOG_ERROR] = "error",
                                                         [LOG_AUDIT] = "audit"};

static const char *const served_texts[IPC_SERVED_COUNT] = {
    [IPC_HIT] = "kept route",
    [IPC_MISS] = "route resolved",
    [IPC_REBOUND] = "route lost and resolved again",
    [IPC_DEGRADED] = "route worn out, resolved for this call"};

void shell_routes(struct shell *shell) {
    if (shell->words.count == 2) {
        struct server_message client = {.header = {.op = SERVER_OP_CLIENT}};
        if (shell_ask(shell, shell->words.at[1], &server_rows, &client, 0)) {
            figures_client(&shell->print, &client);
        }
        return;
    }
    figures_route_head(&shell->print);
    for (uint32_t i = 0; i < ROUTE_CAPACITY; i++) {
        const struct route *route = &shell->client.routes.routes[i];
        if (route->target.value != 0) {
            figures_route(&shell->print, &shell->names, route);
        }
    }
    figures_outcomes(&shell->print, &shell->client.stats);
}

static const char *operation_name(const struct wire_protocol_rows *rows, uint8_t number) {
    const struct wire_op *op = rows ? wire_op_find(rows, number) : 0;
    return op ? op->name : "?";
}

void shell_stats(struct shell *shell) {
    if (shell->words.count == 1) {
        shell_machine(shell);
        return;
    }
    const char *name = shell->words.at[1];
    struct server_message message = {.header = {.op = SERVER_OP_COUNTS}};
    if (!shell_ask(shell, name, &server_rows, &message, 0)) {
        return;
    }
    figures_counts(&shell->print, &message);
    figures_stack(&shell->print, &message);
    figures_operation_head(&shell->print);
    for (uint8_t op = 0; op < IPC_OPERATION_MAX; op++) {
        struct ipc_outcome outcome;
        message = (struct server_message){.header = {.op = SERVER_OP_OPERATION}, .operation = op};
        // Numbers that are no operation of the service's are ABSENT.
        if (shell_try(shell, name, &server_rows, &message, &outcome) == IPC_OK &&
            message.header.status == WIRE_OK) {
            figures_operation(&shell->print, operation_name(message_protocol_of(name), op),
                              &message);
        }
    }
    if (strcmp(name, BOOT_IMAGE_INIT_NAME) == 0) {
        shell_states(shell);
    }
}

static void show_text(struct shell *shell, const struct log_record *record) {
    struct log_crash crash;
    if (!log_crash_get(record, &crash)) {
        message_show_text(&shell->names, &record->text, &shell->print);
        return;
    }
    const char *name = names_of(&shell->names, crash.subject);
    print_add(&shell->print, "%s%s ended: %s %#lx", names_mark(crash.subject), name ? name : "?",
              exit_reason_name(crash.reason), (unsigned long)crash.detail);
    if (crash.start != 0) {  // Of a program each start is the first.
        print_add(&shell->print, ", its start %u", crash.start);
    }
    if (crash.pc != 0) {
        print_add(&shell->print, ", backtrace %s %#lx %#lx", name ? name : "?",
                  (unsigned long)crash.pc, (unsigned long)crash.ra);
    }
}

static void show_record(struct shell *shell, const struct log_record *record) {
    struct print *print = &shell->print;
    const char *sender = names_of(&shell->names, record->sender);
    print_number(print, 12, record->at_ns / 1000000);
    print_add(print, " ms %s", record->level < LOG_LEVEL_COUNT ? level_names[record->level] : "?");
    print_column(print, 24);
    print_add(print, "%s%s ", names_mark(record->sender), sender ? sender : "?");
    if (record->scope.count != 0) {
        print_add(print, "[");
        print_bytes(print, record->scope.data, record->scope.count);
        print_add(print, "] ");
    }
    show_text(shell, record);
    print_end(print);
}

// One page from message->sequence on. False: that was the last.
static bool show_page(struct shell *shell, struct log_message *message) {
    const struct log_message wanted = *message;
    if (!shell_ask(shell, "logd", &log_rows, message, 0)) {
        return false;
    }
    uint8_t page[FRAME_PAYLOAD_MAX];  // Printing and asking again would change it.
    uint32_t bytes = message->records.count < sizeof(page) ? message->records.count : 0;
    memcpy(page, message->records.data, bytes);
    struct wire_reader reader = wire_reader_of(page, bytes);
    struct log_record record;
    while (log_record_get(&reader, &record)) {  // At most a page.
        show_record(shell, &record);
    }
    uint64_t next = message->next;
    bool more = message->more != 0 && next > wanted.sequence;
    *message = wanted;
    message->sequence = next;
    return more;
}

static bool read_level(struct shell *shell, const char *word, uint8_t *level) {
    for (uint8_t i = 0; i < LOG_LEVEL_COUNT; i++) {
        if (strcmp(word, level_names[i]) == 0) {
            *level = i;
            return true;
        }
    }
    print_line(&shell->print, "no level '%s': debug, info, warning, error or audit", word);
    return false;
}

void shell_log(struct shell *shell) {
    struct log_message message = {.header = {.op = LOG_OP_QUERY}};
    if (shell->words.count > 1 && !read_level(shell, shell->words.at[1], &message.level)) {
        return;
    }
    if (shell->words.count > 2) {
        const char *scope = shell->words.at[2];
        message.scope =
            (struct wire_bytes){.data = (const uint8_t *)scope, .count = (uint32_t)strlen(scope)};
    }
    shell_learn_programs(shell);
    for (uint32_t page = 0; page < LOG_PAGES_MAX; page++) {
        if (!show_page(shell, &message)) {
            return;
        }
    }
    print_line(&shell->print, "and more: call logd QUERY sequence=%lu",
               (unsigned long)message.sequence);
}

void shell_kill(struct shell *shell) {
    const char *name = shell->words.at[1];
    if (name[0] == '@') {
        shell_kill_program(shell);
        return;
    }
    struct init_message message = {.header = {.op = INIT_OP_END},
                                   .service = names_find(&shell->names, name)};
    if (message.service == 0) {
        print_line(&shell->print, "no service '%s' in this image", name);
        return;
    }
    if (sys_cap_query(slot_at(SHELL_SLOT_OPERATOR)).status != STATUS_OK) {
        print_line(&shell->print, "denied: the manifest gives this shell no route for that");
        return;
    }
    if (shell_ask(shell, BOOT_IMAGE_INIT_NAME, &init_rows, &message, 0)) {
        print_line(&shell->print, "%s ends", name);
    }
}

// PROTOCOL.OPERATION, or OPERATION of what the service speaks.
static const struct wire_protocol_rows *find_protocol(struct shell *shell, const char **operation) {
    const char *dot = strchr(*operation, '.');
    if (!dot) {
        return message_protocol_of(shell->words.at[1]);
    }
    char name[PROTOCOL_NAME_MAX] = {0};
    size_t letters = (size_t)(dot - *operation);
    if (letters >= sizeof(name)) {
        return 0;
    }
    memcpy(name, *operation, letters);
    *operation = dot + 1;
    return message_protocol_named(name);
}

static void list_operations(struct shell *shell, const struct wire_protocol_rows *rows,
                            const char *operation) {
    print_add(&shell->print, "%s has no operation '%s', but", rows->name, operation);
    for (uint32_t i = 0; i < rows->op_count; i++) {
        print_add(&shell->print, " %s", rows->ops[i].name);
    }
    print_end(&shell->print);
}

void shell_call(struct shell *shell) {
    const char *name = shell->words.at[1];
    const char *operation = shell->words.at[2];
    const struct wire_protocol_rows *rows = find_protocol(shell, &operation);
    if (!rows) {
        print_line(&shell->print, "it is not known what %s speaks: PROTOCOL.OPERATION says it",
                   name);
        return;
    }
    const struct wire_op *op = message_op_named(rows, operation);
    if (!op) {
        list_operations(shell, rows, operation);
        return;
    }
    const struct message_form form = {
        .rows = rows, .op = op, .names = &shell->names, .print = &shell->print};
    uint64_t message[WIRE_MESSAGE_BYTES_MAX / 8] = {0};
    struct ipc_outcome outcome;
    if (!message_read(&form, &shell->words.at[3], shell->words.count - 3, message) ||
        !shell_ask(shell, name, rows, message, &outcome)) {
        return;
    }
    print_line(&shell->print, "OK by %s", served_texts[outcome.served]);
    message_show(&form, WIRE_REPLY, message);
}
