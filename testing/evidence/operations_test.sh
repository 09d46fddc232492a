#!/usr/bin/env bash
# testing/evidence/operations_test.sh: what operations.sh refuses.
set -euo pipefail
operations=$PWD/testing/evidence/operations.sh
cd "${TEST_TMPDIR:?}"

cat >echo_ops.def <<'END'
// WIRE_OP(NAME, number, ..)
WIRE_OP(ECHO, 1, true, 0, 0, "answers")
WIRE_OP(END, 2, false, 0, 0,
        "ends WIRE_OP(NOT_ONE, 3")
END
printf '# kept anew times\nfast slow 4\n' >some.paths

# expect TEST STATUS TEXT ROW...
expect() {
    local name=$1 wanted=$2 text=$3 status=0
    shift 3
    printf '%s\n' "$@" >rows
    "$operations" rows echo_ops.def some.paths >out 2>&1 || status=$?
    if [ "$status" != "$wanted" ] || [[ $(<out) != *"$text"* ]]; then
        echo "FAIL $name: ended with $status, not $wanted, or did not print: $text"
        cat out
        exit 1
    fi
}

end='echo END - there is no second call'
expect all_have_rows 0 "1 of 2 are compared" '# a comment' 'echo ECHO fast' "$end"
expect reason_that_refers 0 "0 of 2 are compared" 'echo ECHO - as END' "$end"
expect reason_that_refers_and_says_more 0 "0 of 2 are compared" 'echo ECHO - as END: once' "$end"
expect test_reject_new_operation 1 "echo END: is not compared, and no row of rows says why" 'echo ECHO fast'
expect test_reject_unknown_operation 1 "echo OTHER: no protocol has such an operation" 'echo ECHO fast' "$end" 'echo OTHER fast'
expect test_reject_two_rows 1 "echo ECHO: has two rows" 'echo ECHO fast' 'echo ECHO fast' "$end"
expect test_reject_figure_that_nobody_compares 1 "echo ECHO: no .paths file compares slow" 'echo ECHO slow' "$end"
expect test_reject_missing_figure 1 "echo ECHO: no .paths file compares anything" 'echo ECHO' "$end"
expect test_reject_missing_reason 1 "echo ECHO: neither a figure nor a reason" 'echo ECHO -' "$end"
expect test_reject_short_reason 1 "echo ECHO: neither a figure nor a reason" 'echo ECHO - not hot' "$end"
expect test_reject_reason_that_refers_to_nothing 1 "echo ECHO: as NOBODY, which is no other operation of echo" 'echo ECHO - as NOBODY: there is no second call' "$end"
expect test_reject_reason_that_refers_to_itself 1 "echo ECHO: as ECHO, which is no other operation of echo" 'echo ECHO - as ECHO' "$end"
expect test_reject_words_behind_a_figure 1 "echo ECHO: words behind its figure" 'echo ECHO fast and more' "$end"

printf 'echo ECHO fast\n%s' "$end" >rows
printf 'WIRE_OP(ECHO, 1, true, 0, 0, "answers")\nWIRE_OP(END, 2, false, 0, 0, "ends")' >whole_ops.def
mkdir whole
mv whole_ops.def whole/echo_ops.def
"$operations" rows whole/echo_ops.def some.paths >out 2>&1 && [[ $(<out) == *"1 of 2 are compared"* ]] || {
    echo "FAIL last_line_without_newline"
    cat out
    exit 1
}

: >new_ops.def
if "$operations" rows echo_ops.def new_ops.def some.paths >out 2>&1 || [[ $(<out) != *"new_ops.def names no operation"* ]]; then
    echo "FAIL test_reject_protocol_without_operations"
    cat out
    exit 1
fi
if "$operations" rows other.c some.paths >out 2>&1 || [[ $(<out) != *"no operations are given"* ]]; then
    echo "FAIL test_reject_no_protocols"
    cat out
    exit 1
fi
