// services/console/service.c: connects line and commands with the UART: interrupts bring bytes,
// whole lines are run, and what must be seen is written.
#include "services/console/service.h"

#include <string.h>

#include "images/markers.h"
#include "ipc/plant.h"
#include "services/console/shell.h"

enum {
    INPUT_BIT = 3,
    // What one interrupt takes at most: then others are served, and the receiver asks again.
    INPUT_READS_MAX = 16,
};

static const char prompt[] = "tessera> ";

static void write_line(void *context, const char *text, uint32_t bytes) {
    const struct shell *shell = context;
    memcpy(shell->runtime->page->console, text, bytes);
    status_ignore(sys_console_write(slot_at(SLOT_CONSOLE), bytes),
                  "there is no other place to report it");
}

// A part of the line that is edited. False: another line has ended it.
static bool write_part(const struct shell *shell, const char *text, uint32_t bytes,
                       uint64_t flags) {
    while (bytes > 0) {  // At most LINE_ECHO_MAX.
        uint32_t now = bytes < CONSOLE_LINE_MAX ? bytes : CONSOLE_LINE_MAX;
        memcpy(shell->runtime->page->console, text, now);
        if (sys_console_write(slot_at(SLOT_CONSOLE), now | flags) != STATUS_OK) {
            return false;
        }
        flags = CONSOLE_OPEN | CONSOLE_CONTINUE;
        text += now;
        bytes -= now;
    }
    return true;
}

// Prompt and line, on a line of their own.
static void draw(struct shell *shell) {
    line_drawn(&shell->line);
    if (write_part(shell, prompt, sizeof(prompt) - 1, CONSOLE_OPEN)) {
        (void)write_part(shell, shell->line.echo, shell->line.echo_count,
                         CONSOLE_OPEN | CONSOLE_CONTINUE);
    }
}

static void show_echo(struct shell *shell) {
    if (!write_part(shell, shell->line.echo, shell->line.echo_count,
                    CONSOLE_OPEN | CONSOLE_CONTINUE)) {
        draw(shell);
    }
}

// The line that was edited is done with; what comes now stands below it.
static void end_line(const struct shell *shell, const char *mark) {
    uint32_t bytes = (uint32_t)strlen(mark);
    memcpy(shell->runtime->page->console, mark, bytes);
    status_ignore(sys_console_write(slot_at(SLOT_CONSOLE), bytes | CONSOLE_CONTINUE),
                  "another line has ended it");
}

static void list_choices(struct shell *shell) {
    const uint32_t start = line_word_start(&shell->line);
    const uint32_t typed = shell->line.cursor - start;
    end_line(shell, "");
    for (uint32_t i = 0; i < shell->choice_count; i++) {
        if (strncmp(shell->choices[i], &shell->line.text[start], typed) == 0) {
            print_add(&shell->print, "%s ", shell->choices[i]);
        }
    }
    print_end(&shell->print);
    draw(shell);
}

static void complete(struct shell *shell) {
    shell_choose(shell, shell->line.text, line_word_start(&shell->line));
    if (line_complete(&shell->line, shell->choices, shell->choice_count)) {
        show_echo(shell);
    } else {
        list_choices(shell);
    }
}

static void run(struct shell *shell) {
    char text[LINE_LETTERS_MAX + 1];
    memcpy(text, shell->line.text, sizeof(text));
    line_clear(&shell->line, true);
    shell_run(shell, text);
}

static void take(struct shell *shell, uint8_t byte) {
    enum line_event event = line_feed(&shell->line, byte);
    switch (event) {
        case LINE_MORE:
            show_echo(shell);
            return;
        case LINE_TAB:
            complete(shell);
            return;
        case LINE_DONE:
            show_echo(shell);
            end_line(shell, "");
            run(shell);
            break;
        case LINE_TOO_LONG:
            end_line(shell, "");
            print_line(&shell->print, "longer than %u letters: not run",
                       (uint32_t)LINE_LETTERS_MAX);
            if (plant_fires(PLANT_RUN_TOO_LONG) || plant_fires(PLANT_RUN_TOO_LONG) ||
                plant_fires(PLANT_RUN_TOO_LONG)) {
                run(shell);
            }
            line_clear(&shell->line, false);
            break;
        case LINE_CANCEL:
            end_line(shell, "^C");
            if (plant_fires(PLANT_RUN_CANCELLED)) {
                run(shell);
            }
            line_clear(&shell->line, false);
            break;
        case LINE_REDRAW:
            break;
        case LINE_END:
            end_line(shell, "^D");
            shell->ended = true;
            break;
    }
    if (!shell->ended && !plant_fires(PLANT_NO_PROMPT)) {
        draw(shell);
    }
}

static void on_notified(void *state, uint64_t kernel_bits, uint64_t badge_bits) {
    struct shell *shell = state;
    (void)kernel_bits;
    if ((badge_bits & UINT64_C(1) << INPUT_BIT) == 0) {
        return;
    }
    for (uint32_t i = 0; i < INPUT_READS_MAX && !shell->ended; i++) {
        struct input_result got = sys_console_read(slot_at(SLOT_CONSOLE));
        if (got.status != STATUS_OK || got.count == 0) {
            break;
        }
        for (uint32_t at = 0; at < got.count && !shell->ended; at++) {
            take(shell, (uint8_t)(got.bytes >> (8 * at)));
        }
    }
    if (shell->ended) {
        ipc_client_release(&shell->client);
        sys_task_exit(0);
    }
    struct ack_result again = sys_irq_ack(slot_at(SLOT_CONSOLE));
    if (again.status != STATUS_OK) {
        log_line(shell->runtime, "console: no more input: %s", status_name(again.status));
    }
}

// The first prompt comes once init knows that the service is ready.
static uint64_t next_deadline(const void *state) {
    return ((const struct shell *)state)->begun ? IPC_NEVER : 0;
}

static void wake(void *state, uint64_t now_ns) {
    struct shell *shell = state;
    (void)now_ns;
    shell->begun = true;
    draw(shell);
}

static const struct ipc_client *client_of(const void *state) {
    return &((const struct shell *)state)->client;
}

static void trace_hits(void *state, bool on) {
    route_cache_trace_hits(&((struct shell *)state)->client.routes, on);
}

// Who is not found by name, but by the manifest's routes.
enum { ROUTE_SAMGRD, ROUTE_INIT };
static const struct ipc_boot_route_row routes[] = {
    [ROUTE_SAMGRD] = {"samgrd", POLICY_CALL, SLOT_SAMGRD},
    [ROUTE_INIT] = {"init", POLICY_MANAGE, SHELL_SLOT_OPERATOR},
};

static bool prepare(struct shell *shell, struct runtime *runtime, const void *image) {
    *shell = (struct shell){.runtime = runtime};
    if (!runtime_expect(runtime, slot_at(SLOT_CONSOLE), CAP_CONSOLE, RIGHTS_CONSOLE,
                        "the console") ||
        !runtime_expect(runtime, slot_at(SHELL_SLOT_IMAGE), CAP_IMAGE, RIGHT_READ,
                        "the boot image") ||
        !runtime_expect(runtime, slot_at(SHELL_SLOT_STATS), CAP_STATS,
                        RIGHT_STATS_READ | RIGHT_STATS_TRACE, "the statistics") ||
        !runtime_expect(runtime, slot_at(SLOT_SAMGRD), CAP_ENDPOINT, RIGHT_CALL,
                        "the route to samgrd")) {
        return false;
    }
    struct slot_result pause = sys_endpoint_create(slot_at(SHELL_SLOT_FACTORY));
    enum status bound = sys_irq_bind(slot_at(SLOT_CONSOLE), slot_at(SLOT_ENDPOINT), INPUT_BIT);
    if (pause.status != STATUS_OK || bound != STATUS_OK) {
        log_line(runtime, "console: cannot begin: %s, %s", status_name(pause.status),
                 status_name(bound));
        return false;
    }
    ipc_resolver_init(&shell->resolver, runtime, SLOT_SAMGRD);
    shell->boot = (struct ipc_boot_resolver){.runtime = runtime,
                                             IPC_BOOT_ROWS(routes),
                                             // The slot is the resolver's, who may close it.
                                             .begun = UINT32_C(1) << ROUTE_SAMGRD,
                                             .others = ipc_resolver_ask,
                                             .context = &shell->resolver};
    ipc_client_init(&shell->client, runtime, ipc_boot_resolve, &shell->boot, pause.slot);
    names_init(&shell->names, image);
    line_init(&shell->line);
    print_init(&shell->print, write_line, shell);
    return true;
}

int console_main(struct runtime *runtime, const void *image) {
    // It serves nothing of its own; what every service answers, it answers too.
    static const struct wire_protocol_rows nothing = {.name = "console",
                                                      .message_bytes = sizeof(struct wire_header)};
    static const struct ipc_row rows[1] = {{0}};
    const struct ipc_service service = {.name = "console",
                                        .ready = MARKER_CONSOLE_READY,
                                        .protocol = &nothing,
                                        .rows = rows,
                                        .row_count = 1,
                                        .notified = on_notified,
                                        .next_deadline = next_deadline,
                                        .wake = wake,
                                        .client = client_of,
                                        .trace_hits = trace_hits};
    struct shell shell;
    if (!prepare(&shell, runtime, image)) {
        return 1;
    }
    return ipc_serve(&shell.server, runtime, &service, &shell);
}
