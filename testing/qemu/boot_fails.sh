#!/usr/bin/env bash
# testing/qemu/boot_fails.sh: boots an image that must fail, and checks what is said about it.
#   boot_fails.sh RUNNER TEXT..
set -euo pipefail
runner=$1
shift
status=0
"$runner" >"$TEST_TMPDIR/out.txt" 2>&1 || status=$?
cat "$TEST_TMPDIR/out.txt"
[ $status = 1 ] || { echo "boot_fails: the runner ended with $status, not 1" >&2; exit 1; }
for text in "$@"; do
    [[ $(<"$TEST_TMPDIR/out.txt") == *"$text"* ]] || { echo "boot_fails: nothing says: $text" >&2; exit 1; }
done
