#!/usr/bin/env bash
# testing/statefs/persist.sh: boots images one after the other on one disk, and looks at the disk after each.
#   persist.sh TOOL RUNNER..
set -euo pipefail
tool=$1
shift
. testing/qemu/boots.sh
disk=$outputs/state.img
for runner in "$@"; do
    boot "$runner" --disk "$disk"
    "$tool" check "$disk"
    "$tool" dump "$disk" >"$outputs/dump$boots.txt"
done
# The tool on the host reads what the service wrote, and what the last boot changed.
mapfile -t entries <"$outputs/dump$boots.txt"
found=
for entry in "${entries[@]}"; do
    case $entry in *" boot $boots") found=yes ;; *" last "*) echo "persist: a deleted key is there" >&2; exit 1 ;; esac
done
[ -n "$found" ] || { echo "persist: the last boot's word is not on the disk" >&2; exit 1; }
echo "persist: $boots boots, ${#entries[@]} entries"
