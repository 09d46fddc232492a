// services/console/commands.c: the table of commands: running one, helping, completing words.
#include <string.h>

#include "services/console/message.h"
#include "services/console/shell.h"

// What an argument may be, for completion.
enum argument {
    ARGUMENT_NONE,
    ARGUMENT_COMMAND,
    ARGUMENT_SERVICE,
    ARGUMENT_PROGRAM,
    ARGUMENT_OPERATION,
    ARGUMENT_FIELDS,  // From here on: fields of the operation before.
    ARGUMENT_LEVEL,
    ARGUMENT_TRACE,
    ARGUMENT_POLICY,
    ARGUMENT_SWITCH,
};

enum { ARGUMENT_MAX = 3, USAGE_COLUMN = 38 };

struct command {
    const char *name;
    const char *usage;
    const char *does;
    void (*run)(struct shell *shell);
    uint8_t words_min;  // Behind the name.
    uint8_t words_max;
    uint8_t arguments[ARGUMENT_MAX];  // enum argument
};

static void help(struct shell *shell);

static void leave(struct shell *shell) {
    shell->ended = true;
}

static const struct command commands[] = {
    {"help", "help [COMMAND]", "what there is", help, 0, 1, {ARGUMENT_COMMAND}},
    {"ps", "ps", "tasks: state, whom each waits on, time used, what it holds", shell_ps, 0, 0, {0}},
    {"stats",
     "stats [NAME]",
     "the machine and its harts; what a service was asked",
     shell_stats,
     0,
     1,
     {ARGUMENT_SERVICE}},
    {"call",
     "call NAME [PROTOCOL.]OPERATION [FIELD=VALUE]..",
     "calls a service, shows its answer",
     shell_call,
     2,
     WORDS_MAX,
     {ARGUMENT_SERVICE, ARGUMENT_OPERATION, ARGUMENT_FIELDS}},
    {"log",
     "log [LEVEL] [SCOPE]",
     "the journal, from that level on",
     shell_log,
     0,
     2,
     {ARGUMENT_LEVEL}},
    {"routes",
     "routes [NAME]",
     "kept routes of this shell; how calls of a service were served",
     shell_routes,
     0,
     1,
     {ARGUMENT_SERVICE}},
    {"steps",
     "steps [NAME [on|off]]",
     "what calls and routes of it went through; on: its hits too",
     shell_steps,
     0,
     2,
     {ARGUMENT_SERVICE, ARGUMENT_SWITCH}},
    {"caps", "caps", "capabilities that this shell holds", shell_caps, 0, 0, {0}},
    {"trace",
     "trace on|off|show [COUNT]",
     "events of the kernel, the last of all harts",
     shell_trace,
     1,
     2,
     {ARGUMENT_TRACE}},
    {"policy",
     "policy [learn|deny]",
     "what policyd decides by and has learned; begins or ends learning",
     shell_policy,
     0,
     1,
     {ARGUMENT_POLICY}},
    {"kill",
     "kill NAME|@PROGRAM",
     "ends a service, which init starts again within its budget; or a program",
     shell_kill,
     1,
     1,
     {ARGUMENT_SERVICE}},
    {"run",
     "run [NAME [ARGUMENT]]",
     "has execd start a program, and tells how it ended; or which there are",
     shell_run_program,
     0,
     2,
     {ARGUMENT_PROGRAM}},
    {"exit", "exit", "ends the shell, and with it the machine", leave, 0, 0, {0}},
    {"shutdown", "shutdown", "the same", leave, 0, 0, {0}},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static const struct command *find(const char *name) {
    for (uint32_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return 0;
}

static void unknown(struct shell *shell, const char *name) {
    print_line(&shell->print, "no command '%s'; help lists them", name);
}

static void help(struct shell *shell) {
    const struct command *only = 0;
    if (shell->words.count == 2) {
        only = find(shell->words.at[1]);
        if (!only) {
            unknown(shell, shell->words.at[1]);
            return;
        }
    }
    for (uint32_t i = 0; i < COMMAND_COUNT; i++) {
        if (only && only != &commands[i]) {
            continue;
        }
        print_add(&shell->print, "%s", commands[i].usage);
        print_column(&shell->print, USAGE_COLUMN);
        print_line(&shell->print, "%s", commands[i].does);
    }
    if (!only) {
        print_line(&shell->print,
                   "Tab completes, Up and Down go through what was typed, ^U and ^C "
                   "clear, ^D in an empty line is exit");
    }
}

void shell_run(struct shell *shell, char *text) {
    enum words_flaw flaw = words_cut(&shell->words, text);
    if (flaw != WORDS_FLAW_NONE) {
        print_line(&shell->print, "%s",
                   flaw == WORDS_FLAW_QUOTE ? "a quote is not closed" : "too many words");
        return;
    }
    if (shell->words.count == 0) {
        return;
    }
    const struct command *command = find(shell->words.at[0]);
    uint32_t arguments = shell->words.count - 1;
    if (!command) {
        unknown(shell, shell->words.at[0]);
    } else if (arguments < command->words_min || arguments > command->words_max) {
        print_line(&shell->print, "usage: %s", command->usage);
    } else {
        command->run(shell);
    }
}

static void choose(struct shell *shell, const char *word) {
    if (shell->choice_count < SHELL_CHOICE_MAX) {
        shell->choices[shell->choice_count++] = word;
    }
}

static void choose_commands(struct shell *shell) {
    for (uint32_t i = 0; i < COMMAND_COUNT; i++) {
        choose(shell, commands[i].name);
    }
}

static void choose_services(struct shell *shell) {
    for (uint32_t i = 0; i < shell->names.count; i++) {
        choose(shell, shell->names.services[i].name);
    }
}

static void choose_programs(struct shell *shell) {
    shell_learn_programs(shell);
    for (uint32_t i = 0; i < shell->names.program_count; i++) {
        choose(shell, shell->names.programs[i].name);
    }
}

static void choose_operations(struct shell *shell) {
    const struct wire_protocol_rows *rows = message_protocol_of(shell->words.at[1]);
    for (uint32_t i = 0; rows && i < rows->op_count; i++) {
        choose(shell, rows->ops[i].name);
    }
}

static void choose_fields(struct shell *shell) {
    const struct wire_protocol_rows *rows = message_protocol_of(shell->words.at[1]);
    const struct wire_op *op = rows ? message_op_named(rows, shell->words.at[2]) : 0;
    for (uint32_t i = 0; op && i < rows->field_count && shell->choice_count < SHELL_CHOICE_MAX;
         i++) {
        if (((op->fields[WIRE_REQUEST] >> i) & 1) == 0) {
            continue;
        }
        struct format_buffer field = {.text = shell->fields[shell->choice_count],
                                      .capacity = SHELL_FIELD_BYTES - 1};
        format_append(&field, "%s=", rows->fields[i].name);
        field.text[field.count] = 0;
        choose(shell, field.text);
    }
}

static void choose_all(struct shell *shell, const char *const *words, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        choose(shell, words[i]);
    }
}

static void choose_argument(struct shell *shell, enum argument argument) {
    static const char *const levels[] = {"debug", "info", "warning", "error", "audit"};
    static const char *const traces[] = {"on", "off", "show"};
    static const char *const policies[] = {"learn", "deny"};
    static const char *const switches[] = {"on", "off"};
    switch (argument) {
        case ARGUMENT_NONE:
            return;
        case ARGUMENT_COMMAND:
            choose_commands(shell);
            return;
        case ARGUMENT_SERVICE:
            choose_services(shell);
            return;
        case ARGUMENT_PROGRAM:
            choose_programs(shell);
            return;
        case ARGUMENT_OPERATION:
            choose_operations(shell);
            return;
        case ARGUMENT_FIELDS:
            choose_fields(shell);
            return;
        case ARGUMENT_LEVEL:
            choose_all(shell, levels, sizeof(levels) / sizeof(levels[0]));
            return;
        case ARGUMENT_TRACE:
            choose_all(shell, traces, sizeof(traces) / sizeof(traces[0]));
            return;
        case ARGUMENT_POLICY:
            choose_all(shell, policies, sizeof(policies) / sizeof(policies[0]));
            return;
        case ARGUMENT_SWITCH:
            choose_all(shell, switches, sizeof(switches) / sizeof(switches[0]));
            return;
    }
}

void shell_choose(struct shell *shell, const char *text, uint32_t start) {
    char before[LINE_LETTERS_MAX + 1];
    memcpy(before, text, start);
    before[start] = 0;
    shell->choice_count = 0;
    if (words_cut(&shell->words, before) != WORDS_FLAW_NONE) {
        return;
    }
    if (shell->words.count == 0) {
        choose_commands(shell);
        return;
    }
    const struct command *command = find(shell->words.at[0]);
    uint32_t place = shell->words.count - 1;  // Of the argument that begins at `start`.
    if (!command) {
        return;
    }
    bool fields = command->arguments[ARGUMENT_MAX - 1] == ARGUMENT_FIELDS;
    if (place < ARGUMENT_MAX) {
        choose_argument(shell, (enum argument)command->arguments[place]);
    } else if (fields) {
        choose_argument(shell, ARGUMENT_FIELDS);
    }
}
