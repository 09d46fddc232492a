#!/usr/bin/env bash
# testing/qemu/syscalls.sh: boots an image whose kernel tells of each system call, with --trace; tools/trace must find for each operation how many it takes.
#   syscalls.sh RUNNER TOOL OPERATION SYSCALLS SEEN LIST FILE...: what OPERATION takes on the mean, with one decimal; all operations are there (testing/report/seen.sh LIST FILE...)
set -euo pipefail
runner=$1 tool=$2 operation=$3 wanted=$4 seen=$5 list=$6
shift 6
events=$TEST_TMPDIR/run.events
table=$TEST_TMPDIR/run.txt

fail() {
    echo "syscalls: $1" >&2
    exit 1
}

"$runner" --trace "$events" || fail "the boot failed"
"$tool" "$events" "$events.image" --rows 1000 >"$table"
rows=0 inside='' found=''
while IFS= read -r line; do
    case $line in 'operation '*) inside=yes; continue ;; esac
    [ -n "$inside" ] || continue
    read -ra words <<<"$line"
    [ "${#words[@]}" -gt 12 ] || fail "no row of an operation: $line"
    syscalls=${words[-5]} # Then come hits, misses, rebound, degraded.
    rows=$((rows + 1))
    [[ $syscalls =~ ^[0-9]+\.[0-9]$ && ${syscalls%.*} -ge 2 ]] || fail "fewer than two: $line"
    [ "${words[*]:0:${#words[@]}-12}" != "$operation" ] || found=$syscalls
done <"$table"
[ "$rows" -gt 20 ] || fail "$rows operations"
[ "$found" = "$wanted" ] || fail "$operation: ${found:-not there}, not $wanted"
"$seen" "$list" "$table" "$@" || fail "not all operations are there"
echo "syscalls: $rows operations, $operation takes $found"
rm -f "$events" # 4 MiB a hart.
