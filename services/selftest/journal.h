// services/selftest/journal.h: logd as the cases ask it.
// Ownership, blocking: as caller.h.
// Errors:    functions that return bool have printed what went wrong.
#pragma once

#include "ipc/log_record.h"
#include "ipc/wire/log_wire.h"
#include "services/selftest/caller.h"

struct wire_bytes journal_bytes(const char *text);
WARN_UNUSED bool journal_same(struct wire_bytes bytes, const char *text);

// Asks logd; the answer is in *message, and must have that status.
WARN_UNUSED bool journal_ask(struct caller *caller, struct log_message *message,
                             enum wire_status wanted);

// Appends with LOG_INFO.
WARN_UNUSED bool journal_append(struct caller *caller, const char *scope, const char *text,
                                enum wire_status wanted, uint64_t *sequence);

// A page of what is wanted from `sequence` on: *wanted is a query, and becomes the next one. Its
// answer is in *page.
WARN_UNUSED bool journal_page(struct caller *caller, struct log_message *wanted,
                              struct log_message *page);

// Whether `matches` is true for a record that is wanted, now or within ten seconds: what goes to
// logd as a send, or with a period of metricsd, takes a moment. `context` is for `matches`.
WARN_UNUSED bool journal_holds(struct caller *caller, const struct log_message *wanted,
                               bool (*matches)(const struct log_record *record,
                                               const void *context),
                               const void *context);
