#!/usr/bin/env bash
# testing/qemu/same_log.sh: boots an image several times; each boot must pass, and all logs must be the same to the byte.
#   same_log.sh RUNNER COUNT
set -euo pipefail
runner=$1
count=$2
outputs=${TEST_UNDECLARED_OUTPUTS_DIR:-$TEST_TMPDIR}
unset TEST_UNDECLARED_OUTPUTS_DIR # Each boot would overwrite what the last one left.
[ "$count" -ge 2 ] || { echo "same_log: $count boots show nothing" >&2; exit 2; }

for ((i = 1; i <= count; i++)); do
    if ! "$runner" --log "$outputs/uart$i.log" >"$outputs/run$i.txt" 2>&1; then
        cat "$outputs/run$i.txt"
        exit 1
    fi
    grep '^PASS' "$outputs/run$i.txt"
    if ! cmp "$outputs/uart1.log" "$outputs/uart$i.log"; then
        diff -a "$outputs/uart1.log" "$outputs/uart$i.log" | head -20 || true
        echo "same_log: boot $i is not boot 1" >&2
        exit 1
    fi
done
[ -s "$outputs/uart1.log" ] || { echo "same_log: the log is empty" >&2; exit 1; }
echo "same_log: $count boots, $(wc -c <"$outputs/uart1.log") bytes each, all the same"
