#!/usr/bin/env bash
# testing/qemu/boots.sh: for scripts that boot images one after the other; they source it. Each boot's log stays among the test's outputs, or in its scratch folder.
outputs=${TEST_UNDECLARED_OUTPUTS_DIR:-$TEST_TMPDIR}
unset TEST_UNDECLARED_OUTPUTS_DIR # Each boot would overwrite what the last one left.
boots=0
uart=

# boot RUNNER [FLAG..]: one boot, its log in $uart, and its verdict; the script ends if it is not passed.
boot() {
    boots=$((boots + 1))
    uart=$outputs/uart$boots.log
    if ! "$@" --log "$uart" >"$outputs/run$boots.txt" 2>&1; then
        cat "$outputs/run$boots.txt"
        exit 1
    fi
    local line
    while IFS= read -r line; do
        case $line in PASS*) echo "$line" ;; esac
    done <"$outputs/run$boots.txt"
}
