#!/usr/bin/env bash
# tools/symbolize/crash.sh: boots an image in which a program crashes, and sees that `symbolize` finds in the kept log where in the source that was.
#   crash.sh RUNNER SYMBOLIZE PROGRAM TEXT..    each TEXT stands in the frames below a backtrace of PROGRAM
set -euo pipefail
runner=$1
symbolize=$2
program=$3
shift 3
fail() {
    echo "crash: $1" >&2
    exit 1
}

# What the runner itself says of a file: RUNNER.run.json names it from the root of the runfiles.
file_of() {
    local spec path
    spec=$(<"$runner.run.json")
    path=${spec#*\"$1\":\"}
    [ "$path" != "$spec" ] || fail "the runner has no $1"
    echo "$TEST_SRCDIR/${path%%\"*}"
}

"$runner" --log "$TEST_TMPDIR/uart.log" || fail "the boot failed"
"$symbolize" --kernel "$(file_of kernel)" --addr2line "$(file_of addr2line)" --program "$program=$(file_of "$program")" \
    <"$TEST_TMPDIR/uart.log" >"$TEST_TMPDIR/frames.txt"
frames= below=
while IFS= read -r line; do
    if [[ $line == *"backtrace $program 0x"* ]]; then
        below=yes
    elif [ -n "$below" ] && [[ $line == "    "* ]]; then
        frames+=$line$'\n'
    else
        below=
    fi
done <"$TEST_TMPDIR/frames.txt"
echo "$frames"
for text in "$@"; do
    [[ $frames == *"$text"* ]] || fail "no frame says: $text"
done
