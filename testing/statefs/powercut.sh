#!/usr/bin/env bash
# testing/statefs/powercut.sh: boots an image once with a log of what its disk is told, then cuts the power of that disk at many points of the log, and boots again on three of the disks that are left.
#   powercut.sh JUDGE TOOL RUNNER AGAIN UNFLUSHED
# TOOL is statefs, which makes those three disks; AGAIN is the same image, judged by what it prints on such a disk; UNFLUSHED has a statefsd that never flushes, which must be found.
set -euo pipefail
judge=$1
tool=$2
runner=$3
again=$4
unflushed=$5
. testing/qemu/boots.sh
log=$TEST_TMPDIR/disk.log
boot "$runner" --disk-log "$log"
# Each change is printed as it is acknowledged, and the next begins after that.
number=0
while IFS= read -r line; do
    case $line in "| load: change "*)
        number=$((number + 1))
        [ "${line%$'\r'}" = "| load: change $number" ] || { echo "powercut: out of order: $line" >&2; exit 1; }
        ;;
    esac
done <"$uart"
"$judge" "$log" --seeds 400 --choose >"$TEST_TMPDIR/judged.txt" || { cat "$TEST_TMPDIR/judged.txt"; exit 1; }
mapfile -t judged <"$TEST_TMPDIR/judged.txt"
echo "${judged[-1]}"
case ${judged[-1]} in *" $number changes"*) ;; *) echo "powercut: $number changes were printed" >&2; exit 1 ;; esac
# A machine finds on such a disk what the host found.
for disk in 1 2 3; do
    seed= change=
    for line in "${judged[@]}"; do
        case $line in "powercut: disk $disk is seed "*) read -r _ _ _ _ _ seed _ change <<<"$line" ;; esac
    done
    "$tool" cut "$log" "$TEST_TMPDIR/cut$disk" --seed "$seed"
    "$tool" check "$TEST_TMPDIR/cut$disk" >"$outputs/check$disk.txt"
    boot "$again" --disk "$TEST_TMPDIR/cut$disk"
    found=
    while IFS= read -r line; do
        case $line in "| load: found change "*) line=${line%$'\r'} found=${line##* } ;; esac
    done <"$uart"
    [ -n "$change" ] && [ "$found" = "$change" ] || { echo "powercut: disk $disk: the host found change $change, the machine $found" >&2; exit 1; }
    echo "as on the host: disk $disk has change $change"
done
# What does not flush is found, or this shows nothing: a disk that ignores flushes,
must_say() {
    local said
    said=$("${@:2}" 2>&1) && said="status 0: $said"
    case $said in "$1"*) echo "as it must be: $said" ;; *) echo "powercut: not found: $1, but: $said" >&2; return 1 ;; esac
}
must_say "powercut: seed " "$judge" "$log" --seeds 400 --forget-flushes
# a service that asks for none,
boot "$unflushed" --disk-log "$log.unflushed"
must_say "powercut: seed " "$judge" "$log.unflushed" --seeds 400
# and half a log is none.
head -c "$(($(stat -c %s "$log") / 2))" "$log" >"$log.half"
must_say "$log.half: short" "$judge" "$log.half" --seeds 400
