#!/usr/bin/env bash
# testing/keys/keys.sh: boots images one after the other on one disk, and looks at the disk after each: what is kept sealed is not on it, what is not is.
#   keys.sh TOOL RUNNER..
set -euo pipefail
tool=$1
shift
outputs=${TEST_UNDECLARED_OUTPUTS_DIR:-$TEST_TMPDIR}
unset TEST_UNDECLARED_OUTPUTS_DIR # Each boot would overwrite what the last one left.
disk=$outputs/keys.img
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
echo "keys: $boot boots"
