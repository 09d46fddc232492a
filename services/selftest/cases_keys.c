// services/selftest/cases_keys.c: keystored: the device's identity, a key pair and a secret of
// selftest's own, records sealed for it, what is refused, what the journal has of it, and its end.
#include <string.h>

#include "ipc/keys_item.h"
#include "ipc/wire/keys_wire.h"
#include "services/selftest/cases.h"
#include "services/selftest/journal.h"

static bool ask(struct caller *caller, enum keys_op op, struct keys_message *message,
                enum wire_status wanted) {
    message->header.op = (uint8_t)op;
    struct ipc_outcome outcome = caller_ask(caller, "keystored", &keys_rows, message);
    return selftest_expect(caller->selftest, "asking keystored", outcome.error, IPC_OK) &&
           selftest_expect(caller->selftest, wire_op_find(&keys_rows, (uint8_t)op)->name,
                           message->header.status, wanted);
}

static bool about(struct caller *caller, enum keys_op op, const char *name,
                  enum wire_status wanted) {
    struct keys_message message = {.name = journal_bytes(name), .message = journal_bytes("m")};
    return ask(caller, op, &message, wanted);
}

// `out` has room for KEYS_PUBLIC_BYTES.
static bool public_key(struct caller *caller, enum keys_op op, const char *name, uint8_t *out) {
    struct keys_message message = {.name = journal_bytes(name)};
    if (!ask(caller, op, &message, WIRE_OK) ||
        !selftest_expect(caller->selftest, "bytes of a public key", message.public_key.count,
                         KEYS_PUBLIC_BYTES)) {
        return false;
    }
    memcpy(out, message.public_key.data, KEYS_PUBLIC_BYTES);
    return true;
}

// `out` has room for KEYS_SIGNATURE_BYTES.
static bool signature(struct caller *caller, enum keys_op op, const char *name, uint8_t *out) {
    struct keys_message message = {.name = journal_bytes(name),
                                   .message = journal_bytes("it is seven")};
    if (!ask(caller, op, &message, WIRE_OK) ||
        !selftest_expect(caller->selftest, "bytes of a signature", message.signature.count,
                         KEYS_SIGNATURE_BYTES)) {
        return false;
    }
    memcpy(out, message.signature.data, KEYS_SIGNATURE_BYTES);
    return true;
}

static bool verify(struct caller *caller, const uint8_t *key, struct wire_bytes text,
                   const uint8_t *signed_by, enum wire_status wanted) {
    struct keys_message message = {.public_key = {key, KEYS_PUBLIC_BYTES},
                                   .message = text,
                                   .signature = {signed_by, KEYS_SIGNATURE_BYTES}};
    return ask(caller, KEYS_OP_VERIFY, &message, wanted);
}

static bool keep(struct caller *caller, const char *name, const char *secret,
                 enum wire_status wanted) {
    struct keys_message message = {.name = journal_bytes(name), .secret = journal_bytes(secret)};
    return ask(caller, KEYS_OP_KEEP, &message, wanted);
}

static bool is_given(struct caller *caller, const char *name, const char *secret) {
    struct keys_message message = {.name = journal_bytes(name)};
    return ask(caller, KEYS_OP_GIVE, &message, WIRE_OK) &&
           selftest_expect(caller->selftest, "the secret", journal_same(message.secret, secret),
                           true);
}

// What the device signs for selftest says that it was selftest.
bool case_keys_identity(struct selftest *selftest) {
    uint8_t key[KEYS_PUBLIC_BYTES];
    uint8_t made[KEYS_SIGNATURE_BYTES];
    uint8_t statement[KEYS_SIGNED_BYTES_MAX];
    const uint32_t count = keys_statement_put(service_id_named("selftest").value,
                                              journal_bytes("it is seven"), statement);
    struct caller caller;
    return caller_begin(selftest, &caller) && public_key(&caller, KEYS_OP_IDENTITY, "", key) &&
           signature(&caller, KEYS_OP_ATTEST, "", made) &&
           verify(&caller, key, (struct wire_bytes){statement, count}, made, WIRE_OK) &&
           caller_end(&caller);
}

bool case_keys_sign(struct selftest *selftest) {
    uint8_t key[KEYS_PUBLIC_BYTES];
    uint8_t again[KEYS_PUBLIC_BYTES];
    uint8_t made[KEYS_SIGNATURE_BYTES];
    struct caller caller;
    return caller_begin(selftest, &caller) && public_key(&caller, KEYS_OP_MAKE, "pair", key) &&
           public_key(&caller, KEYS_OP_MAKE, "pair", again) &&
           selftest_expect(selftest, "one key pair", memcmp(key, again, sizeof(key)) == 0, true) &&
           signature(&caller, KEYS_OP_SIGN, "pair", made) &&
           verify(&caller, key, journal_bytes("it is seven"), made, WIRE_OK) && caller_end(&caller);
}

bool case_keys_secret(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && keep(&caller, "word", "sesame", WIRE_OK) &&
           keep(&caller, "word", "open sesame", WIRE_OK) &&
           is_given(&caller, "word", "open sesame") && caller_end(&caller);
}

// `out` has room for STATE_VALUE_BYTES_MAX.
static bool seal(struct caller *caller, const char *context, const char *plain, uint8_t *out,
                 uint32_t *count) {
    struct keys_message message = {.context = journal_bytes(context),
                                   .plain = journal_bytes(plain)};
    if (!ask(caller, KEYS_OP_SEAL, &message, WIRE_OK)) {
        return false;
    }
    *count = message.sealed.count;
    memcpy(out, message.sealed.data, *count);
    return selftest_expect(caller->selftest, "bytes sealed", *count,
                           strlen(plain) + KEYS_SEAL_BYTES);
}

static bool opens(struct caller *caller, const char *context, struct wire_bytes sealed,
                  const char *plain) {
    struct keys_message message = {.context = journal_bytes(context), .sealed = sealed};
    return ask(caller, KEYS_OP_OPEN, &message, plain ? WIRE_OK : WIRE_DENIED) &&
           (!plain || selftest_expect(caller->selftest, "what was sealed",
                                      journal_same(message.plain, plain), true));
}

bool case_keys_seal(struct selftest *selftest) {
    uint8_t sealed[STATE_VALUE_BYTES_MAX];
    uint32_t count = 0;
    struct caller caller;
    return caller_begin(selftest, &caller) && seal(&caller, "key", "value", sealed, &count) &&
           opens(&caller, "key", (struct wire_bytes){sealed, count}, "value") &&
           caller_end(&caller);
}

bool case_keys_reject_tampered(struct selftest *selftest) {
    uint8_t sealed[STATE_VALUE_BYTES_MAX];
    uint32_t count = 0;
    struct caller caller;
    if (!caller_begin(selftest, &caller) || !seal(&caller, "key", "value", sealed, &count) ||
        !opens(&caller, "another", (struct wire_bytes){sealed, count}, 0)) {
        return false;
    }
    sealed[count / 2] ^= 1;
    return opens(&caller, "key", (struct wire_bytes){sealed, count}, 0) && caller_end(&caller);
}

// Nothing gives a private key away, nor takes its place.
bool case_keys_reject_export(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && about(&caller, KEYS_OP_GIVE, "pair", WIRE_DENIED) &&
           keep(&caller, "pair", "mine", WIRE_DENIED) &&
           about(&caller, KEYS_OP_SIGN, "word", WIRE_DENIED) && caller_end(&caller);
}

bool case_keys_reject_name(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && about(&caller, KEYS_OP_SIGN, "none", WIRE_ABSENT) &&
           about(&caller, KEYS_OP_GIVE, "none", WIRE_ABSENT) &&
           about(&caller, KEYS_OP_MAKE, "No Name", WIRE_MALFORMED) && caller_end(&caller);
}

// Neither a changed signature nor the same words said by another.
bool case_keys_reject_forged(struct selftest *selftest) {
    uint8_t key[KEYS_PUBLIC_BYTES];
    uint8_t made[KEYS_SIGNATURE_BYTES];
    uint8_t statement[KEYS_SIGNED_BYTES_MAX];
    const uint32_t count = keys_statement_put(service_id_named("policyd").value,
                                              journal_bytes("it is seven"), statement);
    struct caller caller;
    if (!caller_begin(selftest, &caller) || !public_key(&caller, KEYS_OP_IDENTITY, "", key) ||
        !signature(&caller, KEYS_OP_ATTEST, "", made) ||
        !verify(&caller, key, (struct wire_bytes){statement, count}, made, WIRE_DENIED)) {
        return false;
    }
    made[9] ^= 1;
    const uint32_t own = keys_statement_put(service_id_named("selftest").value,
                                            journal_bytes("it is seven"), statement);
    return verify(&caller, key, (struct wire_bytes){statement, own}, made, WIRE_DENIED) &&
           caller_end(&caller);
}

bool case_keys_reject_over_quota(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && about(&caller, KEYS_OP_MAKE, "third", WIRE_OK) &&
           about(&caller, KEYS_OP_MAKE, "fourth", WIRE_OVERLOAD) &&
           about(&caller, KEYS_OP_ERASE, "third", WIRE_OK) && caller_end(&caller);
}

bool case_keys_reject_denied(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && caller_sees_denial(&caller, "keystored") &&
           caller_end(&caller);
}

static bool is_about_pair(const struct log_record *record, const void *context) {
    static const char said[] = "make pair by ";
    (void)context;
    return record->level == LOG_AUDIT && record->sender == service_id_named("keystored").value &&
           record->text.count > strlen(said) && memcmp(record->text.data, said, strlen(said)) == 0;
}

bool case_keys_audited(struct selftest *selftest) {
    const struct log_message wanted = {.scope = journal_bytes("keys"), .level = LOG_AUDIT};
    struct caller caller;
    return caller_begin(selftest, &caller) && journal_holds(&caller, &wanted, is_about_pair, 0) &&
           caller_end(&caller);
}

bool case_keys_rebound(struct selftest *selftest) {
    uint8_t before[KEYS_PUBLIC_BYTES];
    uint8_t after[KEYS_PUBLIC_BYTES];
    uint8_t made[KEYS_SIGNATURE_BYTES];
    struct caller caller;
    return caller_begin(selftest, &caller) && public_key(&caller, KEYS_OP_IDENTITY, "", before) &&
           caller_sees_restart(&caller, "keystored") &&
           public_key(&caller, KEYS_OP_IDENTITY, "", after) &&
           selftest_expect(selftest, "one identity", memcmp(before, after, sizeof(after)) == 0,
                           true) &&
           signature(&caller, KEYS_OP_SIGN, "pair", made) &&
           is_given(&caller, "word", "open sesame") && caller_end(&caller);
}
