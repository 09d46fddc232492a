#!/usr/bin/env bash
# testing/statefs/powercut.sh: boots an image once with a log of what its disk is told, then cuts the power of that disk at many points of the log.
#   powercut.sh JUDGE RUNNER
set -euo pipefail
judge=$1
runner=$2
. testing/qemu/boots.sh
log=$TEST_TMPDIR/disk.log
boot "$runner" --disk-log "$log"
"$judge" "$log" --seeds 400
# The same points with a disk that ignores flushes: it is found, or this shows nothing.
must_say() {
    local said
    said=$("${@:2}" 2>&1) && said="status 0: $said"
    case $said in "powercut: $1"*) echo "as it must be: $said" ;; *) echo "powercut: not found: $1, but: $said" >&2; return 1 ;; esac
}
must_say "seed " "$judge" "$log" --seeds 400 --forget-flushes
# Half a log is none.
head -c "$(($(stat -c %s "$log") / 2))" "$log" >"$log.half"
must_say "$log.half: short" "$judge" "$log.half" --seeds 400
