#!/usr/bin/env bash
# testing/qemu/trace.sh: boots an image with --trace; the boot must pass as it does without, and tools/trace must find calls in what it left.
#   trace.sh RUNNER TOOL CALLER SERVER INNER: calls of CALLER to SERVER, which for the longest of them asked INNER
set -euo pipefail
runner=$1 tool=$2 caller=$3 server=$4 inner=$5
folder=${TEST_UNDECLARED_OUTPUTS_DIR:-$TEST_TMPDIR}
events=$folder/run.events

fail() {
    echo "trace: $1" >&2
    exit 1
}
holds() { # holds TEXT WHAT: fails with the text unless WHAT is in it
    case $1 in *"$2"*) return ;; esac
    printf '%s\n' "$1" >&2
    fail "no '$2' there"
}

"$runner" --trace "$events" || fail "the boot failed"
said=$("$tool" "$events" "$events.image" --perfetto "$folder/again.perfetto")
[ "$(sha256sum <"$folder/again.perfetto")" = "$(sha256sum <"$events.perfetto")" ] || fail "tools/trace writes another Perfetto trace than the runner"
holds "$said" "$caller > $server "
holds "$said" "policyd policy ASK "
[ "$(wc -c <"$events.perfetto")" -gt 100000 ] || fail "the Perfetto trace is empty"
said=$("$tool" "$events" "$events.image" --path --caller "$caller" --server "$server")
holds "$said" "  $server > $inner "
status=0
said=$("$tool" "$events" "$events.image" --path --caller nobody 2>&1) || status=$?
[ $status = 1 ] || fail "a call of nobody: status $status"
holds "$said" "no such call"
echo "trace: $(wc -c <"$events.perfetto") bytes of a Perfetto trace"
rm -f "$events" # 4 MiB a hart.
