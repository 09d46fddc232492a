// testing/keys/keys.c: a client of keystored, in several boots on one disk. The first finds a new
// identity and climbs the first ladder; the second finds the same identity, and all that the first
// has left; one has another device secret, and is refused everything; one comes after somebody
// changed a sealed record. Which boot it is, the disk and keystored say.
#include <string.h>

#include "images/markers.h"
#include "ipc/log_record.h"
#include "ipc/ready.h"
#include "runtime/main.h"
#include "testing/keys/client.h"

// testing/keys/keys.sh looks for these on the disk.
#define WORD "an open sesame that nobody may read"
#define SHOWN "a word that anybody may read"

enum { LOOKS_MAX = 64 };

static bool put(struct keys_test *test, const char *key, struct wire_bytes value) {
    struct state_message message = {.key = keys_text(key), .value = value};
    return keys_asks_state(test, STATE_OP_PUT, &message, WIRE_OK);
}

// `out` has room for STATE_VALUE_BYTES_MAX.
static bool get(struct keys_test *test, const char *key, uint8_t *out, struct wire_bytes *value) {
    struct state_message message = {.key = keys_text(key)};
    if (!keys_asks_state(test, STATE_OP_GET, &message, WIRE_OK)) {
        return false;
    }
    memcpy(out, message.value.data, message.value.count);
    *value = (struct wire_bytes){out, message.value.count};
    return true;
}

// What keystored says is what the disk remembers.
static bool same_as_kept(struct keys_test *test, const char *key, struct wire_bytes got) {
    uint8_t copy[KEYS_PUBLIC_BYTES];
    uint8_t bytes[STATE_VALUE_BYTES_MAX];
    struct wire_bytes kept = {.count = 0};
    if (!keys_expect(test, key, got.count, sizeof(copy))) {
        return false;
    }
    memcpy(copy, got.data, sizeof(copy));
    return get(test, key, bytes, &kept) &&
           keys_expect_same(test, key, (struct wire_bytes){copy, sizeof(copy)}, kept);
}

static bool verifies(struct keys_test *test, const uint8_t *key, struct wire_bytes message,
                     const uint8_t *signature, enum wire_status wanted) {
    struct keys_message asked = {.public_key = {key, KEYS_PUBLIC_BYTES},
                                 .message = message,
                                 .signature = {signature, KEYS_SIGNATURE_BYTES}};
    return keys_asks(test, KEYS_OP_VERIFY, &asked, wanted);
}

static bool identity(struct keys_test *test, uint8_t *key) {
    struct keys_message message = {.name = {.count = 0}};
    if (!keys_asks(test, KEYS_OP_IDENTITY, &message, WIRE_OK) ||
        !keys_expect(test, "bytes of the key", message.public_key.count, KEYS_PUBLIC_BYTES)) {
        return false;
    }
    memcpy(key, message.public_key.data, KEYS_PUBLIC_BYTES);
    return true;
}

static bool makes(struct keys_test *test, const char *name, uint8_t *key) {
    struct keys_message message = {.name = keys_text(name)};
    if (!keys_asks(test, KEYS_OP_MAKE, &message, WIRE_OK)) {
        return false;
    }
    memcpy(key, message.public_key.data, KEYS_PUBLIC_BYTES);
    return keys_expect(test, "bytes of the key", message.public_key.count, KEYS_PUBLIC_BYTES);
}

static bool signs(struct keys_test *test, enum keys_op op, const char *name, const char *text,
                  uint8_t *signature) {
    struct keys_message message = {.name = keys_text(name), .message = keys_text(text)};
    if (!keys_asks(test, op, &message, WIRE_OK)) {
        return false;
    }
    memcpy(signature, message.signature.data, KEYS_SIGNATURE_BYTES);
    return keys_expect(test, "bytes of the signature", message.signature.count,
                       KEYS_SIGNATURE_BYTES);
}

static bool keeps(struct keys_test *test, const char *name, struct wire_bytes secret,
                  enum wire_status wanted) {
    struct keys_message message = {.name = keys_text(name), .secret = secret};
    return keys_asks(test, KEYS_OP_KEEP, &message, wanted);
}

static bool about(struct keys_test *test, enum keys_op op, const char *name,
                  enum wire_status wanted) {
    struct keys_message message = {.name = keys_text(name), .message = keys_text("m")};
    return keys_asks(test, op, &message, wanted);
}

static bool is_given(struct keys_test *test, const char *name, const char *secret) {
    struct keys_message message = {.name = keys_text(name)};
    return keys_asks(test, KEYS_OP_GIVE, &message, WIRE_OK) &&
           keys_expect_same(test, "the secret", message.secret, keys_text(secret));
}

// The first boot.

static bool case_identity(struct keys_test *test) {
    uint8_t key[KEYS_PUBLIC_BYTES];
    uint8_t again[KEYS_PUBLIC_BYTES];
    return identity(test, key) && identity(test, again) &&
           keys_expect(test, "the same identity", memcmp(key, again, sizeof(key)) == 0, true) &&
           put(test, "identity", (struct wire_bytes){key, sizeof(key)});
}

static uint32_t statement_of(const char *service, const char *text, uint8_t *out) {
    return keys_statement_put(service_id_named(service).value, keys_text(text), out);
}

static bool case_attest(struct keys_test *test) {
    uint8_t key[KEYS_PUBLIC_BYTES];
    uint8_t signature[KEYS_SIGNATURE_BYTES];
    uint8_t statement[KEYS_SIGNED_BYTES_MAX];
    const uint32_t count = statement_of("keys", "it is seven", statement);
    return identity(test, key) && signs(test, KEYS_OP_ATTEST, "", "it is seven", signature) &&
           verifies(test, key, (struct wire_bytes){statement, count}, signature, WIRE_OK);
}

static bool case_sign(struct keys_test *test) {
    uint8_t key[KEYS_PUBLIC_BYTES];
    uint8_t again[KEYS_PUBLIC_BYTES];
    uint8_t signature[KEYS_SIGNATURE_BYTES];
    return makes(test, "pair", key) && makes(test, "pair", again) &&
           keys_expect(test, "the same pair", memcmp(key, again, sizeof(key)) == 0, true) &&
           signs(test, KEYS_OP_SIGN, "pair", "hello", signature) &&
           verifies(test, key, keys_text("hello"), signature, WIRE_OK) &&
           put(test, "pair", (struct wire_bytes){key, sizeof(key)});
}

static bool case_secret(struct keys_test *test) {
    struct keys_message next = {.name = {.count = 0}};
    return keeps(test, "word", keys_text("an earlier one"), WIRE_OK) &&
           keeps(test, "word", keys_text(WORD), WIRE_OK) && is_given(test, "word", WORD) &&
           keys_asks(test, KEYS_OP_NEXT, &next, WIRE_OK) &&
           keys_expect_same(test, "the first name", next.name, keys_text("pair")) &&
           keys_expect(test, "its kind", next.kind, KEYS_PAIR);
}

// A record that statefsd keeps and cannot read.
static bool case_sealed_record(struct keys_test *test) {
    uint8_t sealed[STATE_VALUE_BYTES_MAX];
    struct keys_message message = {.context = keys_text("record"), .plain = keys_text(WORD)};
    if (!keys_asks(test, KEYS_OP_SEAL, &message, WIRE_OK) ||
        !keys_expect(test, "bytes sealed", message.sealed.count, strlen(WORD) + KEYS_SEAL_BYTES)) {
        return false;
    }
    const uint32_t count = message.sealed.count;
    memcpy(sealed, message.sealed.data, count);
    return put(test, "record", (struct wire_bytes){sealed, count}) &&
           put(test, "shown", keys_text(SHOWN));
}

static bool opens_record(struct keys_test *test, const char *context, bool changed,
                         enum wire_status wanted) {
    uint8_t sealed[STATE_VALUE_BYTES_MAX];
    struct wire_bytes kept = {.count = 0};
    if (!get(test, "record", sealed, &kept)) {
        return false;
    }
    sealed[kept.count - 1] ^= changed;
    struct keys_message message = {.context = keys_text(context), .sealed = kept};
    return keys_asks(test, KEYS_OP_OPEN, &message, wanted) &&
           (wanted != WIRE_OK ||
            keys_expect_same(test, "what was sealed", message.plain, keys_text(WORD)));
}

static bool case_reject_tampered(struct keys_test *test) {
    return opens_record(test, "record", false, WIRE_OK) &&
           opens_record(test, "record", true, WIRE_DENIED) &&
           opens_record(test, "another", false, WIRE_DENIED);
}

// Whatever is asked, the private key does not come.
static bool case_reject_export(struct keys_test *test) {
    return about(test, KEYS_OP_GIVE, "pair", WIRE_DENIED) &&
           keeps(test, "pair", keys_text("mine"), WIRE_DENIED) &&
           about(test, KEYS_OP_SIGN, "word", WIRE_DENIED) &&
           about(test, KEYS_OP_MAKE, "word", WIRE_DENIED);
}

static bool case_reject_name(struct keys_test *test) {
    return about(test, KEYS_OP_SIGN, "nobody", WIRE_ABSENT) &&
           about(test, KEYS_OP_GIVE, "nobody", WIRE_ABSENT) &&
           about(test, KEYS_OP_ERASE, "nobody", WIRE_ABSENT) &&
           about(test, KEYS_OP_MAKE, "No Name", WIRE_MALFORMED) &&
           about(test, KEYS_OP_MAKE, "", WIRE_MALFORMED);
}

static bool case_reject_forged(struct keys_test *test) {
    uint8_t key[KEYS_PUBLIC_BYTES];
    uint8_t signature[KEYS_SIGNATURE_BYTES];
    uint8_t statement[KEYS_SIGNED_BYTES_MAX];
    const uint32_t count = statement_of("policyd", "it is seven", statement);
    if (!identity(test, key) || !signs(test, KEYS_OP_ATTEST, "", "it is seven", signature) ||
        !verifies(test, key, (struct wire_bytes){statement, count}, signature, WIRE_DENIED) ||
        !verifies(test, key, keys_text("it is seven"), signature, WIRE_DENIED)) {
        return false;
    }
    const uint32_t own = statement_of("keys", "it is seven", statement);
    signature[7] ^= 1;
    return verifies(test, key, (struct wire_bytes){statement, own}, signature, WIRE_DENIED);
}

static bool case_reject_quota(struct keys_test *test) {
    uint8_t key[KEYS_PUBLIC_BYTES];
    struct keys_message stats = {.name = {.count = 0}};
    return makes(test, "third", key) && about(test, KEYS_OP_MAKE, "fourth", WIRE_OVERLOAD) &&
           keeps(test, "fourth", keys_text("x"), WIRE_OVERLOAD) &&
           keys_asks(test, KEYS_OP_STATS, &stats, WIRE_OK) &&
           keys_expect(test, "entries", stats.entries, stats.entries_max) &&
           about(test, KEYS_OP_ERASE, "third", WIRE_OK) &&
           about(test, KEYS_OP_SIGN, "third", WIRE_ABSENT);
}

static bool case_reject_too_large(struct keys_test *test) {
    const struct wire_bytes most = {test->filler, KEYS_MESSAGE_BYTES_MAX + 1};
    struct keys_message message = {.name = keys_text("pair"), .message = most};
    struct keys_message statement = {.message = most};
    const struct wire_bytes secret = {test->filler, KEYS_SECRET_BYTES_MAX + 1};
    return keys_asks(test, KEYS_OP_SIGN, &message, WIRE_TOO_LARGE) &&
           keys_asks(test, KEYS_OP_ATTEST, &statement, WIRE_TOO_LARGE) &&
           keeps(test, "big", secret, WIRE_TOO_LARGE);
}

static bool is_found(struct keys_test *test) {
    uint8_t key[KEYS_PUBLIC_BYTES];
    uint8_t signature[KEYS_SIGNATURE_BYTES];
    return identity(test, key) &&
           same_as_kept(test, "identity", (struct wire_bytes){key, sizeof(key)}) &&
           makes(test, "pair", key) &&
           same_as_kept(test, "pair", (struct wire_bytes){key, sizeof(key)}) &&
           signs(test, KEYS_OP_SIGN, "pair", "again", signature) &&
           verifies(test, key, keys_text("again"), signature, WIRE_OK) &&
           is_given(test, "word", WORD) && opens_record(test, "record", false, WIRE_OK);
}

// All that it stands on is started anew, one after the other, and so is keystored: found again,
// with everything.
static bool case_rebound(struct keys_test *test) {
    static const char *const services[] = {"rngd", "statefsd", "keystored"};
    for (uint32_t i = 0; i < ARRAY_LEN(services); i++) {
        if (!keys_ends(test, services[i]) || !keys_asks_rngd(test) || !is_found(test)) {
            return false;
        }
    }
    return true;
}

// The journal has the changes and the first uses; its records are keystored's by the kernel's word.
static bool case_audited(struct keys_test *test) {
    uint64_t from = 0;
    uint32_t records = 0;
    for (uint32_t i = 0; i < LOOKS_MAX; i++) {
        struct log_message message = {
            .sequence = from, .level = LOG_AUDIT, .scope = keys_text("keys")};
        if (!keys_asks_log(test, LOG_OP_QUERY, &message)) {
            return false;
        }
        records += message.records.count / LOG_RECORD_BYTES_MAX + (message.records.count > 0);
        from = message.next;
        if (message.more == 0) {
            break;
        }
    }
    return keys_expect(test, "records of keystored, at least four", records >= 4, true);
}

// A later one.

static bool case_found(struct keys_test *test) {
    return is_found(test) && about(test, KEYS_OP_SIGN, "third", WIRE_ABSENT);
}

static bool case_reject_other_secret(struct keys_test *test) {
    uint8_t bytes[STATE_VALUE_BYTES_MAX];
    struct wire_bytes key = {.count = 0};
    struct keys_message none = {.name = {.count = 0}};
    struct keys_message attest = {.message = keys_text("m")};
    struct keys_message seal = {.context = keys_text("record"), .plain = keys_text("p")};
    return keys_asks(test, KEYS_OP_IDENTITY, &none, WIRE_UNAVAILABLE) &&
           keys_asks(test, KEYS_OP_ATTEST, &attest, WIRE_UNAVAILABLE) &&
           about(test, KEYS_OP_SIGN, "pair", WIRE_UNAVAILABLE) &&
           about(test, KEYS_OP_MAKE, "pair", WIRE_UNAVAILABLE) &&
           about(test, KEYS_OP_MAKE, "more", WIRE_UNAVAILABLE) &&
           about(test, KEYS_OP_GIVE, "word", WIRE_UNAVAILABLE) &&
           about(test, KEYS_OP_ERASE, "word", WIRE_UNAVAILABLE) &&
           keys_asks(test, KEYS_OP_SEAL, &seal, WIRE_UNAVAILABLE) &&
           opens_record(test, "record", false, WIRE_UNAVAILABLE) &&
           get(test, "identity", bytes, &key) &&
           verifies(test, key.data, keys_text("m"), test->filler, WIRE_DENIED);
}

static bool case_reject_changed_record(struct keys_test *test) {
    uint8_t key[KEYS_PUBLIC_BYTES];
    struct keys_message stats = {.name = {.count = 0}};
    return keys_asks(test, KEYS_OP_STATS, &stats, WIRE_OK) &&
           keys_expect(test, "records that do not open", stats.flawed, 1) &&
           about(test, KEYS_OP_SIGN, "pair", WIRE_UNAVAILABLE) &&
           about(test, KEYS_OP_MAKE, "pair", WIRE_UNAVAILABLE) && identity(test, key) &&
           same_as_kept(test, "identity", (struct wire_bytes){key, sizeof(key)}) &&
           is_given(test, "word", WORD) && about(test, KEYS_OP_ERASE, "pair", WIRE_OK) &&
           makes(test, "pair", key);
}

enum boot { BOOT_NONE, BOOT_FIRST, BOOT_LATER, BOOT_OTHER_SECRET, BOOT_CHANGED };

struct rung {
    enum boot boot;
    const char *marker;
    bool (*run)(struct keys_test *test);
};

static const struct rung rungs[] = {
    {BOOT_FIRST, MARKER_KEYS_IDENTITY, case_identity},
    {BOOT_FIRST, MARKER_KEYS_ATTEST, case_attest},
    {BOOT_FIRST, MARKER_KEYS_SIGN, case_sign},
    {BOOT_FIRST, MARKER_KEYS_SECRET, case_secret},
    {BOOT_FIRST, MARKER_KEYS_SEALED_RECORD, case_sealed_record},
    {BOOT_FIRST, MARKER_KEYS_REJECT_TAMPERED, case_reject_tampered},
    {BOOT_FIRST, MARKER_KEYS_REJECT_EXPORT, case_reject_export},
    {BOOT_FIRST, MARKER_KEYS_REJECT_NAME, case_reject_name},
    {BOOT_FIRST, MARKER_KEYS_REJECT_FORGED, case_reject_forged},
    {BOOT_FIRST, MARKER_KEYS_REJECT_QUOTA, case_reject_quota},
    {BOOT_FIRST, MARKER_KEYS_REJECT_TOO_LARGE, case_reject_too_large},
    {BOOT_FIRST, MARKER_KEYS_AUDITED, case_audited},
    {BOOT_FIRST, MARKER_KEYS_REBOUND, case_rebound},
    {BOOT_LATER, MARKER_KEYS_FOUND, case_found},
    {BOOT_OTHER_SECRET, MARKER_KEYS_REJECT_OTHER_SECRET, case_reject_other_secret},
    {BOOT_CHANGED, MARKER_KEYS_REJECT_CHANGED_RECORD, case_reject_changed_record},
};

static enum boot boot_of(struct keys_test *test) {
    const struct ipc_question question = {
        .target = service_id_named("statefsd"),
        .protocol = &state_rows,
        .deadline = {.ns = sys_clock_get() + KEYS_TEST_PATIENCE_NS},
        .carried = slot_at(CAP_SLOT_NONE)};
    struct state_message kept = {.header = {.op = STATE_OP_GET}, .key = keys_text("identity")};
    struct keys_message stats = {.name = {.count = 0}};
    if (!keys_expect(test, "the first call", ipc_ask(&test->ipc, &question, &kept).error, IPC_OK) ||
        !keys_asks(test, KEYS_OP_STATS, &stats, WIRE_OK)) {
        return BOOT_NONE;
    }
    if (kept.header.status != WIRE_OK) {
        return BOOT_FIRST;
    }
    if (stats.state != KEYS_READY) {
        return BOOT_OTHER_SECRET;
    }
    return stats.flawed > 0 ? BOOT_CHANGED : BOOT_LATER;
}

int service_main(struct runtime *runtime) {
    struct keys_test test;
    if (!keys_test_begin(&test, runtime) || ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    const enum boot boot = boot_of(&test);
    for (uint32_t i = 0; i < ARRAY_LEN(rungs); i++) {
        if (rungs[i].boot != boot) {
            continue;
        }
        if (!rungs[i].run(&test)) {
            log_line(runtime, "keys: no '%s'", rungs[i].marker);
            return 1;
        }
        marker_text(runtime, rungs[i].marker);
    }
    marker_text(runtime, MARKER_KEYS_END);
    return boot == BOOT_NONE ? 1 : 0;
}
