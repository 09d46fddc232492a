#!/usr/bin/env bash
# testing/statefs/persist.sh: boots images one after the other on one disk, and looks at the disk after each.
#   persist.sh TOOL RUNNER..
set -euo pipefail
tool=$1
shift
outputs=${TEST_UNDECLARED_OUTPUTS_DIR:-$TEST_TMPDIR}
unset TEST_UNDECLARED_OUTPUTS_DIR # Each boot would overwrite what the last one left.
disk=$outputs/state.img
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
    "$tool" check "$disk"
    "$tool" dump "$disk" >"$outputs/dump$boot.txt"
done
# The tool on the host reads what the service wrote, and what the last boot changed.
mapfile -t entries <"$outputs/dump$boot.txt"
found=
for entry in "${entries[@]}"; do
    case $entry in *" boot $boot") found=yes ;; *" last "*) echo "persist: a deleted key is there" >&2; exit 1 ;; esac
done
[ -n "$found" ] || { echo "persist: the last boot's word is not on the disk" >&2; exit 1; }
echo "persist: $boot boots, ${#entries[@]} entries"
