// ipc/boot_resolver.h: routes that the boot manifest gives, kept by a client like any other route:
// what an ipc_client resolves with where samgrd cannot be asked, or is the one that is asked.
//
// The first time a route begins with a copy of the manifest's own capability, with the one right
// that its use needs; after it was lost, init is asked for the one to the instance of now
// (boot_route.h), and what comes is narrowed to the same right. The manifest's capability stays in
// its slot: whoever has a row of a slot that is closed elsewhere says that it has begun (`begun`).
// Ownership: the caller owns the struct; rows, and what `others` is given, outlive it.
// Blocking:  never the first time; then until init answers, at most until the deadline.
// Errors:    enum resolve_answer. RESOLVE_FAILED: the target has no instance now.
//            RESOLVE_REFUSED: the manifest gives no such route, or no row names it; or there are
//            more rows than IPC_BOOT_ROUTE_MAX, which a line says and IPC_BOOT_ROWS does not let
//            compile.
#pragma once

#include "ipc/client.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { IPC_BOOT_ROUTE_MAX = 8 };

// For how long one that the manifest does not give is not asked for again.
#define IPC_BOOT_DENY_NS UINT64_C(1000000000)

struct ipc_boot_route_row {
    const char *target;
    enum policy_action action;  // POLICY_MANAGE: the manifest gives it with a badge.
    uint32_t slot;              // Where the manifest puts it.
};

struct ipc_boot_resolver {
    struct runtime *runtime;
    const struct ipc_boot_route_row *rows;  // IPC_BOOT_ROWS sets both.
    uint32_t count;                         // At most IPC_BOOT_ROUTE_MAX.
    uint32_t begun;  // Bit i: the route of row i has begun. Set at first: init is asked at once,
                     // for somebody else may close that slot.
    ipc_resolve *others;  // For what no row names, with `context`. Null: refused.
    void *context;
};

// In the initializer of a struct ipc_boot_resolver: its rows, which are an array.
#define IPC_BOOT_ROWS(table)                                                                   \
    .rows = (table),                                                                           \
    .count = ARRAY_LEN(table) + 0 * sizeof(struct {                                            \
                                    BASE_STATIC_ASSERT(ARRAY_LEN(table) <= IPC_BOOT_ROUTE_MAX, \
                                                       "more rows than IPC_BOOT_ROUTE_MAX");   \
                                    char one;                                                  \
                                })

// An ipc_resolve; `context` is a struct ipc_boot_resolver.
struct resolved ipc_boot_resolve(void *context, struct service_id target, enum policy_action action,
                                 struct deadline deadline);

// A client whose routes are all of these rows. They are kept also by a build that keeps nothing:
// what the manifest gives was never resolved.
void ipc_boot_client_init(struct ipc_client *client, struct ipc_boot_resolver *resolver);

#ifdef __cplusplus
}
#endif
