#!/usr/bin/env bash
# testing/update/cuts.sh: the boots of update.sh up to the one in which a system is confirmed and the next one staged; that one with a log of what its disk is told, whose power is then cut at many points.
#   cuts.sh JUDGE KEY RUNNER..
set -euo pipefail
judge=$1
key=$2
shift 2
. testing/qemu/boots.sh
disk=$TEST_TMPDIR/update.img
log=$TEST_TMPDIR/disk.log
base=$TEST_TMPDIR/base.img
while [ $# -gt 1 ]; do
    boot "$1" --disk "$disk"
    shift
done
cp "$disk" "$base"
boot "$1" --disk "$disk" --disk-log "$log"
"$judge" "$log" --base "$base" --key "$key" --seeds 300
# The same points with a disk that ignores flushes: it is found, or this shows nothing.
said=$("$judge" "$log" --base "$base" --key "$key" --seeds 300 --forget-flushes 2>&1) && said="status 0: $said"
case $said in "cuts: seed "*) echo "as it must be: $said" ;; *) echo "cuts: not found, but: $said" >&2; exit 1 ;; esac
# Half a log is none.
head -c 8192 "$log" >"$log.half"
said=$("$judge" "$log.half" --base "$base" --key "$key" 2>&1) && said="status 0: $said"
case $said in *"no log, or a short one") ;; *) echo "cuts: half a log was taken: $said" >&2; exit 1 ;; esac
