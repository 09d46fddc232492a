#!/usr/bin/env bash
# testing/update/update.sh: boots one image again and again on one disk, as its own reboots ask for; each boot has a golden file of its own.
#   update.sh STATEFS RUNNER..
set -euo pipefail
tool=$1
shift
outputs=${TEST_UNDECLARED_OUTPUTS_DIR:-$TEST_TMPDIR}
unset TEST_UNDECLARED_OUTPUTS_DIR # Each boot would overwrite what the last one left.
disk=$outputs/update.img
boot=0
for runner in "$@"; do
    boot=$((boot + 1))
    if ! "$runner" --disk "$disk" --log "$outputs/uart$boot.log" >"$outputs/run$boot.txt" 2>&1; then
        cat "$outputs/run$boot.txt"
        exit 1
    fi
    while IFS= read -r line; do
        case $line in PASS*) echo "$line" ;; esac
    done <"$outputs/run$boot.txt"
done
# The floor on the disk is the version that was confirmed last, not the one that was only tried.
"$tool" dump "$disk" >"$outputs/dump.txt"
entries=$(<"$outputs/dump.txt")
case $entries in *' floor \x02\x00\x00\x00\x00\x00\x00\x00'*) ;; *) echo "update: no floor of 2: $entries" >&2; exit 1 ;; esac
echo "update: $boot boots, floor 2"
