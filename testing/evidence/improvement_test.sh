#!/usr/bin/env bash
# testing/evidence/improvement_test.sh: what improvement.sh refuses, with benchmarks that print what they are told.
set -euo pipefail
improvement=$PWD/testing/evidence/improvement.sh budget=$PWD/testing/budgets/budget.sh
dir=${TEST_TMPDIR:?}
unset TEST_UNDECLARED_OUTPUTS_DIR
cd "$dir"
for name in kept anew; do
    printf '#!/usr/bin/env bash\ncp "%s/%s.figures" "$2"\n' "$dir" "$name" >$name.runner
    chmod +x $name.runner
done
: >drift

# figures NAME FIGURE NUMBER...: the log of that benchmark, and ceilings to match.
figures() {
    local name=$1
    shift
    : >$name.budget
    echo "kernel: boot" >$name.figures
    while [ $# -gt 0 ]; do
        echo "bench: $1 $2 mean $2 first $2" >>$name.figures
        echo "$1 $2 because" >>$name.budget
        shift 2
    done
}

# expect TEST STATUS TEXT
expect() {
    local status=0
    "$improvement" paths "$budget" drift "$dir/kept.runner" kept.budget "accept kept" "$dir/anew.runner" anew.budget "accept anew" >out 2>&1 || status=$?
    if [ "$status" != "$2" ] || [[ $(<out) != *"$3"* ]]; then
        echo "FAIL $1: ended with $status, not $2, or did not print: $3"
        cat out
        exit 1
    fi
}

printf '# comment\nhit slow 10\nsame same 1\n' >paths
figures kept hit 10 same 5
figures anew slow 100 same 6
expect improvement_is_accepted 0 "hit"

figures anew slow 99 same 6
expect test_reject_fewer_times_than_promised 1 "hit takes 10 instructions with reuse and 99 without (slow): not 10 times cheaper"
figures anew slow 100 same 5
expect test_reject_no_improvement 1 "same takes 5 instructions with reuse and 5 without (same): not 1 times cheaper"

figures anew slow 100 same 6
echo "hit 9 because" >kept.budget
echo "same 5 because" >>kept.budget
expect test_reject_worse_than_accepted 1 "hit: was 9, is 10 (mean 10): 1 instructions too many"
expect test_reject_worse_than_accepted 1 "to take the new figures: accept kept"
figures kept hit 10 same 5
echo "slow 90 because" >anew.budget
echo "same 6 because" >>anew.budget
expect test_reject_worse_baseline_than_accepted 1 "to take the new figures: accept anew"

figures kept hit 10
figures anew slow 100 same 6
expect test_reject_missing_figure 1 "no figure to compare: same ''"
figures kept hit 10 same 5
echo 'hit slow' >paths
expect test_reject_bad_row 1 "bad row: hit slow"
: >paths
expect test_reject_no_paths 1 "no hot path is named"
