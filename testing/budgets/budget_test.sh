#!/usr/bin/env bash
# testing/budgets/budget_test.sh: budget.sh against a benchmark that prints what it is told.
set -euo pipefail
budget=$PWD/testing/budgets/budget.sh
dir=${TEST_TMPDIR:?}
unset TEST_UNDECLARED_OUTPUTS_DIR
cat >"$dir/runner" <<'R'
#!/usr/bin/env bash
cp "$(dirname "$0")/figures" "$2"
R
cat >"$dir/broken" <<'R'
#!/usr/bin/env bash
echo "FAIL no bench: end"
exit 1
R
chmod +x "$dir/runner" "$dir/broken"
cd "$dir"

fail() {
    echo "FAIL: $1"
    cat "$dir/out"
    exit 1
}

# expect STATUS TEXT RUNNER [MODE]
expect() {
    local wanted=$1 text=$2 status=0
    "$budget" "$dir/$3" rows "bazel run it" drift ${4-} >"$dir/out" 2>&1 || status=$?
    [ "$status" = "$wanted" ] || fail "ended with $status, not $wanted"
    [[ $(<"$dir/out") == *"$text"* ]] || fail "did not print: $text"
}

figures() { printf 'kernel: boot\r\n%sbench: end\n' "$1" >"$dir/figures"; }

: >drift
printf '# comment\ncall 100 a call\nnull 50 nothing\n' >rows
figures $'bench: call 99 mean 100 first 120\nbench: null 50 mean 50 first 50\n'
expect 0 "call" runner
figures $'bench: call 101 mean 101 first 120\nbench: null 50 mean 50 first 50\n'
expect 1 "call: was 100, is 101 (mean 101): 1 instructions too many" runner
[[ $(<out) == *"to take the new figures: bazel run it"* ]] || fail "the command is missing"
figures $'bench: call 100 mean 103 first 120\nbench: null 50 mean 50 first 50\n'
expect 1 "call: was 100, is 100 (mean 103)" runner
figures $'bench: call 90 mean 90 first 120\nbench: null 50 mean 50 first 50\n'
expect 1 "lower its ceiling" runner
figures $'bench: call 100 mean 100 first 120\n'
expect 1 "null has a ceiling of 50 and is not measured" runner
figures $'bench: call 100 mean 100 first 120\nbench: null 50 mean 50 first 50\nbench: new 7 mean 7 first 7\n'
expect 1 "new has no ceiling; it takes 7" runner
figures ''
expect 1 "the log has no figures" runner
expect 1 "the benchmark itself failed" broken
printf 'call <100 a promise\nnull 50 nothing\n' >rows
figures $'bench: call 9 mean 9 first 9\nbench: null 50 mean 50 first 50\n'
expect 0 "call" runner
figures $'bench: call 101 mean 101 first 9\nbench: null 50 mean 50 first 50\n'
expect 1 "call: was 100, is 101" runner
printf 'call 100\n' >rows
figures $'bench: call 100 mean 100 first 120\n'
expect 1 "bad row" runner

printf '# comment\ncall 100 a call\ngone 9 not measured any more\n' >rows
figures $'bench: call 80 mean 81 first 120\nbench: new 7 mean 7 first 7\n'
export BUILD_WORKSPACE_DIRECTORY=$dir
expect 0 "call: 100 -> 81" runner --accept
[ "$(<rows)" = "$(printf '# comment\ncall 81 a call\nnew 7 say here why\n')" ] || fail "the rows written"
printf 'call <100 a promise\nnew 8 new\n' >rows
expect 0 "new: 8 -> 7" runner --accept
[ "$(<rows)" = "$(printf 'call <100 a promise\nnew 7 new\n')" ] || fail "a promise was not kept"
expect 0 "new" runner

# Tools of another version than the lock's: 2 % more is let pass, and nothing is accepted.
echo "DRIFT: qemu 1.0 2.0" >drift
printf 'call 100 a call\n' >rows
figures $'bench: call 102 mean 102 first 120\n'
expect 0 "DRIFT: qemu 1.0 2.0" runner
figures $'bench: call 102 mean 103 first 120\n'
expect 1 "call: was 100, is 102 (mean 103)" runner
figures $'bench: call 50 mean 50 first 50\n'
expect 0 "call" runner
expect 1 "no figure is accepted" runner --accept
[ "$(<rows)" = "call 100 a call" ] || fail "a budget was lowered under drift"
echo PASS
