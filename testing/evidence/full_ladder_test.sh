#!/usr/bin/env bash
# testing/evidence/full_ladder_test.sh: what full_ladder.sh adds up and refuses, with boots that say what they are told.
set -euo pipefail
full_ladder=$PWD/testing/evidence/full_ladder.sh
cd "${TEST_TMPDIR:?}"
unset TEST_UNDECLARED_OUTPUTS_DIR

# boots NAME STATUS VERDICT
boots() {
    printf '#!/usr/bin/env bash\necho "12.00 s | kernel: boot"\necho "%s"\nexit %s\n' "$3" "$2" >"$1"
    chmod +x "$1"
}

# expect TEST STATUS TEXT ARGUMENT..
expect() {
    local name=$1 wanted=$2 text=$3 status=0
    shift 3
    "$full_ladder" "$@" >out 2>&1 || status=$?
    if [ "$status" != "$wanted" ] || [[ $(<out) != *"$text"* ]]; then
        echo "FAIL $name: ended with $status, not $wanted, or did not print: $text"
        cat out
        exit 1
    fi
}

boots one 0 'PASS one: 9 of 9 rules of a.golden in 1.08 s, 1.2 % of the 90 s deadline'
boots two 0 'PASS two: 9 of 9 rules of a.golden in 88.92 s, 98.8 % of the 90 s deadline'
boots broken 1 'FAIL broken: 3 of 9 rules of a.golden in 1.00 s, 1.1 % of the 90 s deadline'
boots silent 0 'PASS silent: 9 of 9 rules of a.golden'

expect boots_are_added 0 'PASS full ladder: 2 boots in 90.00 s, 47.3 % of the 190 s gate' 190 ./one ./two
expect exactly_the_gate 0 '2 boots in 90.00 s, 100.0 % of the 90 s gate' 90 ./one ./two
expect test_reject_more_than_the_gate 1 'too long: 3 boots in 91.08 s, 101.2 % of the 90 s gate' 90 ./one ./two ./one
expect test_reject_a_boot_that_fails 1 'full_ladder: broken failed' 190 ./one ./broken ./two
expect test_reject_a_boot_without_a_time 1 'silent does not say how long it took' 190 ./silent
expect test_reject_no_boots 2 'a gate in seconds and the images' 190
expect test_reject_no_gate 2 'a gate in seconds and the images' ./one ./two
