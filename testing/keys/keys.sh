#!/usr/bin/env bash
# testing/keys/keys.sh: boots images one after the other on one disk, and looks at the disk after each: what is kept sealed is not on it, what is not is.
#   keys.sh TOOL RUNNER..
set -euo pipefail
tool=$1
shift
. testing/qemu/boots.sh
disk=$outputs/keys.img
for runner in "$@"; do
    boot "$runner" --disk "$disk"
    "$tool" check "$disk"
    letters=$(tr -cd ' a-z' <"$disk")
    case $letters in *"a word that anybody may read"*) ;; *)
        echo "keys: what was put as it is cannot be found on the disk" >&2
        exit 1
    esac
    case $letters in *"open sesame"*)
        echo "keys: a secret is on the disk as it is" >&2
        exit 1
    esac
done
echo "keys: $boots boots"
