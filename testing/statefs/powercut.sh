#!/usr/bin/env bash
# testing/statefs/powercut.sh: boots an image once with a log of what its disk is told, then cuts the power of that disk at many points of the log.
#   powercut.sh JUDGE RUNNER
set -euo pipefail
judge=$1
runner=$2
outputs=${TEST_UNDECLARED_OUTPUTS_DIR:-$TEST_TMPDIR}
unset TEST_UNDECLARED_OUTPUTS_DIR
log=$TEST_TMPDIR/disk.log
if ! "$runner" --disk-log "$log" --log "$outputs/uart.log" >"$outputs/run.txt" 2>&1; then
    cat "$outputs/run.txt"
    exit 1
fi
while IFS= read -r line; do
    case $line in PASS*) echo "$line" ;; esac
done <"$outputs/run.txt"
"$judge" "$log" --seeds 400
# The same points with a disk that ignores flushes: it is found, or this shows nothing.
if "$judge" "$log" --seeds 400 --forget-flushes; then
    echo "powercut: a disk that does not flush was not found" >&2
    exit 1
fi
