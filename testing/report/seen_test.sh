#!/usr/bin/env bash
# testing/report/seen_test.sh: what seen.sh refuses.
set -euo pipefail
seen=$PWD/testing/report/seen.sh
cd "${TEST_TMPDIR:?}"

printf '%s\n' 'WIRE_OP(ECHO, 1, true, 0, 0, "answers")' 'WIRE_OP(END, 2, false, 0, 0,' '        "ends WIRE_OP(NOT_ONE, 3")' >echo_ops.def
printf '%s\n' 'task  runs us' 'echo 3 17' 'operation calls ns each' 'echo echo ECHO 30 793' 'probe (raw type 28) 2 77300' >table

# expect TEST STATUS TEXT ROW...
expect() {
    local name=$1 wanted=$2 text=$3 status=0
    shift 3
    printf '%s\n' "$@" >rows
    "$seen" rows table echo_ops.def other.c >out 2>&1 || status=$?
    if [ "$status" != "$wanted" ] || [[ $(<out) != *"$text"* ]]; then
        echo "FAIL $name: ended with $status, not $wanted, or did not print: $text"
        cat out
        exit 1
    fi
}

end='echo END there is no answer'
expect all_have_rows 0 "seen: 1 of 2 operations" '# a comment' '' "$end"
expect test_reject_operation_without_row 1 "echo END: nobody asked for it, and no row of rows says why" '# a comment'
expect test_reject_stale_row 1 "echo ECHO: was asked for, though rows says not" "$end" 'echo ECHO is not asked for'
expect test_reject_unknown_operation 1 "echo OTHER: no protocol has such an operation" "$end" 'echo OTHER none'
expect test_reject_two_rows 1 "echo END: has two rows" "$end" "$end"
expect test_reject_missing_reason 1 "echo END: has no reason" 'echo END'

if "$seen" rows table other.c >out 2>&1 || [[ $(<out) != *"no operations are given"* ]]; then
    echo "FAIL test_reject_no_protocols"
    cat out
    exit 1
fi
