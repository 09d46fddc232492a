// services/console/commands_policy.c: what policyd decides by, and what it has let through while it
// learned, as lines for a policy (docs/policy.md).
#include <string.h>

#include "ipc/policy_learned.h"
#include "ipc/wire/policy_action.h"
#include "ipc/wire/policy_wire.h"
#include "services/console/shell.h"

enum { LEARNED_PAGES_MAX = 8 };

static void show_name(struct shell *shell, uint64_t service_id) {
    const char *name = names_of(&shell->names, service_id);
    if (name) {
        print_add(&shell->print, "%s%s", names_mark(service_id), name);
    } else {
        print_add(&shell->print, "%#lx", (unsigned long)service_id);
    }
}

static void show_learned(struct shell *shell, const struct policy_learned *row) {
    const char *action = row->action < POLICY_ACTION_COUNT
                             ? policy_action_word((enum policy_action)row->action)
                             : "?";
    print_add(&shell->print, "allow ");
    show_name(shell, row->subject);
    print_add(&shell->print, " %s ", action);
    show_name(shell, row->object);
    print_add(&shell->print, "  # %u times", row->count);
    print_end(&shell->print);
}

// One page; how many are behind it, or 0.
static uint32_t show_page(struct shell *shell, uint32_t *first) {
    struct policy_message message = {.header = {.op = POLICY_OP_LEARNED}, .first = *first};
    struct policy_learned rows[POLICY_LEARNED_PAGE];
    if (!shell_ask(shell, "policyd", &policy_rows, &message, 0) ||
        message.learned.count > sizeof(rows)) {
        return 0;
    }
    uint32_t count = message.learned.count / (uint32_t)sizeof(rows[0]);
    memcpy(rows, message.learned.data, count * sizeof(rows[0]));
    for (uint32_t i = 0; i < count; i++) {
        show_learned(shell, &rows[i]);
    }
    *first += count;
    return count != 0 && message.known > *first ? message.known - *first : 0;
}

static void show(struct shell *shell) {
    struct policy_message message = {.header = {.op = POLICY_OP_STATS}};
    shell_learn_programs(shell);
    if (!shell_ask(shell, "policyd", &policy_rows, &message, 0)) {
        return;
    }
    print_line(&shell->print, "policy %u, allowed %lu, denied %lu, routes revoked %lu times",
               message.policy, (unsigned long)message.allowed, (unsigned long)message.denied,
               (unsigned long)message.revocations);
    print_line(&shell->print, "%s; learned %u, denied while learning %lu",
               message.learning != 0 ? "LEARNING: what no rule speaks of is let through"
                                     : "what no rule speaks of is denied",
               message.known, (unsigned long)message.missed);
    uint32_t first = 0;
    for (uint32_t page = 0; message.known != 0 && page < LEARNED_PAGES_MAX; page++) {
        if (show_page(shell, &first) == 0) {
            return;
        }
    }
}

void shell_policy(struct shell *shell) {
    struct policy_message message = {.header = {.op = POLICY_OP_LEARN}};
    if (shell->words.count == 1) {
        show(shell);
        return;
    }
    const char *word = shell->words.at[1];
    bool learn = strcmp(word, "learn") == 0;
    if (!learn && strcmp(word, "deny") != 0) {
        print_line(&shell->print, "usage: policy [learn|deny]");
        return;
    }
    message.learning = learn ? 1 : 0;
    if (shell_ask(shell, "policyd", &policy_rows, &message, 0)) {
        print_line(&shell->print, "%s%s", learn ? "policyd learns" : "policyd denies",
                   message.revoked != 0 ? "; what it had learned is taken back" : "");
    }
}
