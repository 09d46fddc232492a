// services/console/commands_steps.c: what the calls of a service went through, and whether its hits
// are traced.
#include <string.h>

#include "services/console/shell.h"

enum { STEP_PAGES_MAX = 4 };  // More than a trace holds.

// One page from *first on; how many records.
static uint32_t show_page(struct shell *shell, uint64_t *first) {
    const char *name = shell->words.at[1];
    struct server_message message = {.header = {.op = SERVER_OP_TRACE}, .first = *first};
    struct route_trace_record records[ROUTE_TRACE_PAGE];
    if (!shell_ask(shell, name, &server_rows, &message, 0) ||
        message.trace.count > sizeof(records)) {
        return 0;
    }
    uint32_t count = message.trace.count / (uint32_t)sizeof(records[0]);
    memcpy(records, message.trace.data, count * sizeof(records[0]));
    for (uint32_t i = 0; i < count; i++) {
        figures_step(&shell->print, &shell->names, &records[i]);
    }
    *first = message.first + count;
    return count;
}

static void show_own(struct shell *shell) {
    uint64_t first = 0;
    struct route_trace_record records[ROUTE_TRACE_PAGE];
    for (uint32_t page = 0; page < STEP_PAGES_MAX; page++) {
        uint32_t count = route_trace_page(&shell->client.routes.trace, &first, records);
        for (uint32_t i = 0; i < count; i++) {
            figures_step(&shell->print, &shell->names, &records[i]);
        }
        first += count;
    }
}

static void show(struct shell *shell) {
    uint64_t first = 0;
    figures_steps_head(&shell->print);
    if (shell->words.count == 1) {
        show_own(shell);
        return;
    }
    for (uint32_t page = 0; page < STEP_PAGES_MAX; page++) {
        if (show_page(shell, &first) == 0) {
            return;
        }
    }
}

void shell_steps(struct shell *shell) {
    if (shell->words.count < 3) {
        show(shell);
        return;
    }
    const char *word = shell->words.at[2];
    bool on = strcmp(word, "on") == 0;
    struct server_message message = {.header = {.op = SERVER_OP_HITS}, .hits = on ? 1 : 0};
    if (!on && strcmp(word, "off") != 0) {
        print_line(&shell->print, "usage: steps [NAME [on|off]]");
        return;
    }
    if (shell_manage(shell, shell->words.at[1], &server_rows, &message)) {
        print_line(&shell->print, "hits of %s are %s", shell->words.at[1],
                   on ? "traced too" : "only counted");
    }
}
