#!/bin/bash
# testing/qemu/main_test.sh: the program as Bazel starts it: a link, the JSON beside it, runfiles beside that; and its flags.
set -euo pipefail
dir=${TEST_TMPDIR:?}/where
mkdir -p "$dir/image.runfiles" "$dir/elsewhere"
runner=$PWD/testing/qemu/runner
fake=$PWD/testing/qemu/fake_qemu

fail() {
    echo "FAIL: $1"
    cat "$dir/out"
    exit 1
}

# expect STATUS TEXT COMMAND...: the command ends with STATUS and prints TEXT.
expect() {
    local wanted=$1 text=$2 status=0
    shift 2
    "$@" >"$dir/out" 2>&1 || status=$?
    [[ $status == "$wanted" ]] || fail "$* ended with $status, not $wanted"
    [[ $(<"$dir/out") == *"$text"* ]] || fail "$* did not print: $text"
}

ln -sf "$runner" "$dir/image"
ln -sf "$fake" "$dir/image.runfiles/qemu"
printf 'kernel: boot\nselftest: end\n' >"$dir/image.runfiles/golden"
printf 'print kernel: boot\nprint selftest: end\nprint kernel: power off\n' >"$dir/image.runfiles/good"
printf 'print kernel: boot\nexit 1\n' >"$dir/image.runfiles/bad"
describe() {
    printf '{"name":"image","qemu":"qemu","firmware":"f","kernel":"k","boot_image":"%s","golden":"golden",
"golden_label":"g","addr2line":"a","gdb_command":"gdb","programs":{"p":"p.elf"},"hart_count":2,"memory_mib":64,
"deadline_s":30,"icount":false,"legacy_virtio":false,"rngs":0,"script":"","script_label":"","interactive":false}' "$1"
}
describe good >"$dir/image.run.json"
describe bad >"$dir/bad.run.json"

# From any folder; the environment of this test must not lead it to this test's own runfiles.
unset TEST_SRCDIR RUNFILES_DIR TEST_UNDECLARED_OUTPUTS_DIR
cd "$dir/elsewhere"
lock=(--lock "$dir/lock")
expect 0 "PASS image: 2 of 2 rules of g" "$dir/image" "${lock[@]}"
expect 1 "QEMU ended by itself with status 1" "$dir/image" "${lock[@]}" --spec "$dir/bad.run.json"
expect 0 "-smp 2 -m 64M" "$dir/image" --print
expect 2 "none.json: can't be read" "$dir/image" --spec "$dir/none.json"

# The terminal is the machine's: what it prints comes as it is, and nothing is judged.
expect 1 $'kernel: boot\r' "$dir/image" "${lock[@]}" --spec "$dir/bad.run.json" --interactive
[[ $(<"$dir/out") != *FAIL* ]] || fail "an interactive run was judged"
expect 2 "--log excludes --interactive" "$dir/image" --interactive --log kept.log

# An image that is for people is so unless its log is wanted.
describe bad >"$dir/people.run.json"
people=$(<"$dir/people.run.json")
printf '%s' "${people/interactive\":false/interactive\":true}" >"$dir/people.run.json"
expect 1 "Ctrl-A X ends it" "$dir/image" "${lock[@]}" --spec "$dir/people.run.json"
expect 1 "FAIL image" "$dir/image" "${lock[@]}" --spec "$dir/people.run.json" --log "$dir/elsewhere/judged.log"

# What a person types is meant from where it was typed.
export BUILD_WORKING_DIRECTORY=$dir
expect 0 "PASS" "$dir/image" "${lock[@]}" --log kept.log
[[ $(<"$dir/kept.log") == *"selftest: end"* ]] || fail "the log was not kept"
unset BUILD_WORKING_DIRECTORY

# As a test.
export TEST_SRCDIR=$dir/image.runfiles TEST_UNDECLARED_OUTPUTS_DIR=$dir/elsewhere
expect 0 "PASS" "$dir/image" "${lock[@]}"
[[ $(<"$dir/elsewhere/times.json") == *'"selftest: end"'* ]] || fail "no times"
echo PASS
