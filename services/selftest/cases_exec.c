// services/selftest/cases_exec.c: programs started through execd: how they end and what is said of
// it, what they may do, bundles that selftest brings, good and bad, and execd's own end.
#include <string.h>

#include "ipc/bulk_window.h"
#include "ipc/wire/exec_wire.h"
#include "kernel/abi/layout.h"
#include "services/execd/bundle.h"
#include "services/execd/greet/protocol.h"
#include "services/selftest/cases.h"
#include "services/selftest/journal.h"
#include "services/selftest/programs.h"
#include "services/selftest/slots.h"

enum {
    QUOTA_OF_GREET = 2,  // images/bundle.programs: at_once,
    CPU_OF_GREET = 500,  // and limit cpu.
    ANSWERS_MAX = 64,
    // Places in an ELF-64 file.
    ELF_ENTRY_AT = 24,
    ELF_HEADERS_AT = 32,
    ELF_HEADER_FLAGS_AT = 4,
    ELF_WRITE_EXECUTE = 7,
};

static uint64_t program_named(const char *name) {
    return program_id_of(name, strlen(name));
}

static bool ask_with(struct caller *caller, struct exec_message *message, struct slot carried,
                     enum wire_status wanted) {
    const uint8_t op = message->header.op;
    struct ipc_outcome outcome = caller_ask_with(caller, "execd", &exec_rows, message, carried);
    return selftest_expect(caller->selftest, "asking execd", outcome.error, IPC_OK) &&
           selftest_expect(caller->selftest, wire_op_find(&exec_rows, op)->name,
                           message->header.status, wanted);
}

static bool ask(struct caller *caller, struct exec_message *message, enum wire_status wanted) {
    return ask_with(caller, message, slot_at(CAP_SLOT_NONE), wanted);
}

// `instance` may be null where it is refused.
static bool start(struct caller *caller, const char *name, uint32_t argument,
                  enum wire_status wanted, uint32_t *instance) {
    struct exec_message message = {
        .header = {.op = EXEC_OP_START}, .program = program_named(name), .argument = argument};
    if (!ask(caller, &message, wanted)) {
        return false;
    }
    if (instance) {
        *instance = message.instance;
    }
    return true;
}

static bool about(struct caller *caller, enum exec_op op, uint32_t instance,
                  enum wire_status wanted) {
    struct exec_message message = {.header = {.op = (uint8_t)op}, .instance = instance};
    return ask(caller, &message, wanted);
}

static bool hears_end(struct caller *caller, uint32_t instance, enum exit_reason reason,
                      uint64_t detail) {
    struct exec_message message = {.header = {.op = EXEC_OP_WAIT}, .instance = instance};
    return ask(caller, &message, WIRE_OK) &&
           selftest_expect(caller->selftest, "why it ended", message.reason, reason) &&
           selftest_expect(caller->selftest, "its detail", message.detail, detail);
}

// Whoever was told is told the same again: an answer may get lost.
static bool sees_end(struct caller *caller, uint32_t instance, enum exit_reason reason,
                     uint64_t detail) {
    return hears_end(caller, instance, reason, detail) &&
           hears_end(caller, instance, reason, detail);
}

bool programs_run_to(struct caller *caller, const char *name, uint32_t argument, uint64_t code) {
    uint32_t instance = 0;
    return start(caller, name, argument, WIRE_OK, &instance) &&
           sees_end(caller, instance, EXIT_CODE, code);
}

// What runs is listed by its name, as its owner's, until it was told how it ended.
static bool is_listed(struct caller *caller, uint32_t instance, const char *name) {
    struct exec_message message = {.header = {.op = EXEC_OP_LIST}};
    return ask(caller, &message, WIRE_OK) &&
           selftest_expect(caller->selftest, "who is listed", message.instance, instance) &&
           selftest_expect(caller->selftest, "its program", message.program, program_named(name)) &&
           selftest_expect(caller->selftest, "its owner", message.owner,
                           service_id_named("selftest").value) &&
           selftest_expect(caller->selftest, "its name", journal_same(message.name, name), true);
}

// The kernel's word for what it may use.
static bool is_bounded(const struct selftest *selftest, uint32_t instance) {
    struct stats_task task = {.instance = 0};
    uint64_t index = 0;
    for (uint32_t i = 0; i < ANSWERS_MAX && task.instance != instance; i++) {
        struct stats_result got =
            sys_kernel_stats(slot_at(SELFTEST_SLOT_STATS), STATS_TASKS, index, 0);
        for (uint64_t k = 0; k < got.count && task.instance != instance; k++) {
            memcpy(&task, (const uint8_t *)selftest->runtime->page->stats + k * sizeof(task),
                   sizeof(task));
        }
        if (got.status != STATUS_OK || got.next <= index) {
            break;
        }
        index = got.next;
    }
    return selftest_expect(selftest, "the task that runs", task.instance, instance) &&
           selftest_expect(selftest, "its service_id", task.service_id, program_named("greet")) &&
           selftest_expect(selftest, "its CPU budget", task.cpu, CPU_OF_GREET);
}

bool case_exec_start(struct selftest *selftest) {
    struct exec_message status = {.header = {.op = EXEC_OP_STATUS}};
    struct caller caller;
    uint32_t instance = 0;
    if (!caller_begin(selftest, &caller) ||
        !start(&caller, "greet", GREET_HANGS, WIRE_OK, &instance)) {
        return false;
    }
    status.instance = instance;
    return ask(&caller, &status, WIRE_OK) &&
           selftest_expect(selftest, "its state", status.state, 1) &&
           is_listed(&caller, instance, "greet") && is_bounded(selftest, instance) &&
           about(&caller, EXEC_OP_KILL, instance, WIRE_OK) &&
           sees_end(&caller, instance, EXIT_KILLED, 0) && caller_end(&caller);
}

// The second looks like a marker; the console does not let it.
bool case_exec_exit_status(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && programs_run_to(&caller, "greet", 7, 7) &&
           programs_run_to(&caller, "greet", GREET_PRINTS_MARKER, 0) && caller_end(&caller);
}

bool case_exec_killed(struct selftest *selftest) {
    struct caller caller;
    uint32_t instance = 0;
    return caller_begin(selftest, &caller) &&
           start(&caller, "greet", GREET_HANGS, WIRE_OK, &instance) &&
           about(&caller, EXEC_OP_KILL, instance, WIRE_OK) &&
           sees_end(&caller, instance, EXIT_KILLED, 0) &&
           about(&caller, EXEC_OP_KILL, instance, WIRE_OK) &&
           sees_end(&caller, instance, EXIT_KILLED, 0) && caller_end(&caller);
}

// Each calls under its own identity: policy lets greet call logd, and silent call nobody.
bool case_exec_routes(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) &&
           programs_run_to(&caller, "greet", GREET_CALLS, IPC_OK) &&
           programs_run_to(&caller, "silent", GREET_CALLS, IPC_DENIED) && caller_end(&caller);
}

static bool in_program(uint64_t address) {
    return address >= USER_IMAGE_MIN && address < USER_IMAGE_MAX;
}

static bool is_crash(const struct log_record *record, const void *context) {
    const uint32_t *instance = context;
    struct log_crash crash;
    return log_crash_get(record, &crash) && record->sender == service_id_named("execd").value &&
           crash.instance == *instance && crash.subject == program_named("greet") &&
           crash.reason == EXIT_FAULT_WRITE && crash.detail == GREET_CRASH_ADDRESS &&
           in_program(crash.pc) && in_program(crash.ra);
}

bool case_exec_crash_reported(struct selftest *selftest) {
    const struct log_message crashes = {.kind = LOG_KIND_CRASH, .scope = journal_bytes("crash")};
    struct caller caller;
    uint32_t instance = 0;
    return caller_begin(selftest, &caller) &&
           start(&caller, "greet", GREET_CRASHES, WIRE_OK, &instance) &&
           sees_end(&caller, instance, EXIT_FAULT_WRITE, GREET_CRASH_ADDRESS) &&
           journal_holds(&caller, &crashes, is_crash, &instance) && caller_end(&caller);
}

static const struct boot_image_entry *find_visitors(const struct boot_image_header *image) {
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(image + 1);
    for (uint32_t i = 0; i < image->entry_count; i++) {
        if (entries[i].kind == BOOT_IMAGE_DATA && strcmp(entries[i].name, "visitors") == 0) {
            return &entries[i];
        }
    }
    return 0;
}

// How a copy of the bundle is spoiled; null: it is not.
typedef void spoiler(struct bundle_header *header, struct bundle_program *program, uint8_t *elf);

static bool copy_visitors(struct selftest *selftest, spoiler *spoil, struct bulk_window *window) {
    const struct boot_image_entry *entry = find_visitors(selftest->image);
    if (!selftest_expect(selftest, "the bundle to bring", entry != 0, true) ||
        !selftest_expect(selftest, "memory for it",
                         bulk_window_create(window, slot_at(SELFTEST_SLOT_FACTORY), entry->bytes),
                         BULK_OK)) {
        return false;
    }
    memcpy(window->bytes, (const uint8_t *)selftest->image + entry->offset, entry->bytes);
    struct bundle_header *header = (struct bundle_header *)(void *)window->bytes;
    struct bundle_program *program = (struct bundle_program *)(void *)(header + 1);
    if (spoil) {
        spoil(header, program, window->bytes + program->offset);
    }
    return true;
}

// Sends what is in the window, sealed or not, to be executed.
static bool load(struct caller *caller, struct bulk_window *window, bool seal,
                 struct exec_message *message, enum wire_status wanted) {
    struct selftest *selftest = caller->selftest;
    *message = (struct exec_message){.header = {.op = EXEC_OP_LOAD}};
    if (seal &&
        (!selftest_expect_status(selftest, "unmapping it",
                                 sys_vmo_unmap(window->vmo, (uint64_t)(uintptr_t)window->bytes),
                                 STATUS_OK) ||
         !selftest_expect_status(selftest, "sealing it", sys_vmo_seal(window->vmo), STATUS_OK))) {
        return false;
    }
    struct slot_result copy = sys_cap_clone(window->vmo, RIGHT_VMO_READ | RIGHT_VMO_EXECUTE);
    bool good = selftest_expect_status(selftest, "a copy to send", copy.status, STATUS_OK) &&
                ask_with(caller, message, copy.slot, wanted);
    if (seal) {
        slot_release(window->vmo);
    } else {
        bulk_window_close(window);
    }
    return good;
}

static bool brings(struct caller *caller, spoiler *spoil, enum bundle_flaw flaw,
                   enum elf_reject elf) {
    struct bulk_window window;
    struct exec_message message;
    return copy_visitors(caller->selftest, spoil, &window) &&
           load(caller, &window, true, &message, WIRE_OK) &&
           selftest_expect(caller->selftest, "the bundle's flaw", message.flaw, flaw) &&
           selftest_expect(caller->selftest, "why its program is refused", message.elf, elf);
}

// The second is in the place of the first, whose program goes on meanwhile.
bool case_exec_bundle(struct selftest *selftest) {
    struct caller caller;
    uint32_t instance = 0;
    return caller_begin(selftest, &caller) && start(&caller, "visitor", 5, WIRE_ABSENT, 0) &&
           brings(&caller, 0, BUNDLE_FLAW_NONE, ELF_REJECT_NONE) &&
           programs_run_to(&caller, "visitor", 5, 5) &&
           start(&caller, "visitor", GREET_HANGS, WIRE_OK, &instance) &&
           brings(&caller, 0, BUNDLE_FLAW_NONE, ELF_REJECT_NONE) &&
           about(&caller, EXEC_OP_KILL, instance, WIRE_OK) &&
           sees_end(&caller, instance, EXIT_KILLED, 0) &&
           programs_run_to(&caller, "visitor", 6, 6) && caller_end(&caller);
}

static void spoil_magic(struct bundle_header *header, struct bundle_program *program,
                        uint8_t *elf) {
    (void)program;
    (void)elf;
    header->magic++;
}

static void spoil_bounds(struct bundle_header *header, struct bundle_program *program,
                         uint8_t *elf) {
    (void)elf;
    program->bytes = header->bytes;
}

static void spoil_id(struct bundle_header *header, struct bundle_program *program, uint8_t *elf) {
    (void)header;
    (void)elf;
    program->service_id = program_named("greet");
}

// It would be greet, with what policy allows that.
static void spoil_name(struct bundle_header *header, struct bundle_program *program, uint8_t *elf) {
    (void)header;
    (void)elf;
    memset(program->name, 0, sizeof(program->name));
    memcpy(program->name, "greet", sizeof("greet"));
    program->service_id = program_named("greet");
}

// The first segment is its code.
static void spoil_write_execute(struct bundle_header *header, struct bundle_program *program,
                                uint8_t *elf) {
    (void)header;
    (void)program;
    uint64_t headers_at = 0;
    memcpy(&headers_at, elf + ELF_HEADERS_AT, sizeof(headers_at));
    elf[headers_at + ELF_HEADER_FLAGS_AT] = ELF_WRITE_EXECUTE;
}

static void spoil_entry(struct bundle_header *header, struct bundle_program *program,
                        uint8_t *elf) {
    (void)header;
    (void)program;
    const uint64_t nowhere = USER_IMAGE_MAX - PAGE_BYTES;
    memcpy(elf + ELF_ENTRY_AT, &nowhere, sizeof(nowhere));
}

// Nothing of a bundle that is refused can be started, and the one before stays.
bool case_exec_reject_image(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) &&
           brings(&caller, spoil_magic, BUNDLE_FLAW_HEADER, ELF_REJECT_NONE) &&
           brings(&caller, spoil_bounds, BUNDLE_FLAW_BOUNDS, ELF_REJECT_NONE) &&
           brings(&caller, spoil_id, BUNDLE_FLAW_ID, ELF_REJECT_NONE) &&
           brings(&caller, spoil_name, BUNDLE_FLAW_KNOWN, ELF_REJECT_NONE) &&
           brings(&caller, spoil_write_execute, BUNDLE_FLAW_PROGRAM, ELF_REJECT_WRITE_EXECUTE) &&
           brings(&caller, spoil_entry, BUNDLE_FLAW_PROGRAM, ELF_REJECT_ENTRY) &&
           programs_run_to(&caller, "visitor", 9, 9) && caller_end(&caller);
}

// What could still change, and a request that brings nothing.
bool case_exec_reject_unsealed(struct selftest *selftest) {
    struct bulk_window window;
    struct exec_message message;
    struct exec_message nothing = {.header = {.op = EXEC_OP_LOAD}};
    struct caller caller;
    return caller_begin(selftest, &caller) && copy_visitors(selftest, 0, &window) &&
           load(&caller, &window, false, &message, WIRE_MALFORMED) &&
           ask(&caller, &nothing, WIRE_MALFORMED) && caller_end(&caller);
}

// Of memory while it runs, of memory before, and of programs at one time.
bool case_exec_reject_over_quota(struct selftest *selftest) {
    uint32_t instances[QUOTA_OF_GREET];
    struct caller caller;
    bool good = caller_begin(selftest, &caller) &&
                programs_run_to(&caller, "greet", GREET_TAKES, STATUS_NO_SPACE) &&
                start(&caller, "huge", 1, WIRE_OVERLOAD, 0);
    for (uint32_t i = 0; i < QUOTA_OF_GREET && good; i++) {
        good = start(&caller, "greet", GREET_HANGS, WIRE_OK, &instances[i]);
    }
    good = good && start(&caller, "greet", 1, WIRE_OVERLOAD, 0);
    for (uint32_t i = 0; i < QUOTA_OF_GREET && good; i++) {
        good = about(&caller, EXEC_OP_KILL, instances[i], WIRE_OK) &&
               sees_end(&caller, instances[i], EXIT_KILLED, 0);
    }
    return good && programs_run_to(&caller, "greet", 1, 1) && caller_end(&caller);
}

// A program that no rule names is denied whether there is one or not.
bool case_exec_reject_start(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && start(&caller, "stranger", 1, WIRE_DENIED, 0) &&
           start(&caller, "nobody", 1, WIRE_ABSENT, 0) &&
           about(&caller, EXEC_OP_WAIT, 1, WIRE_ABSENT) && caller_end(&caller);
}

bool case_exec_reject_denied(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && caller_sees_denial(&caller, "execd") &&
           caller_end(&caller);
}

// Its programs end with it, and what was brought is gone.
bool case_exec_rebound(struct selftest *selftest) {
    struct exec_message stats = {.header = {.op = EXEC_OP_STATS}};
    struct caller caller;
    uint32_t lost = 0;
    return caller_begin(selftest, &caller) &&
           start(&caller, "greet", GREET_HANGS, WIRE_OK, &lost) &&
           caller_sees_restart(&caller, "execd") && ask(&caller, &stats, WIRE_OK) &&
           selftest_expect(selftest, "programs that run", stats.running, 0) &&
           about(&caller, EXEC_OP_WAIT, lost, WIRE_ABSENT) &&
           start(&caller, "visitor", 1, WIRE_ABSENT, 0) &&
           programs_run_to(&caller, "greet", 3, 3) && caller_end(&caller);
}
