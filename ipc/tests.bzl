"""Tests of the client library."""

load("//testing:cc_test.bzl", "tessera_cc_test")
load("//testing:compile_fail.bzl", "compile_fail_test")

def ipc_tests():
    """Each `NAME_test`, and what must not compile."""
    tessera_cc_test(
        name = "budget_test",
        size = "small",
        srcs = ["budget_test.cc"],
        deps = [
            ":budget",
            ":types",
        ],
    )

    tessera_cc_test(
        name = "route_cache_test",
        size = "small",
        srcs = ["route_cache_test.cc"],
        deps = [
            ":route_cache",
            ":types",
            "//ipc/wire:policy_action",
        ],
    )

    # The tables, row by row.
    tessera_cc_test(
        name = "route_steps_test",
        size = "small",
        srcs = ["route_steps_test.cc"],
        deps = [
            ":client",
            ":route_cache",
            ":types",
            "//ipc/wire:policy_action",
            "//kernel/abi",
            "//runtime",
            "//runtime:ecall",
            "//runtime:syscall",
        ],
    )

    tessera_cc_test(
        name = "inbox_test",
        size = "small",
        srcs = ["inbox_test.cc"],
        deps = [
            ":inbox",
            ":types",
            "//kernel/abi",
        ],
    )

    tessera_cc_test(
        name = "client_test",
        size = "small",
        srcs = ["client_test.cc"],
        deps = [
            ":budget",
            ":client",
            ":route_cache",
            ":types",
            "//ipc/wire",
            "//ipc/wire:codec",
            "//ipc/wire:policy_action",
            "//ipc/wire:protocols",
            "//kernel/abi",
            "//runtime",
            "//runtime:syscall",
            "//testing/sim:client_world",
        ],
    )

    tessera_cc_test(
        name = "client_days_test",
        size = "small",
        srcs = ["client_days_test.cc"],
        deps = [
            ":budget",
            ":client",
            ":route_cache",
            ":types",
            "//ipc/wire:codec",
            "//ipc/wire:policy_action",
            "//ipc/wire:protocols",
            "//kernel/abi",
            "//runtime",
            "//runtime:syscall",
            "//testing/sim:client_world",
        ],
    )

    tessera_cc_test(
        name = "asks_test",
        size = "small",
        srcs = ["asks_test.cc"],
        deps = [
            ":ask",
            ":asks",
            ":client",
            ":frame",
            ":inbox",
            ":route_cache",
            ":types",
            "//ipc/wire",
            "//ipc/wire:codec",
            "//ipc/wire:echo_wire",
            "//ipc/wire:policy_action",
            "//ipc/wire:protocols",
            "//kernel/abi",
            "//runtime",
            "//runtime:syscall",
            "//testing/sim:machine",
        ],
    )

    tessera_cc_test(
        name = "ask_test",
        size = "small",
        srcs = ["ask_test.cc"],
        deps = [
            ":ask",
            ":client",
            ":types",
            "//ipc/wire:echo_wire",
            "//kernel/abi",
            "//runtime",
            "//runtime:ecall",
            "//runtime:syscall",
        ],
    )

    tessera_cc_test(
        name = "bulk_test",
        size = "small",
        srcs = ["bulk_test.cc"],
        deps = [
            ":bulk",
            ":types",
            "//kernel/abi",
            "//runtime:ecall",
            "//runtime:syscall",
        ],
    )

    tessera_cc_test(
        name = "plain_calls_test",
        size = "small",
        srcs = ["plain_calls_test.cc"],
        deps = [
            ":boot_route",
            ":client",
            ":crash",
            ":ready",
            ":resolver",
            ":timed_client",
            ":types",
            "//ipc/wire:init_wire",
            "//ipc/wire:log_wire",
            "//ipc/wire:policy_action",
            "//ipc/wire:routing_wire",
            "//ipc/wire:timed_wire",
            "//kernel/abi",
            "//runtime",
            "//runtime:ecall",
            "//runtime:syscall",
        ],
    )

    tessera_cc_test(
        name = "boot_resolver_test",
        size = "small",
        srcs = ["boot_resolver_test.cc"],
        deps = [
            ":ask",
            ":boot_resolver",
            ":client",
            ":route_cache",
            ":types",
            "//ipc/wire",
            "//ipc/wire:echo_wire",
            "//ipc/wire:init_wire",
            "//ipc/wire:policy_action",
            "//kernel/abi",
            "//runtime",
            "//runtime:ecall",
            "//runtime:syscall",
        ],
    )

    tessera_cc_test(
        name = "block_client_test",
        size = "small",
        srcs = ["block_client_test.cc"],
        deps = [
            ":block_client",
            ":block_item",
            ":client",
            ":types",
            "//ipc/wire",
            "//ipc/wire:block_wire",
            "//ipc/wire:policy_action",
            "//kernel/abi",
            "//runtime",
            "//runtime:ecall",
            "//runtime:syscall",
        ],
    )

    tessera_cc_test(
        name = "ring_test",
        size = "small",
        srcs = ["ring_test.cc"],
        deps = [
            ":bulk",
            ":ring",
            "//kernel/abi",
            "//runtime:syscall",
        ],
    )

    tessera_cc_test(
        name = "server_counts_test",
        size = "small",
        srcs = ["server_counts_test.cc"],
        deps = [
            ":client",
            ":route_cache",
            ":server_counts",
            "//ipc/wire",
            "//ipc/wire:codec",
            "//ipc/wire:server_wire",
            "//kernel/abi",
            "//runtime:ecall",
            "//runtime:syscall",
        ],
    )

    [
        tessera_cc_test(
            name = name,
            size = "small",
            srcs = [name + ".cc"],
            deps = [
                ":server",
                ":server_counts",
                ":types",
                "//ipc/wire",
                "//ipc/wire:codec",
                "//ipc/wire:server_wire",
                "//kernel/abi",
                "//runtime",
                "//runtime:ecall",
                "//runtime:syscall",
                "//testing/sim:server_world",
            ],
        )
        for name in [
            "server_clock_test",
            "server_test",
        ]
    ]

    # A service that is a client too.
    tessera_cc_test(
        name = "server_asks_test",
        size = "small",
        srcs = ["server_asks_test.cc"],
        deps = [
            ":asks",
            ":client",
            ":frame",
            ":route_cache",
            ":server",
            ":types",
            "//ipc/wire",
            "//ipc/wire:echo_wire",
            "//ipc/wire:policy_action",
            "//ipc/wire:server_wire",
            "//kernel/abi",
            "//runtime",
            "//runtime:syscall",
            "//testing/sim:machine",
        ],
    )

    # What no service can get wrong.
    compile_fail_test(
        name = "types_compile_fail_test",
        size = "small",
        src = "wrong/types.c",
        cases = {
            "ATTEMPTS_FOR_DEADLINE": "incompatible type for argument 1 of",
            "ATTEMPTS_FOR_MISMATCHES": "incompatible types when assigning to type",
            "DEADLINE_FOR_ATTEMPTS": "incompatible types when assigning to type",
            "DEADLINE_FOR_MISMATCHES": "incompatible types when assigning to type",
            "EPOCH_FOR_NONCE": "incompatible types when assigning to type",
            "MISMATCHES_FOR_ATTEMPTS": "incompatible types when assigning to type",
            "NONCE_FOR_EPOCH": "incompatible types when assigning to type",
            "NONCE_FOR_REPLY": "incompatible types when assigning to type",
            "NONCE_FOR_SEQUENCE": "incompatible types when assigning to type",
            "NONCE_FOR_SERVICE": "incompatible type for argument 2 of",
            "NONCE_FOR_SLOT": "incompatible types when assigning to type",
            "NUMBER_FOR_ATTEMPTS": "incompatible types when assigning to type",
            "NUMBER_FOR_DEADLINE": "incompatible type for argument 1 of",
            "NUMBER_FOR_EPOCH": "incompatible types when assigning to type",
            "NUMBER_FOR_MISMATCHES": "incompatible types when assigning to type",
            "NUMBER_FOR_NONCE": "incompatible types when assigning to type",
            "NUMBER_FOR_SERVICE": "incompatible type for argument 2 of",
            "NUMBER_FOR_SLOT": "incompatible types when assigning to type",
            "OUTCOME_IGNORED": "Werror=unused-result",
            "SEQUENCE_FOR_TICKET": "incompatible type for argument 2 of",
            "SLOT_FOR_SEQUENCE": "incompatible types when assigning to type",
            "SLOT_FOR_SERVICE": "incompatible type for argument 2 of",
            "SLOT_FOR_TICKET": "incompatible type for argument 2 of",
            "STATUS_IGNORED": "Werror=unused-result",
            "TOO_MANY_BOOT_ROUTES": "more rows than IPC_BOOT_ROUTE_MAX",
            "VIEW_FOR_SEALED": "incompatible pointer type",
            "WRITE_TO_VIEW": "read-only location",
        },
        deps = [
            ":asks",
            ":boot_resolver",
            ":bulk",
            ":client",
        ],
    )

    # Each outcome has to be looked at.
    compile_fail_test(
        name = "ignored_compile_fail_test",
        size = "small",
        src = "wrong/ignored.c",
        cases = {
            case: "Werror=unused-result"
            for case in [
                "ASK",
                "ASKS_AWAIT",
                "ASKS_START",
                "ASKS_TAKE",
                "BLANK_CREATE",
                "BLOCK_FLUSH",
                "BLOCK_OPEN",
                "BLOCK_READ",
                "BLOCK_RUN",
                "BLOCK_WRITE",
                "BOOT_ROUTE",
                "BOOT_ROUTE_FOR",
                "BUDGET_ATTEMPT",
                "BUDGET_MISMATCH",
                "CALL",
                "FILL_OPEN",
                "FILL_SEAL",
                "FRAME_ANSWER",
                "GRANT_CALL",
                "INBOX_CLOSE",
                "INBOX_DELIVER",
                "INBOX_EXPECT",
                "INBOX_TAKE",
                "KEEP",
                "MANAGE",
                "MANAGE_CALL",
                "NOTIFY",
                "OUTCOME",
                "READY",
                "REQUEST_PUT",
                "RING_BELL",
                "RING_PUT",
                "RING_READER",
                "RING_SLEEP",
                "RING_TAKE",
                "RING_WRITER",
                "SEAL",
                "SEALED_AT",
                "SEALED_OPEN",
                "SEND",
                "SERVE",
                "SERVER_CALL",
                "SERVER_INIT",
                "TELL",
                "TELL_CALL",
                "TIMED_CALL",
                "VIEWS_OPEN",
                "VIEW_COPY",
                "VIEW_OPEN",
                "WINDOW_CREATE",
                "WINDOW_LEND",
                "WINDOW_SHARE",
            ]
        },
        deps = [
            ":asks",
            ":block_client",
            ":boot_route",
            ":bulk",
            ":ready",
            ":ring",
            ":server",
            ":timed_client",
        ],
    )
