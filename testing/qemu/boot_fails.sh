#!/usr/bin/env bash
# testing/qemu/boot_fails.sh: boots an image that must fail, and checks what is said about it.
#   boot_fails.sh RUNNER TEXT..
#   boot_fails.sh RUNNER --stops LINE TEXT..    and that the machine writes LINE before its kernel's registers, and at most once behind them: a hart ends the entry that it is in
set -euo pipefail
runner=$1
shift
stops=
if [ "${1-}" = --stops ]; then
    stops=$2
    shift 2
fi
fail() {
    echo "boot_fails: $1" >&2
    exit 1
}
status=0
"$runner" --log "$TEST_TMPDIR/uart.log" >"$TEST_TMPDIR/out.txt" 2>&1 || status=$?
cat "$TEST_TMPDIR/out.txt"
[ $status = 1 ] || fail "the runner ended with $status, not 1"
for text in "$@"; do
    [[ $(<"$TEST_TMPDIR/out.txt") == *"$text"* ]] || fail "nothing says: $text"
done
[ -n "$stops" ] || exit 0
uart=$(<"$TEST_TMPDIR/uart.log")
[[ ${uart%%kernel: registers*} == *"$stops"* ]] || fail "it never wrote: $stops"
behind=${uart#*kernel: registers}
[[ ${behind#*"$stops"} != *"$stops"* ]] || fail "a hart was not stopped, and wrote: $stops"
