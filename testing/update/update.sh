#!/usr/bin/env bash
# testing/update/update.sh: boots one image again and again on one disk, as its own reboots ask for; each boot has a golden file of its own.
#   update.sh STATEFS RUNNER..
set -euo pipefail
tool=$1
shift
. testing/qemu/boots.sh
disk=$outputs/update.img
for runner in "$@"; do
    boot "$runner" --disk "$disk"
done
# The floor on the disk is the version that was confirmed last, not the one that was only tried.
"$tool" dump "$disk" >"$outputs/dump.txt"
entries=$(<"$outputs/dump.txt")
case $entries in *' floor \x02\x00\x00\x00\x00\x00\x00\x00'*) ;; *) echo "update: no floor of 2: $entries" >&2; exit 1 ;; esac
echo "update: $boots boots, floor 2"
