#!/usr/bin/env bash
# testing/budgets/figures_test.sh: figures.sh against documents and budgets of its own, right and wrong.
set -euo pipefail
figures=$PWD/testing/budgets/figures.sh
cd "${TEST_TMPDIR:?}"

# expect STATUS TEXT LINE..: what figures.sh says of a document with one table of these lines
expect() {
    local wanted=$1 text=$2 status=0
    shift 2
    printf '%s\n' '| what | here | row |' '| --- | --- | --- |' "$@" >page.md
    "$figures" page.md -- kept.budget anew.budget >out 2>&1 || status=$?
    [[ $status = "$wanted" && $(<out) == *"$text"* ]] || { echo "FAIL: $* ended with $status"; cat out; exit 1; }
}

printf '%s\n' '# rows' 'call 287 why' 'window 542 why' 'boot <60000 why' >kept.budget
printf '%s\n' 'window 975904 why' >anew.budget
expect 0 "" '| a call | 287 | `call` |'
expect 0 "" '| a call | 287, or 358 with more | `call` |' '| a window | 542 | 975,904 anew | `window` |' '| a boot | 1 | `boot` |'
expect 1 'page.md:3: call is 287' '| a call | 288 | `call` |'
expect 1 'page.md:3: call is 287' '| a call | 2871 | `call` |'
expect 1 'page.md:3: call is 287' '| a call | 287.5 | `call` |'
expect 1 'window is 975904' '| a window | 542 | `window` |'
expect 1 'no budget has a row cal' '| a call | 287 | `cal` |'
expect 1 'no figure of a budget' '| a boot | 60,000 | `boot` |'
expect 1 'no figure of a budget' '' '| a call | 287 | `call` |'
